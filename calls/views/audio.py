"""Sound for the player: byte ranges, nothing cached anywhere, every listen noted."""

from uuid import UUID

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)

from accounts.access import own_transactions, require
from calls import playback
from calls.exceptions import NoSuchPart, RangeNotSatisfiable
from ground.tenancy import Actor


@own_transactions
def audio(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """The recording of a call, whole or in part (206, 416)."""
    context = require(request, "calls.listen")
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return sound(request, organization_id=context.organization.pk, call_id=call_id, by=context.actor)


def sound(request: HttpRequest, *, organization_id: UUID, call_id: UUID, by: Actor) -> HttpResponseBase:
    """The answer to a request for sound; also the API's. Raises Http404, VaultError.

    Streaming happens after the request's transactions are over: the key is open by then, no database is needed.
    """
    head = request.method == "HEAD"
    try:
        opened = playback.open(
            organization_id=organization_id,
            call_id=call_id,
            range_header=request.headers.get("Range"),
            by=by,
            head=head,
        )
    except NoSuchPart:
        raise Http404 from None
    except RangeNotSatisfiable as refusal:
        response: HttpResponseBase = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{refusal.total}"
        return _never_kept(response)
    status = 206 if opened.range.partial else 200
    media_type = opened.recording.media_type
    if head:
        response = HttpResponse(status=status, content_type=media_type)
    else:
        response = StreamingHttpResponse(opened.pieces, status=status, content_type=media_type)
    response["Content-Length"] = str(opened.range.length)
    if opened.range.partial:
        response["Content-Range"] = opened.range.content_range
    response["Content-Disposition"] = "inline"
    return _never_kept(response)


def _never_kept(response: HttpResponseBase) -> HttpResponseBase:
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response
