"""Loading the demo, in order: operator, people, decisions, agents, contacts, calls, recordings, what is under way.

Idempotent: what is there already is left alone, so a run that was killed is finished by the next one. The file with the
logins comes last; with it the demo is complete. Everything goes through the services the pages and the API use.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import Organization
from agents import connections
from agents.models import Agent, ProviderConnection
from agents.services import Settings, publish, registry
from calls import hooks, looks
from calls.models import Call
from calls.services import bulk
from config.demo import deliveries, keeping, people, recordings
from config.demo.places import DISCLOSURES, PLACES, Place
from config.demo.telling import KEEPS_SINCE_DAYS, Teller, Told
from contacts.details import Details
from contacts.models import Contact, LegalBasis, Source
from contacts.services import Incoming, upsert
from ground import profiles
from ground.tenancy import Actor, acting_for

OPENED_DAYS_AGO = 200
LIVE_CALLS = {"generic": 4, "vapi": 3}

Tell = Callable[[str], None]


class NotEmpty(Exception):
    """Organizations that are not the demo's are here: nothing was loaded."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was added by this run."""

    organizations: int
    calls: int
    recordings: int


def load(*, now: datetime, scale: float = 1.0, tell: Tell = lambda words: None) -> Loaded:
    """Everything. `scale` 0.1 makes a tenth of the calls. Raises NotEmpty."""
    slugs = {place.slug for place in PLACES}
    if Organization.objects.filter(is_operator=False).exclude(slug__in=slugs).exists():
        raise NotEmpty
    opened = now - timedelta(days=OPENED_DAYS_AGO)
    password = people.new_password()
    people.operator(profiles.current().display_name, at=opened)
    _, totp_secret = people.staff(password)
    keeping.decide_open_periods(at=opened)
    calls = sounds = 0
    for place in PLACES:
        added, recorded = _Loading(place, password, now, scale).run()
        tell(f"{place.name}: {added} calls, {recorded} with a recording")
        calls, sounds = calls + added, sounds + recorded
    people.write_logins(people.logins(password, totp_secret, PLACES))
    return Loaded(len(PLACES), calls, sounds)


@contextmanager
def as_they_arrived() -> Iterator[None]:
    """These calls are months old: whether they would still be taken today is not asked."""
    asked = hooks.may_store[:]
    hooks.may_store.clear()
    try:
        yield
    finally:
        hooks.may_store.extend(asked)


