"""`POST /ingest/<provider>/<public_id>`: the raw request in, one answer out. All rules are in `services.receiving`."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.api.problems import answer
from accounts.request_log import Sender, sent_by
from agents.connections import connection_of
from calls.services import receiving


@csrf_exempt
@login_not_required
def ingest(request: HttpRequest, provider: str, public_id: str) -> HttpResponse:
    """Public by nature: a delivery proves itself by its signature. Answers 2xx only for what is safely stored."""
    sent_by(request, lambda: _sender(public_id))
    if request.method != "POST":
        response = answer(405, "method-not-allowed", "Deliveries are sent with POST.", request)
        response["Allow"] = "POST"
        return response
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdigit() or "HTTP_TRANSFER_ENCODING" in request.META:
        return answer(411, "length-required", "A delivery names its Content-Length.", request)
    if int(declared) > settings.INGEST_MAX_BYTES:
        return answer(413, "too-large", f"A delivery has at most {settings.INGEST_MAX_BYTES} bytes.", request)
    body = request.read(settings.INGEST_MAX_BYTES)
    headers = {name.lower(): value for name, value in request.headers.items()}
    receipt = receiving.receive(provider, public_id, headers, body, now=timezone.now())
    return _response(request, receipt)


def _sender(public_id: str) -> Sender | None:
    endpoint = connection_of(public_id)
    return None if endpoint is None else Sender(endpoint.organization_id, endpoint.id)


def _response(request: HttpRequest, receipt: receiving.Receipt) -> HttpResponse:
    if receipt.status < 300:
        told = {"status": receipt.code}
        if receipt.event_id is not None:
            told["id"] = str(receipt.event_id)
        return JsonResponse(told, status=receipt.status)
    more = {"errors": [problem.as_dict() for problem in receipt.problems]} if receipt.problems else {}
    response = answer(receipt.status, receipt.code, receipt.detail, request, **more)
    if receipt.retry_after is not None:
        response["Retry-After"] = str(receipt.retry_after)
    return response
