"""Destroying a call before its time: look first, then confirm how much, then all of it goes.

The parts go one after another, each in its own steps (see `ground.inventory.destruction`); the call goes last, so that
a crash leaves something that can be looked at and destroyed again. What a hold keeps stops the whole before anything
is touched.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, Q

from calls.exceptions import CountMismatch, KeptByHold
from calls.models import Call, CallReport, ProviderCopy, ProviderEvent, Recording, Transcript
from ground import audit
from ground.inventory import destruction
from ground.tenancy import Actor, acting_for

_PARTS: tuple[tuple[Any, str], ...] = (
    (ProviderEvent, "call_id"),
    (Recording, "call_id"),
    (Transcript, "call_id"),
    (CallReport, "call_id"),
    (Call, "id"),
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go. `records` counts all rows; `held` those that a hold or restriction keeps."""

    call_id: UUID
    records: int
    recordings: int
    transcripts: int
    reports: int
    held: int
    provider_copies: int


def preview(organization_id: UUID, call_id: UUID) -> Preview:
    """What destroying this call would take. Raises Call.DoesNotExist. Needs the organization's context."""
    Call.objects.only("id").get(organization_id=organization_id, id=call_id)
    counts, held = {}, 0
    for model, column in _PARTS:
        rows = model.objects.filter(organization_id=organization_id, **{column: call_id})
        counts[model] = rows.count()
        held += rows.filter(held=True).count()
    copies = ProviderCopy.objects.filter(organization_id=organization_id, call_id=call_id, settled_at__isnull=True)
    return Preview(
        call_id,
        sum(counts.values()),
        counts[Recording],
        counts[Transcript],
        counts[CallReport],
        held,
        copies.count(),
    )


def destroy(*, organization_id: UUID, call_id: UUID, confirmed: int, by: Actor) -> Preview:
    """Destroy a call with all its parts; returns what went. `confirmed`: the number of records the preview showed.

    Must not run inside a transaction. Raises Call.DoesNotExist, KeptByHold, CountMismatch: then nothing was touched;
    only a hold that is placed at the same moment may come after some of the parts, and then keeps the rest.
    """
    with acting_for(organization_id):
        found = preview(organization_id, call_id)
        if found.held:
            raise KeptByHold
        if found.records != confirmed:
            raise CountMismatch(found.records)
        audit.append(
            "calls.destruction_asked",
            organization_id=organization_id,
            actor=by,
            object_type="call",
            object_id=call_id,
            records=found.records,
        )
    for model, column in _PARTS:
        where = Q(**{column: call_id})
        outcome = destruction.destroy_now(model, organization_id, where=where, reason=destruction.Reason.MEMBER, by=by)
        if outcome.kept or _held_by_now(organization_id, model, where):
            raise KeptByHold
    return found


def _held_by_now(organization_id: UUID, model: type[Model], where: Q) -> bool:
    """Whether a hold that came after the preview keeps something: it may not even have been claimed."""
    with acting_for(organization_id):
        return model._default_manager.filter(where, organization_id=organization_id, held=True).exists()


def destroy_forbidden(organization_id: UUID, call_id: UUID) -> int:
    """Destroy the recordings of a call that may not have any (consent was declined after all). Returns how many."""
    with acting_for(organization_id):
        forbidden = Call.objects.filter(organization_id=organization_id, id=call_id, recording_allowed=False).exists()
    if not forbidden:
        return 0
    outcome = destruction.destroy_now(
        Recording,
        organization_id,
        where=Q(call_id=call_id),
        reason=destruction.Reason.FORBIDDEN,
        by=Actor.system("calls.destroy_forbidden"),
    )
    return outcome.rows
