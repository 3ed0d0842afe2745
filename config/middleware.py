"""A request id on every answer and in every log line; nothing else about the person."""

import re
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from ground.tenancy.ids import uuid7

_ACCEPTED = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class RequestIdentityMiddleware:
    """Sets `request.request_id` (from X-Request-ID when it is a plain id, else new) and echoes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ACCEPTED.match(given) else str(uuid7())
        request.request_id = request_id  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
