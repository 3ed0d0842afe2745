"""`/healthz` says the process answers; `/readyz` that what it needs answers; `/metrics` the figures.

None of the three shows personal data or a name of an organization.
"""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from config import figures
from ground import vault

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="metrics"'}


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def _database(alias: str) -> Callable[[], None]:
    def check() -> None:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")

    return check


def _cache() -> None:
    cache.get("readyz")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database("default"),
    "keyring": _database("keyring"),
    "queue": _cache,
    "restore_gate": lambda: vault.gate.require_open(),
}


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    answers: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            check()
            answers[name] = "ok"
        except Exception as error:  # noqa: BLE001  (any failure of a part means: not ready)
            answers[name] = type(error).__name__
    ready = all(answer == "ok" for answer in answers.values())
    return JsonResponse({"ready": ready, "checks": answers}, status=200 if ready else 503)


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus. With METRICS_TOKEN set, only for who sends it as bearer token."""
    token: str = settings.METRICS_TOKEN
    if token and not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return HttpResponse("a token is needed\n", status=401, content_type="text/plain", headers=_CHALLENGE)
    return HttpResponse(figures.exposition(), content_type=CONTENT_TYPE_LATEST)
