"""A request id on every answer and in every log line, nothing else about the person; no service while restoring."""

import re
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import error_views, maintenance
from ground import vault
from ground.tenancy.ids import uuid7

log = structlog.get_logger(__name__)

REQUEST_ID = "request_id"  # of a request
_ACCEPTED = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class RequestIdentityMiddleware:
    """Sets `request.request_id` (from X-Request-ID when it is a plain id, else new) and echoes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ACCEPTED.match(given) else str(uuid7())
        setattr(request, REQUEST_ID, request_id)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class ClosedMiddleware:
    """503 for everything but health, figures and static files while the platform is closed for maintenance, and until
    the erasure journal has been replayed after a restore.
    """

    OPEN = ("/healthz", "/readyz", "/metrics", "/static/")
    RETRY_SECONDS = 60

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(self.OPEN):
            return self.get_response(request)
        pause = maintenance.state()
        if pause is not None:
            wait = pause.retry_seconds(timezone.now())
            return error_views.closed(request, "maintenance", retry_seconds=wait, until=pause.until)
        try:
            vault.gate.require_open()
        except vault.Unavailable as trouble:
            log.warning("gate.refused", reason=str(trouble))
            return error_views.closed(request, "restoring", retry_seconds=self.RETRY_SECONDS)
        return self.get_response(request)
