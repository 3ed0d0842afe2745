"""Which addresses this platform opens on someone else's word: https, allow-listed names, the usual port.

Addresses come out of webhooks and redirects, so they are hostile until proven otherwise (server-side request forgery).
This is the first wall; the second, in `session.py`, refuses private networks after the name was resolved.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

_LOOPBACK_NAMES = {"localhost"}


class NotAllowed(Exception):
    """This address is not opened. `code` says which rule; the address itself is never repeated."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class AllowedHosts:
    """Exact names, or every name below one that starts with a dot."""

    def __init__(self, names: Iterable[str]) -> None:
        lowered = [name.lower().rstrip(".") for name in names if name]
        self._exact = {name for name in lowered if not name.startswith(".")}
        self._below = tuple(name for name in lowered if name.startswith("."))

    def require(self, url: str) -> SplitResult:
        """The parts of `url` when it may be opened; raises NotAllowed."""
        if any(letter <= " " or letter == "\\" for letter in url):
            raise NotAllowed("address_malformed")
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower().rstrip("."), parts.port
        except ValueError:
            raise NotAllowed("address_malformed") from None
        if not host or parts.username is not None or parts.password is not None:
            raise NotAllowed("address_malformed")
        if is_loopback(host):
            if not settings.MEDIA_FETCH_ALLOW_LOOPBACK or parts.scheme not in ("http", "https"):
                raise NotAllowed("host_not_allowed")
            return parts
        if parts.scheme != "https":
            raise NotAllowed("not_https")
        if port not in (None, 443):
            raise NotAllowed("port_not_allowed")
        if host not in self._exact and not host.endswith(self._below or ("\0",)):
            raise NotAllowed("host_not_allowed")
        return parts


def is_loopback(host: str) -> bool:
    """Whether a host, as written, is this machine: a loopback literal in its usual spelling, or `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOOPBACK_NAMES
