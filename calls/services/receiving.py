"""The door for providers: from a raw request to a sealed event with a job, or to a refusal that stores nothing.

Order: address → proof → JSON → sense → seen before? → destroyed before? → reduce → seal → one row and one job in one
transaction → confirm the key. Everything before the row may be repeated at will. An outage of keyring, key store or
database is 503: nothing was acknowledged, so a sender that repeats loses nothing.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError

from agents.connections import connection_of, find, secrets_of
from agents.models import ProviderConnection
from agents.services import resolve
from calls import hooks, providers, sealing
from calls.identity import call_digests, event_digest
from calls.models import EventSource, EventState, ProviderEvent
from calls.providers.base import Event, EventKind, NotVerified, Proof, Provider, Strength, parse_json
from calls.record import Problem, Unreadable
from calls.services.writing import refused
from ground import audit, faults, inventory, jobs, vault
from ground.inventory import holds, tombstones
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

log = structlog.get_logger(__name__)

RETRY_SECONDS = 30
_DECOYS = [os.urandom(32)]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told. `code` names a refusal; `event_id` the accepted event."""

    status: int
    code: str = ""
    detail: str = ""
    event_id: UUID | None = None
    problems: Sequence[Problem] = field(default_factory=tuple)
    retry_after: int | None = None


UNKNOWN = Receipt(404, "unknown-endpoint", "There is no such endpoint.")
DISABLED = Receipt(410, "endpoint-disabled", "This endpoint was switched off.")
UNAVAILABLE = Receipt(503, "try-again", "Nothing was stored. Send it again.", retry_after=RETRY_SECONDS)
DROPPED = Receipt(200, "dropped")
IGNORED = Receipt(200, "ignored")


