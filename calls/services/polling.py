"""Asking the provider for calls whose delivery never arrived.

Deliveries get lost: some providers send each call once and never again. So every few minutes each connection with a
key asks for what changed, from a little before the last time (clocks differ, lists lag) until now. What it finds goes
the way of every delivery: tombstones, periods and the agents' settings decide, and the same call twice is one call.

A round walks in windows. A full page may have left calls out whatever the order of the list, so its window is halved
until the page is not full. The position is stored after each window: a crash or an outage loses nothing and asks at
most one window again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from agents.connections import find
from agents.exceptions import UnknownConnection
from agents.models import ProviderConnection
from calls import providers, sealing
from calls.identity import call_digests
from calls.models import Call, Poll, PollState
from calls.providers.base import NotVerified, Page, Provider, PulledCall, Richness
from calls.providers.client import AnswerTooLarge, ApiClient
from calls.record import CallRecord
from calls.record.merging import richness_of
from calls.services import receiving
from calls.services.copies import client_of
from ground import audit, faults, jobs, vault
from ground.tenancy import Actor, acting_for

BY = Actor.system("calls.poll")
REFUSED, INCOMPLETE = "calls.poll_refused", "calls.poll_incomplete"
OVERLAP = timedelta(minutes=15)
FIRST_LOOK_BACK = timedelta(days=14)  # what a new key makes up for, within the connection's own life
REFUSED_WAIT = timedelta(hours=6)
NARROWEST = timedelta(seconds=1)
PAGE_CALLS = 100
PAGES = 20  # of one stretch of work; the next goes on at once


@dataclass(slots=True)
class Polled:
    """What a stretch of work did. `taken`: calls we did not know. `more`: the round is not over."""

    asked: int = 0
    taken: int = 0
    more: bool = False


def connections_to_poll(organization_id: UUID) -> list[UUID]:
    """Connections that receive, have a key, and whose provider has a list to ask for. Needs the context."""
    slugs = [slug for slug, provider in providers.PROVIDERS.items() if provider.lists_calls]
    return list(
        ProviderConnection.objects.filter(
            organization_id=organization_id, state="active", closed_at=None, has_api_key=True, provider__in=slugs
        )
        .order_by("id")
        .values_list("id", flat=True)
    )


def plan(organization_id: UUID) -> int:
    """One job for each connection to poll, none beside one that has not ended. Returns how many connections."""
    with acting_for(organization_id):
        wanted = connections_to_poll(organization_id)
        for connection_id in wanted:
            poll_later(organization_id, connection_id)
    return len(wanted)


def poll_later(organization_id: UUID, connection_id: UUID) -> None:
    """Put the poll of one connection into the queue, once, in the caller's transaction."""
    jobs.enqueue(
        "calls.poll_connection",
        organization_id=organization_id,
        arguments={"connection": str(connection_id)},
        unique=str(connection_id),
    )


def key_changed(organization_id: UUID, connection_id: UUID) -> None:
    """A refused connection has another key: ask at once. In the caller's transaction."""
    Poll.objects.filter(organization_id=organization_id, connection_id=connection_id).update(state=PollState.WORKING)
    if connection_id in connections_to_poll(organization_id):
        poll_later(organization_id, connection_id)


def poll(organization_id: UUID, connection_id: UUID, *, now: datetime) -> Polled:
    """Ask on where the last stretch stopped. Raises Busy, NoAnswer and VaultError: the position stays."""
    vault.gate.require_open()
    with acting_for(organization_id):
        try:
            connection = find(organization_id, connection_id)
        except UnknownConnection:
            Poll.objects.filter(organization_id=organization_id, connection_id=connection_id).delete()
            return Polled()
        provider = providers.find(connection.provider)
        if provider is None or connection_id not in connections_to_poll(organization_id):
            return Polled()
        state = _state(connection, now)
        if state.state == PollState.CREDENTIALS and state.asked_at and now - state.asked_at < REFUSED_WAIT:
            return Polled()
        client = client_of(connection, provider)
    return _Round(connection, provider, client, state, now).walk()


def _state(connection: ProviderConnection, now: datetime) -> Poll:
    """The connection's poll, in a round. Needs the context."""
    state, _created = Poll.objects.get_or_create(
        organization_id=connection.organization_id,
        connection_id=connection.id,
        defaults={"read_until": max(connection.created_at, now - FIRST_LOOK_BACK)},
    )
    if state.round_at is None:
        state.round_at, state.round_until = state.read_until - OVERLAP, now
        state.save(update_fields=["round_at", "round_until"])
    return state


