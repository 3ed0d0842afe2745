"""Reading a received event: what it says goes into its call; what makes no sense is set aside with its reasons.

Safe to repeat and to run in any order: merging decides by stamps, not by arrival.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.connections import find
from agents.services import resolve
from calls import providers, sealing
from calls.identity import People, call_digests
from calls.models import EventState, ProviderEvent
from calls.providers.base import Event, EventKind, NotVerified, Provider, Strength
from calls.providers.client import NoAnswer
from calls.record import Problem, Unreadable
from calls.record.merging import stamp
from calls.services import copies
from calls.services.receiving import quarantined
from calls.services.storing import AgentLookup, Stored, store
from calls.services.writing import Telling
from ground import audit, faults, inventory, jobs, vault
from ground.inventory import holds
from ground.tenancy import Actor, acting_for

_PULL_RETRY_SECONDS = 60
NO_RECORDING = "calls.recording_unavailable"


def process(organization_id: UUID, event_id: UUID, *, now: datetime) -> None:
    """Read one event into calls. Raises VaultError or RetryLater (nothing lost), never for what the event holds."""
    with acting_for(organization_id):
        row = ProviderEvent.objects.filter(
            organization_id=organization_id, id=event_id, state=EventState.RECEIVED
        ).first()
        if row is None:
            return
        payload = sealing.open_event(vault.keys.open_one(organization_id, row.key_id), row)
    provider = providers.find(row.provider)
    assert provider is not None
    faults.point("calls.process.opened")
    try:
        events = provider.read(payload, received_at=row.received_at, now=now)
        events = [each for event in events for each in _pulled(row, provider, event, now)]
    except Unreadable as error:
        _quarantine(row, error.problems, now)
        return
    outcomes = [_apply(row, provider, event, now) for event in events]
    faults.point("calls.process.before_finish")
    _finish(row, outcomes, now)


def _pulled(row: ProviderEvent, provider: Provider, event: Event, now: datetime) -> Sequence[Event]:
    """A hint is no telling: the call itself is asked from the provider, with the connection's key."""
    if event.kind is not EventKind.PULL:
        return [event]
    with acting_for(row.organization_id):
        connection = find(row.organization_id, row.connection_id)
        client = copies.client_of(connection, provider)
    if not client.has_key:
        raise Unreadable([Problem("", "no_key_to_pull", "the connection needs the provider's key to read the call")])
    try:
        payload = provider.pull(client, event.record.provider_call_id)
    except NotVerified:
        with acting_for(row.organization_id):
            audit.alerts.raise_alert(row.organization_id, "calls.pull_refused", str(row.connection_id))
        raise Unreadable([Problem("", "key_refused", "the provider refused the connection's key")]) from None
    except NoAnswer:
        raise jobs.RetryLater(_PULL_RETRY_SECONDS, "provider_silent") from None
    if payload is None:
        return []
    told = provider.read(_allowed(row, provider, payload, now), received_at=row.received_at, now=now)
    return [each for each in told if each.kind is EventKind.CALL]


def _allowed(row: ProviderEvent, provider: Provider, payload: Any, now: datetime) -> Any:
    """A pulled payload without what must not be kept."""
    recording = transcript = False
    for event in provider.read(payload, received_at=row.received_at, now=now):
        started = event.record.started_at or event.record.ended_at or event.at
        agent = resolve(row.organization_id, row.connection_id, event.record.provider_agent_id, started)
        recording, transcript = recording or agent.recording_enabled, transcript or agent.transcript_enabled
    return provider.reduce(payload, strength=Strength.STRONG, recording=recording, transcript=transcript)


def _apply(row: ProviderEvent, provider: Provider, event: Event, now: datetime) -> Stored:
    organization_id, record = row.organization_id, event.record
    scope = provider.scope_of(record, row.connection_id)
    if event.kind in (EventKind.COPY_GONE, EventKind.COPY_STAYED):
        identities = call_digests(organization_id, provider.slug, scope, record.provider_call_id)
        copies.heard(organization_id, identities, gone=event.kind is EventKind.COPY_GONE, now=now)
        return Stored()
    telling = Telling(
        provider=provider.slug,
        connection_id=row.connection_id,
        scope=scope,
        record=record,
        stamp=stamp(event.richness, event.at, bytes(row.event_digest)),
        at=event.at,
        event_id=row.id,
        keeps_copy=provider.keeps_copies,
    )
    lookup = AgentLookup(organization_id, row.connection_id)
    return store(organization_id, telling, lookup, by=Actor.provider(row.connection_id), now=now)


def _finish(row: ProviderEvent, outcomes: Sequence[Stored], now: datetime) -> None:
    about = next((each for each in outcomes if each.call_id is not None), None)
    dropped = bool(outcomes) and all(each.dropped for each in outcomes)
    people = about.people if about else People()
    with acting_for(row.organization_id):
        inventory.ingest_lock(row.organization_id)
        ProviderEvent.objects.filter(organization_id=row.organization_id, id=row.id, state=EventState.RECEIVED).update(
            state=EventState.DROPPED if dropped else EventState.PROCESSED,
            processed_at=now,
            call_id=about.call_id if about else None,
            **people.columns(),
        )
        holds.mark(ProviderEvent, row.organization_id, [row.id])  # by now it is known whose message it is


def _quarantine(row: ProviderEvent, problems: Sequence[Problem], now: datetime) -> None:
    with acting_for(row.organization_id):
        changed = ProviderEvent.objects.filter(
            organization_id=row.organization_id, id=row.id, state=EventState.RECEIVED
        ).update(
            state=EventState.QUARANTINED,
            processed_at=now,
            problems=[problem.as_dict() for problem in problems],
        )
        if changed:
            quarantined(row.organization_id, row.id, row.connection_id, problems)