def receive(provider_slug: str, public_id: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Receipt:
    """Take one delivery. Never raises for what the sender did or for an outage; header names in lower case."""
    try:
        vault.gate.require_open()
        return _receive(provider_slug, public_id, headers, body, now)
    except vault.Unavailable as outage:
        log.warning("ingest.unavailable", provider=provider_slug, cause=type(outage).__name__)
        return UNAVAILABLE
    except (OperationalError, InterfaceError) as outage:
        log.warning("ingest.database_unavailable", provider=provider_slug, cause=type(outage).__name__)
        return UNAVAILABLE


def _receive(provider_slug: str, public_id: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Receipt:
    provider = providers.find(provider_slug)
    endpoint = connection_of(public_id)
    if provider is None or endpoint is None or endpoint.provider != provider_slug:
        _same_work(provider, headers, body, now)
        return UNKNOWN
    if endpoint.state != "active":
        return DISABLED
    with acting_for(endpoint.organization_id):
        connection = find(endpoint.organization_id, endpoint.id)
        secrets = secrets_of(connection, now)
    try:
        verified = provider.verify(headers, body, secrets, now, Proof(connection.auth_mode))
    except NotVerified as refusal:
        log.info("ingest.refused", connection_id=str(endpoint.id), code=refusal.code)
        return Receipt(401, refusal.code.replace("_", "-"), "The delivery does not prove where it comes from.")
    identity = verified.event_id or f"sha256:{hashlib.sha256(body).hexdigest()}"
    coming = _Coming(provider, endpoint.organization_id, endpoint.id, identity, now, verified.strength)
    try:
        return coming.take(parse_json(body))
    except Unreadable as error:
        return _unreadable(error)


def receive_pulled(
    provider: Provider, connection: ProviderConnection, payload: Any, identity: str, *, now: datetime
) -> Receipt:
    """Take one call that we asked for, on the same way as a delivery: same refusals, same tombstones and periods.

    `identity` names this version of the call: the same one counts once. Raises VaultError and database errors.
    """
    coming = _Coming(
        provider, connection.organization_id, connection.id, f"pulled:{identity}", now, source=EventSource.PULLED
    )
    return coming.take(payload)


def _same_work(provider: Provider | None, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """What a known address would have cost: an address is not found out by the clock."""
    try:
        (provider or providers.PROVIDERS["generic"]).verify(headers, body, _DECOYS, now, Proof.STANDARD_WEBHOOKS)
    except NotVerified:
        return


class _Coming:
    """Something a provider tells, on its way in: a proven delivery, or an answer to our asking."""

    def __init__(
        self,
        provider: Provider,
        organization_id: UUID,
        connection_id: UUID,
        identity: str,
        now: datetime,
        strength: Strength = Strength.STRONG,
        source: EventSource = EventSource.DELIVERED,
    ) -> None:
        self.provider, self.strength, self.source, self.now = provider, strength, source, now
        self.organization_id, self.connection_id = organization_id, connection_id
        self.digest = event_digest(organization_id, connection_id, identity)
        self.by = Actor.provider(connection_id)

    def take(self, payload: Any) -> Receipt:
        events: Sequence[Event] = ()
        problems: Sequence[Problem] = ()
        try:
            events = self._events(payload)
        except Unreadable as error:
            if self.provider.refuses_at_door:
                return _unreadable(error)
            problems = error.problems
        if not events and not problems:
            return IGNORED
        with acting_for(self.organization_id):
            if known := self._seen():
                return Receipt(200, "accepted", event_id=known)
            if self._destroyed_before(events):
                return DROPPED
            keep = self._keepable(events)
            if keep is None:
                return DROPPED
        reduced, recordings, transcripts = self._reduce(payload, events, *keep)
        return self._keep(reduced, problems, recordings, transcripts)

    def _events(self, payload: Any) -> Sequence[Event]:
        if self.strength is Strength.WEAK:
            payload = self.provider.reduce(payload, strength=Strength.WEAK, recording=False, transcript=False)
        return self.provider.read(payload, received_at=self.now, now=self.now)

    def _seen(self) -> UUID | None:
        found: UUID | None = (
            ProviderEvent.objects.filter(
                organization_id=self.organization_id, connection_id=self.connection_id, event_digest=self.digest
            )
            .values_list("id", flat=True)
            .first()
        )
        return found

    def _destroyed_before(self, events: Sequence[Event]) -> bool:
        """Whether all this delivery is about was destroyed here. Needs the organization's context."""
        told = [event for event in events if event.kind in (EventKind.CALL, EventKind.PULL)]
        if len(told) != len(events) or not events:
            return False
        digests = [
            call_digests(
                self.organization_id,
                self.provider.slug,
                self.provider.scope_of(event.record, self.connection_id),
                event.record.provider_call_id,
            )
            for event in told
        ]
        buried = tombstones.present(self.organization_id, [digest for each in digests for digest in each])
        return all(buried.intersection(each) for each in digests)

    def _keepable(self, events: Sequence[Event]) -> tuple[bool, bool] | None:
        """Whether recordings and text may be kept; None when every call is past its period already.

        Asks the agents' settings at the time of each call, and the periods. Needs the organization's context.
        """
        recording = transcript = False
        told = [event for event in events if event.kind is EventKind.CALL]
        in_time = len(told) < len(events) or not events
        for event in told:
            record, ended_at = event.record, event.record.ended_at or event.at
            started = record.started_at or ended_at
            agent = resolve(self.organization_id, self.connection_id, record.provider_agent_id, started)
            admits = partial(hooks.is_admitted, self.organization_id, agent_id=agent.agent_id, clock=ended_at)

            if not admits(category=Category.CALL_METADATA):
                continue
            in_time = True
            recording |= agent.recording_enabled and admits(category=Category.RECORDING)
            transcript |= agent.transcript_enabled and (
                admits(category=Category.TRANSCRIPT) or admits(category=Category.CALL_REPORT)
            )
        return (recording, transcript) if in_time else None

    def _reduce(self, payload: Any, events: Sequence[Event], recording: bool, transcript: bool) -> tuple[Any, int, int]:
        """The payload without what may not be kept, and how many recordings and transcripts that was."""
        reduced = self.provider.reduce(payload, strength=self.strength, recording=recording, transcript=transcript)
        recordings = 0 if recording else sum(len(event.record.recordings) for event in events)
        transcripts = 0 if transcript else sum(1 for event in events if event.record.turns)
        return reduced, recordings, transcripts

    def _keep(self, payload: Any, problems: Sequence[Problem], recordings: int, transcripts: int) -> Receipt:
        event_id = uuid7()
        [key] = vault.keys.mint(self.organization_id, Category.PROVIDER_EVENT, self.now)
        faults.point("calls.receive.after_key")
        sealed = sealing.seal_event(key, payload, event_id=event_id)
        try:
            with acting_for(self.organization_id):
                inventory.ingest_lock(self.organization_id)
                vault.keys.still_pending_ok(self.organization_id, [key.id])
                self._insert(event_id, key.id, sealed, problems)
                if recordings or transcripts:
                    refused(
                        self.organization_id,
                        "provider_event",
                        event_id,
                        recordings=recordings,
                        transcripts=transcripts,
                        by=self.by,
                    )
                faults.point("calls.receive.before_commit")
        except IntegrityError:
            vault.keys.destroy(self.organization_id, [key.id])
            with acting_for(self.organization_id):
                known = self._seen()  # the same delivery, twice at the same time
            if known is None:
                raise
            return Receipt(200, "accepted", event_id=known)
        faults.point("calls.receive.after_commit")
        _confirm(self.organization_id, key.id)
        return Receipt(202, "accepted", event_id=event_id)

    def _insert(self, event_id: UUID, key_id: UUID, sealed: bytes, problems: Sequence[Problem]) -> None:
        ProviderEvent.objects.create(
            id=event_id,
            organization_id=self.organization_id,
            connection_id=self.connection_id,
            provider=self.provider.slug,
            source=self.source,
            event_digest=self.digest,
            key_id=key_id,
            sealed=sealed,
            stored_bytes=len(sealed),
            received_at=self.now,
            state=EventState.QUARANTINED if problems else EventState.RECEIVED,
            processed_at=self.now if problems else None,
            problems=[problem.as_dict() for problem in problems],
        )
        holds.mark(ProviderEvent, self.organization_id, [event_id])
        if problems:
            quarantined(self.organization_id, event_id, self.connection_id, problems)
            return
        jobs.enqueue(
            "calls.process_event",
            organization_id=self.organization_id,
            arguments={"event": str(event_id)},
            unique=str(event_id),
        )


def quarantined(organization_id: UUID, event_id: UUID, connection_id: UUID, problems: Sequence[Problem]) -> None:
    """Tell the organization, in the caller's transaction, that a delivery makes no sense and waits for a person."""
    audit.append(
        "calls.event_quarantined",
        organization_id=organization_id,
        actor=Actor.provider(connection_id),
        object_type="provider_event",
        object_id=event_id,
        codes=sorted({problem.code for problem in problems})[:20],
    )
    audit.alerts.raise_alert(
        organization_id, "calls.event_quarantined", str(connection_id), event=event_id, problems=len(problems)
    )


def _confirm(organization_id: UUID, key_id: UUID) -> None:
    """Lost without harm: the row has committed, so reconciliation would confirm the key as well."""
    try:
        vault.keys.confirm(organization_id, [key_id])
    except (vault.VaultError, DatabaseError) as outage:
        log.warning("ingest.confirm_postponed", cause=type(outage).__name__)


def _unreadable(error: Unreadable) -> Receipt:
    return Receipt(400, "invalid", "The delivery is not in the agreed form.", problems=error.problems)