class _Round:
    """The walk from `round_at` to `round_until`, as far as one stretch of work goes."""

    def __init__(
        self, connection: ProviderConnection, provider: Provider, client: ApiClient, state: Poll, now: datetime
    ) -> None:
        self.connection, self.provider, self.client, self.now = connection, provider, client, now
        self.organization_id, self.poll_id = connection.organization_id, state.id
        assert state.round_at is not None
        assert state.round_until is not None
        self.at, self.goal = state.round_at, state.round_until
        self.done = Polled()

    def walk(self) -> Polled:
        width = self.goal - self.at
        while self.at < self.goal and self.done.asked < PAGES:
            until = min(self.at + width, self.goal)
            self.done.asked += 1
            try:
                page = self._ask(until)
            except NotVerified:
                self._refused()
                return self.done
            if page is None or page.is_full:
                if until - self.at > NARROWEST:
                    width = (until - self.at) / 2
                    continue
                self._incomplete()
            self._take(page.calls if page else ())
            faults.point("calls.poll.before_position")
            self._advance(until)
            width *= 2
        self.done.more = self.at < self.goal
        return self.done

    def _ask(self, until: datetime) -> Page | None:
        """One page; None when it is longer than we read."""
        try:
            return self.provider.list_calls(self.client, after=self.at, until=until, limit=PAGE_CALLS)
        except AnswerTooLarge:
            return None

    def _take(self, calls: Sequence[PulledCall]) -> None:
        taken = 0
        for call in self._unknown(calls):
            identity = f"{call.call_id}:{call.version}"
            receipt = receiving.receive_pulled(self.provider, self.connection, call.payload, identity, now=self.now)
            taken += receipt.status == 202
            faults.point("calls.poll.taken")
        self.done.taken += taken
        if taken:
            with acting_for(self.organization_id):
                audit.append(
                    "calls.polled",
                    organization_id=self.organization_id,
                    actor=BY,
                    object_type="connection",
                    object_id=self.connection.id,
                    provider=self.provider.slug,
                    calls=taken,
                )

    def _unknown(self, calls: Sequence[PulledCall]) -> list[PulledCall]:
        """Without the calls whose report we have: most calls did arrive, and are not worth another reading."""
        digests = {call.call_id: self._digests(call) for call in calls}
        with acting_for(self.organization_id):
            rows = list(
                Call.objects.filter(
                    organization_id=self.organization_id,
                    tombstone__in=[digest for each in digests.values() for digest in each],
                )
            )
            keys = sealing.keys_of(self.organization_id, rows)
            whole = {
                bytes(row.tombstone)
                for row in rows
                if richness_of(sealing.open_call(keys[row.key_id], row)) >= Richness.REPORT
            }
        return [call for call in calls if not whole.intersection(digests[call.call_id])]

    def _digests(self, call: PulledCall) -> list[bytes]:
        scope = self.provider.scope_of(CallRecord(call.call_id), self.connection.id)
        return call_digests(self.organization_id, self.provider.slug, scope, call.call_id)

    def _advance(self, until: datetime) -> None:
        """Never back: a stretch that was overtaken by another one changes nothing."""
        over = until >= self.goal
        with acting_for(self.organization_id):
            ours = Poll.objects.filter(id=self.poll_id, round_until=self.goal, round_at__lt=until)
            if over:
                ours.update(
                    read_until=self.goal,
                    round_at=None,
                    round_until=None,
                    asked_at=self.now,
                    state=PollState.WORKING,
                )
                audit.alerts.resolve(self.organization_id, REFUSED, str(self.connection.id), by=BY)
            else:
                ours.update(round_at=until, asked_at=self.now, state=PollState.WORKING)
        self.at = until

    def _refused(self) -> None:
        """The provider does not take our key: no more asking for hours, or until there is another key."""
        with acting_for(self.organization_id):
            Poll.objects.filter(id=self.poll_id).update(state=PollState.CREDENTIALS, asked_at=self.now)
            audit.alerts.raise_alert(
                self.organization_id, REFUSED, str(self.connection.id), by=BY, connection=self.connection.id
            )

    def _incomplete(self) -> None:
        """More calls changed within the narrowest window than a page holds: what it left out stays unknown."""
        audit.alerts.raise_alert(
            self.organization_id, INCOMPLETE, str(self.connection.id), by=BY, connection=self.connection.id
        )
