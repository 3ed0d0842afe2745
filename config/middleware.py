"""A request id on every answer and in every log line, nothing else about the person; no service while restoring."""

import re
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from ground import vault
from ground.tenancy.ids import uuid7

log = structlog.get_logger(__name__)

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


class RestoreGateMiddleware:
    """503 for everything but health, figures and static files until the erasure journal has been replayed."""

    OPEN = ("/healthz", "/readyz", "/metrics", "/static/")
    RETRY_SECONDS = 60

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(self.OPEN):
            try:
                vault.gate.require_open()
            except vault.Unavailable as trouble:
                log.warning("gate.refused", reason=str(trouble))
                return self._refusal(request)
        return self.get_response(request)

    def _refusal(self, request: HttpRequest) -> HttpResponse:
        request_id = getattr(request, "request_id", "")
        headers = {"Retry-After": str(self.RETRY_SECONDS), "Cache-Control": "no-store"}
        sentence = "The service is being brought up to date after maintenance. Nothing was accepted; try again soon."
        if "text/html" in request.headers.get("Accept", ""):
            words = {"product": settings.PRODUCT_NAME, "request_id": request_id}
            page = render_to_string("errors/503.html", words)
            return HttpResponse(page, status=503, headers=headers)
        problem = {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": sentence,
            "request_id": request_id,
        }
        return JsonResponse(problem, status=503, headers=headers, content_type="application/problem+json")
