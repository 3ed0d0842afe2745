"""The request log in words: which addresses there are, what an answer means, what to do about an error."""

import re
from functools import cache

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
DOORS = ("api/v1/", "ingest/")
_PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
Text = str | Promise

_STATUS: dict[int, Text] = {
    200: _("Answered."),
    201: _("Something was made."),
    202: _("Taken in; it is worked on now."),
    204: _("Done; there is nothing to say."),
    400: _("The request was not valid."),
    401: _("Who asked could not be recognised."),
    403: _("The key may not do this."),
    404: _("There is nothing at this address, or it is not yours."),
    405: _("The address does not take this method."),
    409: _("It is in conflict with what exists."),
    410: _("The connection is switched off."),
    411: _("The request did not say how long it is."),
    413: _("The request was too large."),
    415: _("The body was not JSON."),
    422: _("It was understood, and cannot be carried out."),
    429: _("Too many requests in a minute."),
    500: _("The fault was ours."),
    503: _("A part we need did not answer."),
}
_CLASS: dict[int, Text] = {
    1: _("Not finished."),
    2: _("Answered."),
    3: _("Sent elsewhere."),
    4: _("Refused."),
    5: _("Failed. The fault was ours."),
}
_WHY: dict[str, Text] = {
    "authentication-failed": _(
        "The key is revoked or has run out. Nothing was read and nothing was stored. Make or rotate a key, and put the "
        "new one where the program reads it."
    ),
    "not-authenticated": _("No key came along. Send it as “Authorization: Bearer …”."),
    "permission-denied": _(
        "The key does not carry the scope this address needs. Nothing was changed. Scopes cannot be added to a key: "
        "make one that has what the program needs."
    ),
    "scope-missing": _("The key does not carry the scope this needs. Nothing was changed."),
    "not-found": _("The id is wrong, the thing is gone, or it belongs to somebody else."),
    "invalid": _("Some fields are not valid. The answer named each of them under “errors”; nothing was stored."),
    "parse-error": _("The body could not be read as JSON. Nothing was stored."),
    "throttled": _("The key asked too often. Wait as long as “Retry-After” says; nothing was stored."),
    "unavailable": _("Nothing was stored. Send it again: the same request is safe to repeat."),
    "try-again": _("Nothing was stored. A provider that repeats deliveries loses nothing."),
    "internal": _("Nothing was half done. Try again; if it stays, tell the operator the request id."),
    "endpoint-disabled": _("The connection refuses calls. Switch it on again under Agents."),
    "unknown-endpoint": _("The address belongs to another provider. Compare it with the connection’s page."),
    "signature-wrong": _(
        "The signature does not match. Usually the secret at the provider is not the one of this connection, or "
        "something on the way changes the body. Nothing was stored."
    ),
    "signature-missing": _("No signature came along. Enter the connection’s secret at the provider."),
    "timestamp-too-old": _("The delivery was signed too long ago, or the sender’s clock is wrong. Nothing was stored."),
    "length-required": _("The sender must say how long the body is (Content-Length)."),
    "too-large": _("The body is longer than a delivery may be. Nothing was stored."),
    "method-not-allowed": _("The address exists, and takes other methods. The documentation lists them."),
}
_REST: dict[int, Text] = {
    4: _("Nothing was changed. The answer to the program said why; the documentation lists every code."),
    5: _("Nothing was half done. Try again; if it stays, tell the operator the request id."),
}


def status(code: int) -> Text:
    """What an HTTP status means, in one sentence."""
    return _STATUS.get(code) or _CLASS.get(code // 100, "")


def problem(code: str, status_code: int) -> Text:
    """What happened, that nothing was lost, and what to do."""
    return _WHY.get(code) or _REST.get(status_code // 100, "")


def braced(route: str) -> str:
    """A route as people write it: `/api/v1/calls/{call_id}`."""
    return "/" + _PARAMETER.sub(lambda found: f"{{{found[1]}}}", route)


@cache
def routes() -> tuple[str, ...]:
    """Every address a program may ask, as the log writes it."""
    return tuple(sorted({braced(route) for route in _walk(get_resolver(), "") if route.startswith(DOORS)}))


def _walk(resolver: URLResolver, before: str) -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        here = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += _walk(entry, here)
        elif isinstance(entry, URLPattern):
            found.append(here)
    return found