class _Loading:
    """One organization's data."""

    def __init__(self, place: Place, password: str, now: datetime, scale: float) -> None:
        self.place, self.now = place, now
        self.count = max(12, round(place.calls * scale))
        self.contacts = max(3, round(place.contacts * scale))
        self.opened = now - timedelta(days=OPENED_DAYS_AGO)
        organization, owner = people.organization(place, password, at=self.opened)
        self.organization_id: UUID = organization.pk
        self.by = Actor.member(owner.pk)

    def run(self) -> tuple[int, int]:
        """Returns how many calls and recordings were added."""
        keeping.set_periods(self.place, self.organization_id, by=self.by, opened_at=self.opened)
        lines = {provider: self._connection(provider) for provider in ("generic", "vapi")}
        agents = self._agents(lines)
        teller = Teller(self.place, agents, self.now, self.count)
        self._contacts(teller)
        with acting_for(self.organization_id):
            complete = Call.objects.filter(organization_id=self.organization_id).exists()
        added, recorded = (0, 0) if complete else self._calls(list(teller.tell()))
        if not complete:
            added += sum(self._live(teller, provider, line) for provider, line in lines.items())
        self._looks()
        keeping.change_now(self.place, self.organization_id, by=self.by, now=self.now)
        return added, recorded

    def _connection(self, provider: str) -> ProviderConnection:
        with acting_for(self.organization_id):
            found = ProviderConnection.objects.filter(organization_id=self.organization_id, provider=provider).first()
        if found is not None:
            return found
        name = "Own telephone system" if provider == "generic" else "Vapi"
        made, _secret = connections.create(
            organization_id=self.organization_id, provider=provider, name=name, by=self.by, at=self.opened
        )
        return made

    def _agents(self, lines: dict[str, ProviderConnection]) -> dict[str, UUID]:
        """Two revisions each: at first nothing was kept but facts; since 92 days what the agent's settings allow."""
        with acting_for(self.organization_id):
            known = Agent.objects.filter(organization_id=self.organization_id)
            ids = {agent.provider_agent_id: agent.id for agent in known}
        for agent in self.place.agents:
            if agent.key in ids:
                continue
            made = registry.create(
                organization_id=self.organization_id,
                connection_id=lines[agent.provider].id,
                provider_agent_id=agent.key,
                name=agent.name,
                language=self.place.language.code,
                by=self.by,
                at=self.opened,
            )
            ids[agent.key] = made.id
            words = {self.place.language.code: DISCLOSURES[self.place.language.code]}
            first = Settings(recording_enabled=False, transcript_enabled=False, disclosures=words)
            second = Settings(
                recording_enabled=agent.recording,
                transcript_enabled=True,
                disclosures=words,
                retention_days=agent.retention_days,
            )
            self._publish(made.id, first, "Trial: facts only", self.opened)
            self._publish(made.id, second, "In service", self.now - timedelta(days=KEEPS_SINCE_DAYS))
        return ids

    def _publish(self, agent_id: UUID, settings: Settings, reason: str, at: datetime) -> None:
        publish(
            organization_id=self.organization_id,
            agent_id=agent_id,
            settings=settings,
            reason=reason,
            by=self.by,
            at=at,
        )

    def _contacts(self, teller: Teller) -> None:
        with acting_for(self.organization_id):
            if Contact.objects.filter(organization_id=self.organization_id).exists():
                return
        bases = (LegalBasis.CONTRACT, LegalBasis.CONTRACT, LegalBasis.CONSENT)
        incoming = [
            Incoming(
                Details(name=who.name, phones=(who.number,), emails=(who.email,), external_id=who.reference),
                legal_basis=bases[place % len(bases)],
                language=self.place.language.code,
            )
            for place, who in enumerate(teller.people[: self.contacts])
        ]
        upsert(organization_id=self.organization_id, people=incoming, source=Source.IMPORT, by=self.by, at=self.now)

    def _calls(self, told: list[Told]) -> tuple[int, int]:
        added = recorded = 0
        with as_they_arrived():
            for start in range(0, len(told), bulk.AT_MOST):
                part = told[start : start + bulk.AT_MOST]
                results = bulk.create(
                    organization_id=self.organization_id, items=[each.item for each in part], by=self.by, now=self.now
                )
                sounds = [
                    (result.id, part[result.index].item["call_id"], part[result.index].dialogue)
                    for result in results
                    if result.id is not None and part[result.index].dialogue
                ]
                added += sum(result.id is not None for result in results)
                recorded += recordings.store(self.organization_id, sounds, by=self.by, at=self.now)
        return added, recorded

    def _live(self, teller: Teller, provider: str, line: ProviderConnection) -> int:
        with acting_for(self.organization_id):
            secret = connections.secrets_of(line, self.now)[0]
        return deliveries.deliver(
            self.organization_id,
            self.place,
            teller,
            provider=provider,
            public_id=line.public_id,
            secret=secret,
            count=LIVE_CALLS[provider],
            now=self.now,
        )

    def _looks(self) -> None:
        """Somebody listened to the newest recordings, so that the pages show who looked."""
        with acting_for(self.organization_id):
            newest = Call.objects.filter(organization_id=self.organization_id, has_recording=True).order_by("-ended_at")
            ids = list(newest.values_list("id", flat=True)[:3])
        for call_id in ids:
            for kind in ("calls.transcript_read", "calls.listened"):
                looks.note(
                    kind,
                    organization_id=self.organization_id,
                    object_type="call",
                    object_id=call_id,
                    call_id=call_id,
                    by=self.by,
                    once_in=3600,
                )
