"""Pages for when something went wrong: what happened, that nothing was lost, what to do, and the request's id."""

import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils import translation

from accounts.api import problems
from accounts.context import THEME_COOKIE, THEMES

PROGRAMS = ("/api/", "/ingest/")
RETRY_SECONDS = 30
_CODES = {400: "bad-request", 403: "forbidden", 404: "not-found", 500: "internal", 503: "unavailable"}
_DETAILS = {
    "bad-request": "The request could not be read.",
    "csrf": "The form's token is missing or too old. Nothing was changed.",
    "forbidden": "This is not allowed.",
    "not-found": "There is nothing here, or it is not yours to see.",
    "internal": "Nothing was stored. Try again; if it stays, quote the request id.",
    "unavailable": "A part we need does not answer. Nothing was stored. Try again in a minute.",
    "maintenance": "Closed for maintenance. Nothing was stored. Send it again later.",
    "restoring": "Being brought up to date after a restore. Nothing was accepted; try again soon.",
}


def answer(
    request: HttpRequest,
    status: int,
    reason: str = "",
    *,
    retry_seconds: int = RETRY_SECONDS,
    program: bool = False,
    **facts: Any,
) -> HttpResponse:
    """A page or, for programs, a problem. Renders without the database, which may be what failed.

    `reason` names a page of its own (templates/errors/<reason>.html) for one of several causes of a status.
    """
    code = reason or _CODES[status]
    if program or request.path.startswith(PROGRAMS):
        response: HttpResponse = problems.answer(status, code, _DETAILS[code], request)
    else:
        theme = request.COOKIES.get(THEME_COOKIE, "")
        told = {
            **facts,
            "status": status,
            "request_id": problems.request_id_of(request),
            "theme": theme if theme in THEMES else "",
            "product": settings.PRODUCT_NAME,
        }
        page = loader.render_to_string(f"errors/{reason or status}.html", told)
        response = HttpResponse(page, status=status)
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = str(retry_seconds)
    return response


def closed(request: HttpRequest, reason: str, *, retry_seconds: int, **facts: Any) -> HttpResponse:
    """503 before anything else has run, so the reader's language is read here. Who takes no page gets a problem."""
    facts["program"] = "text/html" not in request.headers.get("Accept", "")
    with translation.override(translation.get_language_from_request(request)):
        return answer(request, 503, reason, retry_seconds=retry_seconds, **facts)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 403)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, 403, "csrf")


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404)


@login_not_required
def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler of what nobody caught, wherever it was raised. An outage is no failure of ours: 503."""
    return answer(request, 503 if isinstance(sys.exception(), problems.OUTAGES) else 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    return answer(request, 503)
