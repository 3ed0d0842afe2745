"""Errors as problem details (RFC 9457): one shape for every refusal of the API, always with the request's id."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from ground import vault

CONTENT_TYPE = "application/problem+json"
TYPE = "urn:sottovoce:problem:"
OUTAGES = (vault.Unavailable, OperationalError, InterfaceError)
"""A part that does not answer, is full, or took too long: not a mistake of the code, and worth another try."""

TITLES = {
    400: "The request is not valid",
    401: "Who is asking could not be recognised",
    403: "The API key does not carry this scope",
    404: "Not found",
    405: "This address does not take that method",
    406: "No answer in the form asked for",
    409: "In conflict with what exists",
    413: "The request is too large",
    415: "The body must be JSON",
    416: "No such part",
    422: "The request cannot be carried out",
    429: "Too many requests",
    500: "The request failed",
    503: "Not able to answer just now",
}


UNREADABLE = "parse-error"
CODES: Mapping[int, tuple[str, ...]] = {
    400: ("invalid", UNREADABLE),
    401: ("not-authenticated", "authentication-failed"),
    403: ("permission-denied",),
    404: ("not-found",),
    413: ("request-too-large",),
    415: ("unsupported-media-type",),
    429: ("throttled",),
    503: ("unavailable",),
}
"""The codes that any operation may answer with; each view names its own (`refuses`)."""


class Problem(exceptions.APIException):
    """A refusal with its own code: `raise Problem(409, "call-on-hold", "A legal hold keeps this call.")`."""

    def __init__(self, status_code: int, code: str, detail: str, **extra: Any) -> None:
        self.status_code = status_code
        self.extra = extra
        super().__init__(detail=detail, code=code)


class Unavailable(Problem):
    """A part we need does not answer. Nothing was acknowledged, nothing is half stored."""

    wait = 29  # seconds

    def __init__(self) -> None:
        super().__init__(
            status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", "A part we need does not answer. Nothing was stored."
        )


class TooLarge(Problem):
    """A longer body than we read (`DATA_UPLOAD_MAX_MEMORY_SIZE`). It was refused by its announced length."""

    def __init__(self) -> None:
        longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        super().__init__(413, CODES[413][0], f"A body has at most {longest} bytes. Nothing was stored.")


def request_id_of(request: HttpRequest | None) -> str:
    return str(getattr(request, "request_id", ""))


def body(
    status_code: int, code: str, detail: str, request: HttpRequest | None, extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The members of RFC 9457, section 3.1, and `code`, `request_id`, and what the problem adds."""
    return {
        "type": f"{TYPE}{code}",
        "title": TITLES.get(status_code, "The request failed"),
        "status": status_code,
        "detail": detail,
        "code": code,
        "request_id": request_id_of(request),
        **(extra or {}),
    }


class PlainAnswer(JsonResponse):
    """A problem where DRF does not answer. `problem`: its code, for the request log."""

    problem = ""


class Answer(Response):
    """A problem as DRF's answer. `problem`: its code, for the request log."""

    problem = ""


def answer(status_code: int, code: str, detail: str, request: HttpRequest | None, **extra: Any) -> JsonResponse:
    """A problem as a plain Django response, for doors that are not DRF views (webhook ingest, handlers of 404)."""
    told = body(status_code, code, detail, request, extra)
    response = PlainAnswer(told, status=status_code, content_type=CONTENT_TYPE)
    response.problem = code
    return response


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Unknown exceptions are left to Django (logged, 500) after rolling back."""
    request = context.get("request")
    plain: HttpRequest | None = getattr(request, "_request", None)
    if isinstance(error, OUTAGES):
        error = Unavailable()
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    code, detail, extra = _describe(error)
    response = Answer(body(error.status_code, code, detail, plain, extra), error.status_code, headers=headers)
    response.content_type = CONTENT_TYPE
    response.problem = code
    return response


def _describe(error: exceptions.APIException) -> tuple[str, str, dict[str, Any]]:
    extra: dict[str, Any] = dict(getattr(error, "extra", {}))
    if isinstance(error, exceptions.ValidationError):
        return "invalid", "Some fields are not valid.", {**extra, "errors": list(_flatten(error.get_full_details()))}
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "error"
    detail = error.detail if isinstance(error.detail, str) else error.default_detail
    return code.replace("_", "-"), str(detail), extra


def _flatten(details: Any, pointer: str = "") -> Any:
    """Field errors as a flat list of {pointer (RFC 6901), code, detail}."""
    if isinstance(details, Mapping):
        if set(details) == {"message", "code"}:
            yield {"pointer": pointer or "/", "code": details["code"], "detail": str(details["message"])}
            return
        for key, value in details.items():
            name = "" if key == "non_field_errors" else f"/{str(key).replace('~', '~0').replace('/', '~1')}"
            yield from _flatten(value, pointer + name)
    elif isinstance(details, list):
        nested = any(isinstance(item, Mapping) and set(item) != {"message", "code"} for item in details)
        for index, item in enumerate(details):
            if not nested or item:
                yield from _flatten(item, f"{pointer}/{index}" if nested else pointer)


def internal_problem(request: HttpRequest) -> JsonResponse:
    """What the API answers when the code failed: nothing but the id under which the log has the story."""
    return answer(
        status.HTTP_500_INTERNAL_SERVER_ERROR,
        "internal",
        "Nothing was stored. Try again; if it stays, quote the request id.",
        request,
    )
