"""Speaking to providers' programming interfaces: https, allow-listed hosts, no redirects, no proxies, short waits.

The private key goes into the Authorization header of requests to an allow-listed host and nowhere else. Answers are
read up to a limit; bodies and addresses never reach a log or an exception's text.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from calls.media.addresses import AllowedHosts, NotAllowed
from calls.media.session import hardened_session, seconds_of_retry_after

LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
TIMEOUT_SECONDS = (5.0, 20.0)  # to connect, between bytes


class NoAnswer(Exception):
    """The provider could not be reached, or answered with something that is not an answer."""


class AnswerTooLarge(NoAnswer):
    """The answer is longer than we read; asking for less may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `location`: where a redirect points, not followed. `body`: parsed JSON or None."""

    status: int
    body: Any = None
    location: str = ""
    retry_after: int | None = None


class ApiClient:
    """A provider's programming interface, as one organization's connection sees it."""

    def __init__(self, *, base_url: str, hosts: Iterable[str], key: bytes | None, scheme: str = "Bearer") -> None:
        self.base_url = base_url.rstrip("/")
        self._hosts = AllowedHosts(hosts)
        self._authorization = f"{scheme} {key.decode('utf-8').strip()}" if key else ""

    @property
    def has_key(self) -> bool:
        return bool(self._authorization)

    def authorization_for(self, url: str) -> str:
        """The Authorization value to send to `url`: only to the interface's own host, otherwise ""."""
        return self._authorization if _origin(url) == _origin(self.base_url) else ""

    def ask(self, method: str, path: str, *, body: Mapping[str, Any] | None = None) -> Answer:
        """Send one request; raises NoAnswer. A host that is not allowed is NoAnswer too: nothing was sent."""
        url = f"{self.base_url}{path}"
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        try:
            self._hosts.require(url)
            with (
                hardened_session() as session,
                session.request(
                    method,
                    url,
                    json=body,
                    headers=headers,
                    timeout=TIMEOUT_SECONDS,
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                return Answer(
                    status=response.status_code,
                    body=_json(response),
                    location=response.headers.get("Location", ""),
                    retry_after=seconds_of_retry_after(response.headers.get("Retry-After")),
                )
        except (requests.RequestException, NotAllowed, OSError) as error:
            raise NoAnswer(type(error).__name__) from None


def _json(response: requests.Response) -> Any:
    content = bytearray()
    for piece in response.iter_content(64 * 1024):
        content += piece
        if len(content) > LARGEST_ANSWER_BYTES:
            raise AnswerTooLarge
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
