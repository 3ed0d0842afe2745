"""Reading the trail: events of an organization, and figures for the metrics."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import BooleanField, Min
from django.db.models.expressions import RawSQL
from django.utils import timezone

from ground.audit.models import Block, Event
from ground.audit.querysets import EventQuerySet
from ground.audit.services.blocks import pending_chains
from ground.tenancy import acting_for


def events(
    organization_id: UUID, *, stream: str = "", kind: str = "", object_id: UUID | str | None = None
) -> EventQuerySet:
    """The organization's events, newest first; to be evaluated inside `acting_for` of that organization."""
    found = EventQuerySet(Event).filter(organization_id=organization_id)
    if stream:
        found = found.filter(stream=stream)
    if kind:
        found = found.filter(kind=kind)
    if object_id is not None:
        found = found.filter(object_id=str(object_id))
    return EventQuerySet.newest_first(found)


@dataclass(frozen=True, slots=True)
class SealingFigures:
    """How far sealing lags: chains with something to seal, and the age of the oldest unsealed event in seconds."""

    pending_chains: int
    oldest_unsealed_seconds: float


def stats(*, limit: int = 10_000) -> SealingFigures:
    """For the metrics endpoint; cost grows with the number of pending chains."""
    chains = pending_chains(limit)
    now = timezone.now()
    oldest = now
    for organization_id, stream in chains:
        with acting_for(organization_id):
            first = unsealed(organization_id, stream).aggregate(first=Min("occurred_at"))["first"]
        oldest = min(oldest, first or now)  # none: sealed since we asked
    return SealingFigures(len(chains), (now - oldest).total_seconds())


def unsealed(organization_id: UUID, stream: str) -> EventQuerySet:
    """Events behind the last block of the chain."""
    waiting = EventQuerySet(Event).filter(organization_id=organization_id, stream=stream)
    head = Block.objects.of_chain(organization_id, stream).order_by("-number").first()
    if head is None:
        return waiting
    behind = RawSQL(
        "(epoch, transaction_id, id) > (%s, %s::xid8, %s)",
        [head.epoch, str(head.through_transaction), head.through_event],
        output_field=BooleanField(),
    )
    return waiting.filter(behind)
