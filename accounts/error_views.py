"""Pages for when something went wrong: what happened, that nothing was lost, what to do, and the request's id."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import loader

from accounts.api import problems
from accounts.context import THEME_COOKIE, THEMES

API = "/api/"
_CODES = {400: "bad-request", 403: "forbidden", 404: "not-found", 500: "internal", 503: "unavailable"}
_DETAILS = {
    400: "The request could not be read.",
    403: "This is not allowed.",
    404: "There is nothing here, or it is not yours to see.",
    500: "Nothing was stored. Try again; if it stays, quote the request id.",
    503: "A part we need does not answer. Nothing was stored. Try again in a minute.",
}


def answer(request: HttpRequest, status: int) -> HttpResponse:
    """A page or, for programs, a problem. Renders without the database, which may be what failed."""
    if request.path.startswith(API):
        response: HttpResponse = problems.answer(status, _CODES[status], _DETAILS[status], request)
    else:
        theme = request.COOKIES.get(THEME_COOKIE, "")
        facts = {
            "status": status,
            "request_id": problems.request_id_of(request),
            "theme": theme if theme in THEMES else "",
            "product": "Sottovoce",
        }
        response = HttpResponse(loader.render_to_string(f"errors/{status}.html", facts), status=status)
    if status == 503:
        response["Retry-After"] = "30"
    return response


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 403)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, 400)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404)


@login_not_required
def failed(request: HttpRequest) -> HttpResponse:
    return answer(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    return answer(request, 503)
