"""What should be held, in plain Python: written from what the design promises, not from how the product does it.

One `Truth` is one organization. Records have a kind, a clock and a person; holds cover them; periods end them. Moments
are real ones; when time passes, everything grows older by whole days (see `world.grow_older`).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

CALL, RECORDING, TRANSCRIPT, REPORT, EVENT = (
    "call_metadata",
    "recording",
    "transcript",
    "call_report",
    "provider_event",
)
OF_A_CALL = (CALL, RECORDING, TRANSCRIPT, REPORT)
DEFAULTS = {CALL: (1, "year"), RECORDING: (90, "day"), TRANSCRIPT: (90, "day"), REPORT: None, EVENT: (1, "day")}
HURRIED_DAYS = {TRANSCRIPT: 20}  # what the agent "quick" shortens
GRACE = timedelta(hours=24)


def ends(clock, period):
    """The moment at which the time is over: same day and time; a month without such a day ends with its last day."""
    n, unit = period
    if unit == "day":
        return clock + timedelta(hours=24 * n)
    month = clock.month - 1 + n * (12 if unit == "year" else 1)
    year, month = clock.year + month // 12, month % 12 + 1
    try:
        return clock.replace(year=year, month=month)
    except ValueError:
        following = (year + month // 12, month % 12 + 1)
        return clock.replace(year=following[0], month=following[1], day=1, hour=0, minute=0, second=0, microsecond=0)


@dataclass(eq=False)
class Record:
    """One thing that is held. `says`: what opening it must give."""

    kind: str
    clock: datetime
    call: "Call | None"
    says: object = None
    told: tuple = ()  # how new the telling is that it comes from
    named: int | None = None  # whom a message itself names

    @property
    def person(self):
        return self.named if self.kind == EVENT else self.call.person


@dataclass(eq=False)
class Call:
    """A call as its tellings made it."""

    name: str
    clock: datetime
    agent: str | None = None
    person: int | None = None
    id: object = None
    parts: dict = field(default_factory=dict)
    buried: set = field(default_factory=set)

    @property
    def here(self):
        return CALL in self.parts


@dataclass
class Hold:
    kind: str  # call, person, agent, days
    of: object


@dataclass
class Version:
    kind: str
    period: tuple
    effective: datetime
    undone: bool = False


@dataclass
class Plan:
    """A destruction that a person confirmed, waiting."""

    call: Call
    records: int


class Truth:
    """Everything one organization holds."""

    def __init__(self):
        self.calls, self.events, self.holds, self.versions, self.plans = {}, {}, {}, [], {}
        self.destroyed = 0

    # ------------------------------------------------------------------ looking
    def records(self):
        yield from self.events.values()
        for call in self.calls.values():
            yield from call.parts.values()

    def held(self, record):
        return any(self._covers(hold, record) for hold in self.holds.values())

    def _covers(self, hold, record):
        call = record.call
        if hold.kind == "call":
            return call is hold.of
        if hold.kind == "person":
            return record.person == hold.of
        if hold.kind == "agent":
            return record.kind != EVENT and call.agent == hold.of
        start, end = hold.of
        return start <= record.clock < end

    def period(self, kind, now):
        """The organization's own newest one in force, else the company's; None: nobody gave one."""
        own = [version for version in self.versions if version.kind == kind and not version.undone]
        in_force = [version for version in own if version.effective <= now]
        return in_force[-1].period if in_force else DEFAULTS[kind]

    def waiting(self, kind, now):
        found = [one for one in self.versions if one.kind == kind and not one.undone and one.effective > now]
        return found[-1] if found else None

    def over(self, kind, clock, agent, now):
        """Whether the time of such a record is over. An agent may only shorten."""
        period = self.period(kind, now)
        if period is None:
            return False
        if ends(clock, period) <= now:
            return True
        shorter = HURRIED_DAYS.get(kind) if agent == "quick" else None
        return shorter is not None and ends(clock, (shorter, "day")) <= now

    def due(self, now):
        return [
            record
            for record in self.records()
            if self.over(record.kind, record.clock, record.call.agent if record.call else None, now)
        ]

    def of_call(self, call):
        """Everything about a call, its messages too."""
        return [*call.parts.values(), *(event for event in self.events.values() if event.call is call)]

    def of_person(self, person):
        """What names the person, and what else there is of a call of which anything names the person."""
        calls = [record.call for record in self.records() if record.person == person]
        return [record for record in self.records() if record.call in calls]

    def free(self, records):
        return [record for record in records if not self.held(record)]

    # ------------------------------------------------------------------ changing
    def admit(self, call, told, *, person, says, recording, now):
        """A telling arrives. Whether anything of it may be stored at all."""
        if CALL in call.buried or self.over(CALL, call.clock, call.agent, now):
            return False
        call.person = person if person is not None else call.person
        call.parts.setdefault(CALL, Record(CALL, call.clock, call))
        for kind, words in says.items():
            before = call.parts.get(kind)
            if words is None or kind in call.buried or self.over(kind, call.clock, call.agent, now):
                continue
            if before is None or told > before.told:
                call.parts[kind] = Record(kind, call.clock, call, words, told)
        wanted = recording and call.agent == "desk" and RECORDING not in call.buried | call.parts.keys()
        if wanted and not self.over(RECORDING, call.clock, call.agent, now):
            call.parts[RECORDING] = Record(RECORDING, call.clock, call)
        return True

    def destroy(self, records):
        """Gone, and never to come back."""
        for record in list(records):
            self.destroyed += 1
            if record.kind == EVENT:
                self.events = {name: event for name, event in self.events.items() if event is not record}
            else:
                record.call.buried.add(record.kind)
                del record.call.parts[record.kind]

    def grow_older(self, by):
        for record in self.records():
            record.clock -= by
        for call in self.calls.values():
            call.clock -= by
        for version in self.versions:
            version.effective -= by
        for hold in self.holds.values():
            if hold.kind == "days":
                hold.of = tuple(moment - by for moment in hold.of)
