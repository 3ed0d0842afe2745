"""Sending a test call, and watching it arrive."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import own_transactions, require
from agents.exceptions import UnknownConnection
from calls.exceptions import NothingToTry
from calls.models import Call, EventState, ProviderEvent, RecordingState
from calls.services import trying

_PATIENCE = timedelta(minutes=2)  # after this the page stops asking by itself


@require_POST
@own_transactions
def send(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Through the same door as a provider's delivery, so it commits in the same steps."""
    context = require(request, "agents.manage")
    try:
        receipt = trying.send(
            organization_id=context.organization.pk,
            connection_id=connection_id,
            language=get_language() or "en",
            by=context.actor,
            at=timezone.now(),
        )
    except (UnknownConnection, NothingToTry) as error:
        raise Http404 from error
    if receipt.event_id is None:
        words = {
            "endpoint-disabled": _("This connection refuses calls for now. Switch it on first; nothing was sent."),
            "dropped": _("The test call was not kept: its period is over before it begins. Nothing was stored."),
        }
        messages.error(
            request, words.get(receipt.code, _("The test call was not taken. Nothing was stored; try again."))
        )
        return redirect("agents:connection", context.organization.slug, connection_id)
    return redirect("calls:test_call", context.organization.slug, receipt.event_id)


@require_GET
def state(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """How far it has come. htmx asks again every second until it stands."""
    context = require(request, "calls.read")
    event = ProviderEvent.objects.filter(organization_id=context.organization.pk, id=event_id).first()
    if event is None:
        raise Http404
    part = request.headers.get("HX-Request") == "true"
    return render(request, "calls/_test_call_state.html" if part else "calls/test_call.html", _facts(event))


def _facts(event: ProviderEvent) -> dict[str, Any]:
    call = (
        Call.objects.filter(organization_id=event.organization_id, id=event.call_id).first() if event.call_id else None
    )
    fetching = call is not None and call.recording_state == RecordingState.EXPECTED
    waiting = event.state == EventState.RECEIVED or fetching
    since = timezone.now() - event.received_at
    return {
        "event": event,
        "call": call,
        "read": event.state == EventState.PROCESSED,
        "lost": event.state in (EventState.DROPPED, EventState.QUARANTINED),
        "fetching": fetching,
        "waiting": waiting,
        "asks_again": waiting and since < _PATIENCE,
        "slow": waiting and since > timedelta(seconds=20),
        "stored": call is not None and call.recording_state == RecordingState.STORED,
    }
