"""Opening a recording's address: at most two redirects, each judged like the first, streamed under two limits.

Order of one opening: judge the address, resolve the name and refuse private networks (the session does, at every
hop), send. Authorization is sent to the host it belongs to and dropped as soon as a redirect leads elsewhere. The
body is never decoded, held whole, or trusted in length.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions
from requests_hardened.ip_filter import InvalidIPAddress

from calls.media.addresses import AllowedHosts, NotAllowed
from calls.media.session import hardened_session, seconds_of_retry_after

MOST_REDIRECTS = 2
PIECE_BYTES = 64 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504, 507}


class DownloadFailed(Exception):
    """This did not give a recording. `transient`: trying later may; `code` is a word of ours, without the address."""

    def __init__(self, code: str, *, transient: bool = False, status: int = 0, retry_after: int | None = None) -> None:
        self.code, self.transient, self.status, self.retry_after = code, transient, status, retry_after
        super().__init__(f"{code} ({status})" if status else code)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one download may take."""

    most_bytes: int
    seconds: float


class Download:
    """An opened recording; use it as a context manager and iterate `pieces()` once."""

    def __init__(self, url: str, *, hosts: AllowedHosts, limits: Limits, authorization: str = "") -> None:
        self._limits = limits
        self._ends_at = time.monotonic() + limits.seconds
        self._session = hardened_session()
        try:
            self._response = self._open(url, hosts, authorization)
        except BaseException:
            self._session.close()
            raise
        self._expected = _length(self._response.headers.get("Content-Length"))
        if self._expected is not None and self._expected > limits.most_bytes:
            self.close()
            raise DownloadFailed("too_large")

    def __enter__(self) -> "Download":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._response.close()
        self._session.close()

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come, at most 64 KiB each; raises DownloadFailed when they end early, late or never."""
        total = 0
        while True:
            if time.monotonic() > self._ends_at:
                raise DownloadFailed("too_slow", transient=True)
            try:
                piece = self._response.raw.read1(PIECE_BYTES)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise DownloadFailed("broken_off", transient=True) from error
            if not piece:
                break
            total += len(piece)
            if total > self._limits.most_bytes:
                raise DownloadFailed("too_large")
            yield piece
        if self._expected is not None and total != self._expected:
            raise DownloadFailed("broken_off", transient=True)
        if not total:
            raise DownloadFailed("empty", transient=True)

    def _open(self, url: str, hosts: AllowedHosts, authorization: str) -> requests.Response:
        for _hop in range(MOST_REDIRECTS + 1):
            try:
                hosts.require(url)
            except NotAllowed as refusal:
                raise DownloadFailed(refusal.code) from None
            response = self._send(url, authorization)
            if response.status_code not in _REDIRECTS:
                return _good(response)
            target = urljoin(url, response.headers.get("Location", ""))
            response.close()
            if _host(target) != _host(url):
                authorization = ""
            url = target
        raise DownloadFailed("too_many_redirects")

    def _send(self, url: str, authorization: str) -> requests.Response:
        headers = {"Accept": "audio/*, application/octet-stream;q=0.5", "Accept-Encoding": "identity"}
        if authorization:
            headers["Authorization"] = authorization
        left = max(1.0, self._ends_at - time.monotonic())
        try:
            return self._session.get(
                url, headers=headers, stream=True, allow_redirects=False, timeout=(min(5.0, left), min(20.0, left))
            )
        except InvalidIPAddress:
            raise DownloadFailed("private_address") from None
        except requests.exceptions.InvalidURL:
            raise DownloadFailed("address_malformed") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            raise DownloadFailed("unreachable", transient=True) from None


def _good(response: requests.Response) -> requests.Response:
    status = response.status_code
    if status == 200:
        return response
    wait = seconds_of_retry_after(response.headers.get("Retry-After"))
    response.close()
    if status in _TRANSIENT:
        raise DownloadFailed("provider_busy", transient=True, status=status, retry_after=wait)
    if status in (401, 403):
        raise DownloadFailed("refused", status=status)
    if status in (404, 410):
        raise DownloadFailed("not_there", status=status)
    raise DownloadFailed("unexpected_answer", status=status)


def _length(header: str | None) -> int | None:
    return int(header) if header is not None and header.isascii() and header.isdigit() else None


def _host(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return parts.scheme, parts.hostname, None
