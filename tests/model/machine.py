"""The platform against the plain model: every rule does one thing in both, and both must answer alike."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from calls.exceptions import CountMismatch, KeptByHold
from calls.record import Unreadable
from calls.services import bulk, destroying, searching
from ground.inventory import holds, people, walk
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.exceptions import OnLegalHold
from ground.jobs.models import Job
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for
from retention.exceptions import NothingSelected, NothingToUndo, Unchanged
from retention.planned import PlanState, Thing
from retention.services import grace, keeping, overdue, sweep
from retention.services import settings as periods
from tests.calls.samples import iso
from tests.model import truth
from tests.model.comparing import HOUSES, Compared
from tests.model.truth import CALL, EVENT, OF_A_CALL, RECORDING, REPORT, TRANSCRIPT, Hold, Plan, Version
from tests.model.world import SOUND

BY = Actor.member("01890000-0000-7000-8000-000000000001")
PERSONS = 3
CALLS_AT_MOST = 30  # of one organization: below what the sweep asks a person about
DAYS_AT_MOST = 170  # that pass in one history: tombstones live longer
AGES = [0, 1, 2, 19, 29, 60, 88, 89, 95, 200, 363, 366]

houses = st.integers(0, HOUSES - 1)
persons = st.integers(0, PERSONS - 1)
picks = st.integers(0, 10_000)


def number(person):
    return f"+3319900110{person}"


class Machine(Compared):
    """What organizations, their providers, members and programs do, and time."""

    # ------------------------------------------------------------------ taking in
    @rule(
        place=houses,
        items=st.lists(
            st.tuples(
                st.sampled_from(AGES), persons, st.booleans(), st.booleans(), st.sampled_from([None, "desk", "quick"])
            ),
            min_size=1,
            max_size=3,
        ),
    )
    def store_many(self, place, items):
        """The interface takes several calls at once."""
        house, model = self._at(place)
        if len(model.calls) > CALLS_AT_MOST - 3:
            return
        now = datetime.now(UTC)
        fresh = []
        for days, person, turns, report, agent in items:
            call = self._new_call(model, "api", days, agent, now)
            fresh.append((call, person, self._says(call, turns, report)))
        payload = [self._told(call, person, says, house.agents.get(call.agent), ...) for call, person, says in fresh]
        results = bulk.create(organization_id=house.id, items=payload, by=BY, now=now)
        for result, (call, person, says) in zip(results, fresh, strict=True):
            admitted = model.admit(call, (self.epoch, 0), person=person, says=says, recording=False, now=now)
            assert result.state == ("created" if admitted else "dropped")
            call.id = result.id

    @rule(place=houses, pick=picks)
    def store_again(self, place, pick):
        """The interface is given a call a second time, or one that was destroyed."""
        house, model = self._at(place)
        call = self._pick(model, pick, lambda call: call.name.startswith("api"))
        if call is None:
            return
        now, says = datetime.now(UTC), self._says(call, True, True)
        payload = [self._told(call, 0, says, house.agents.get(call.agent), ...)]
        if call.here:
            with pytest.raises(Unreadable):
                bulk.create(organization_id=house.id, items=payload, by=BY, now=now)
        elif CALL in call.buried or model.over(CALL, call.clock, call.agent, now):
            [result] = bulk.create(organization_id=house.id, items=payload, by=BY, now=now)
            assert result.state == "dropped"

    @rule(
        place=houses,
        days=st.sampled_from(AGES),
        agent=st.sampled_from(["desk", "quick"]),
        person=st.none() | persons,
        turns=st.booleans(),
        report=st.booleans(),
        sound=st.booleans(),
        version=st.integers(1, 3),
    )
    def deliver(self, place, days, agent, person, turns, report, sound, version):
        """A provider tells about a call that ended."""
        _, model = self._at(place)
        if len(model.calls) < CALLS_AT_MOST:
            call = self._new_call(model, "hook", days, agent, datetime.now(UTC))
            self._deliver(place, call, person, turns, report, sound, version)

    @rule(
        place=houses,
        pick=picks,
        person=persons,
        turns=st.booleans(),
        report=st.booleans(),
        sound=st.booleans(),
        version=st.integers(1, 3),
    )
    def deliver_more(self, place, pick, person, turns, report, sound, version):
        """Another telling of the same call: earlier or later than what is known, or of a call that is gone."""
        _, model = self._at(place)
        call = self._pick(model, pick, lambda call: call.name.startswith("hook"))
        if call is not None:
            person = person if call.person is None else call.person
            self._deliver(place, call, person, turns, report, sound, version)

    @rule(place=houses, pick=picks)
    def deliver_twice(self, place, pick):
        """The same message again."""
        house, model = self._at(place)
        if not model.events:
            return
        name = sorted(model.events)[pick % len(model.events)]
        status, answer = house.deliver(self.bodies[name], name)
        assert (status, answer["id"]) == (200, str(self.ids_of_events[model.events[name]]))

    def _deliver(self, place, call, person, turns, report, sound, version):
        house, model = self._at(place)
        if len(model.events) >= CALLS_AT_MOST:
            return
        now = datetime.now(UTC)
        self.count += 1
        says = self._says(call, turns, report)
        told = (self.epoch, version, self.count)
        moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(
            hours=self.epoch, minutes=version, milliseconds=self.count
        )
        body = {
            "type": "call.ended",
            "timestamp": iso(moment),
            "data": self._told(call, person, says, call.agent, house.sound if sound else ...),
        }
        name = f"msg_{self.count}"
        status, answer = house.deliver(body, name)
        if model.admit(call, told, person=person, says=says, recording=sound, now=now):
            assert status == 202
            named = person if person is not None else call.person
            model.events[name] = truth.Record(EVENT, now, call, named=named)
            self.ids_of_events[model.events[name]], self.bodies[name] = UUID(answer["id"]), body
            if call.id is None:
                call.id = self.newcomer(place)
        else:
            assert (status, answer) == (200, {"status": "dropped"})

    def _new_call(self, model, door, days, agent, now):
        self.count += 1
        name = f"{door}-{self.count}"
        model.calls[name] = call = truth.Call(name, now - timedelta(days=days, hours=11, minutes=7), agent)
        return call

    def _says(self, call, turns, report):
        self.count += 1
        return {
            TRANSCRIPT: f"said {call.name} {self.count}" if turns else None,
            REPORT: f"in short {call.name} {self.count}" if report else None,
        }

    def _told(self, call, person, says, agent, sound):
        told = {
            "call_id": call.name,
            "agent": agent if agent is not None else ...,
            "direction": "inbound",
            "started_at": iso(call.clock - timedelta(minutes=4)),
            "ended_at": iso(call.clock),
            "from": number(person) if person is not None else ...,
            "turns": [{"speaker": "user", "text": says[TRANSCRIPT]}] if says[TRANSCRIPT] else ...,
            "summary": says[REPORT] or ...,
            "recordings": [{"url": sound}] if sound is not ... else ...,
        }
        told = {name: value for name, value in told.items() if value is not ...}
        if "agent" in told:
            told["agent"] = str(told["agent"])
        return told

    # ------------------------------------------------------------------ finding
    @rule(place=houses, person=persons)
    def find(self, place, person):
        """Somebody looks for a number: this organization's calls with it, and nobody else's."""
        house, model = self._at(place)
        query = searching.read(house.id, number(person), "FR")
        with acting_for(house.id):
            found = set(searching.find(house.id, query).calls.values_list("id", flat=True))
        assert found == {call.id for call in model.calls.values() if call.here and call.person == person}

    @rule(place=houses, pick=picks)
    def look(self, place, pick):
        """Every part of a call opens and says what it was told last."""
        house, model = self._at(place)
        call = self._pick(model, pick, lambda call: call.parts)
        for kind in (TRANSCRIPT, REPORT):
            if call is not None and kind in call.parts:
                assert house.says(kind, call.id) == call.parts[kind].says
        if call is not None and RECORDING in call.parts:
            assert house.listens(call.id) == SOUND

    # ------------------------------------------------------------------ holding
    @rule(place=houses, kind=st.sampled_from(["call", "person", "agent", "days"]), pick=picks, days=st.integers(0, 100))
    def hold(self, place, kind, pick, days):
        """Something must be kept."""
        house, model = self._at(place)
        call = self._pick(model, pick, lambda call: call.id is not None)
        if call is None or len(model.holds) >= 4:
            return
        now = datetime.now(UTC)
        made = {
            "call": lambda: (HoldScope(kind=ScopeKind.CALL, call_id=call.id), call),
            "person": lambda: (keeping.scope_of_person(house.id, "phone", number(pick % PERSONS)), pick % PERSONS),
            "agent": lambda: (HoldScope(kind=ScopeKind.AGENT, agent_id=house.agents["desk"]), "desk"),
            "days": lambda: self._days(now - timedelta(days=days + pick % 30), now - timedelta(days=days - 1)),
        }
        scope, of = made[kind]()
        placed = holds.place(
            organization_id=house.id, scope=scope, reason="a claim", review_on=now.date(), by=BY, at=now
        )
        model.holds[placed.id] = Hold(kind, of)

    def _days(self, start, end):
        return HoldScope(kind=ScopeKind.PERIOD, start=start, end=end), (start, end)

    @rule(place=houses, pick=picks)
    def release(self, place, pick):
        """A hold ends."""
        house, model = self._at(place)
        if not model.holds:
            return
        hold_id = sorted(model.holds)[pick % len(model.holds)]
        holds.release(organization_id=house.id, hold_id=hold_id, by=BY, at=datetime.now(UTC))
        del model.holds[hold_id]

    # ------------------------------------------------------------------ periods
    @rule(
        place=houses,
        kind=st.sampled_from([RECORDING, TRANSCRIPT, REPORT]),
        period=st.sampled_from(
            [(1, "day"), (7, "day"), (30, "day"), (365, "day"), (1, "month"), (3, "month"), (11, "month")]
        ),
    )
    def change_period(self, place, kind, period):
        """Somebody sets a period: the preview is exact, a longer one holds at once, a shorter one tomorrow."""
        house, model = self._at(place)
        now = datetime.now(UTC)
        before, waiting = model.period(kind, now), model.waiting(kind, now)
        asked = {"organization_id": house.id, "category": kind, "period": Period(period[0], Unit(period[1]))}
        if before == period and waiting is None:
            with pytest.raises(Unchanged):
                periods.change(**asked, by=BY, at=now)
            return
        seen = periods.preview(house.id, kind, asked["period"], at=now)
        expected = [
            record
            for record in model.free(model.records())
            if seen.shortens
            and record.kind == kind
            and truth.ends(record.clock, period) <= now + truth.GRACE
            and (before is None or truth.ends(record.clock, before) > now + truth.GRACE)
        ]
        assert seen.rows == len(expected)
        made = periods.change(**asked, by=BY, at=now, confirmed_rows=seen.rows, counted_at=now)
        if waiting is not None:
            waiting.undone = True
        model.versions.append(Version(kind, period, made.effective_at))
        sure = before == period or (before is not None and _longest(before) <= _shortest(period))
        assert made.effective_at == (now if sure else now + truth.GRACE)

    @rule(place=houses, kind=st.sampled_from([RECORDING, TRANSCRIPT, REPORT]))
    def undo_period(self, place, kind):
        """A shorter period is taken back within its day."""
        house, model = self._at(place)
        now = datetime.now(UTC)
        waiting = model.waiting(kind, now)
        asked = {"organization_id": house.id, "category": kind, "by": BY, "at": now}
        if waiting is None:
            with pytest.raises(NothingToUndo):
                periods.undo(**asked)
        else:
            periods.undo(**asked)
            waiting.undone = True

    # ------------------------------------------------------------------ time
    @precondition(lambda self: self.age < DAYS_AT_MOST)
    @rule(days=st.sampled_from([1, 1, 2, 7, 30]))
    def time_passes(self, days):
        """Everything is some days older."""
        self.age, self.epoch = self.age + days, self.epoch + 1
        self.eyes.grow_older(self.ids, days)
        for model in self.truths:
            model.grow_older(timedelta(days=days))

    @rule(place=houses, whole=st.integers(0, 9))
    def purge(self, place, whole):
        """The sweep: what is due and free goes, and nothing else; now and then of every category, and measured."""
        house, model = self._at(place)
        kinds = None if whole == 7 else (*OF_A_CALL, EVENT)
        sweep.purge_expired(organization_id=house.id, by=Actor.system("test"), categories=kinds)
        model.destroy(model.free(model.due(datetime.now(UTC))))
        if whole == 7:
            late = overdue.measure(house.id)
            assert not any(late.get(kind) for kind in (*OF_A_CALL, EVENT))

    # ------------------------------------------------------------------ destroying
    @rule(place=houses, person=persons)
    def erase(self, place, person):
        """Everything about a person goes, except what a hold keeps."""
        house, model = self._at(place)
        subject = people.subject_of(house.id, {"phone": [number(person)]})
        outcomes = walk.erase(subject, by=BY)
        theirs = model.of_person(person)
        free = model.free(theirs)
        assert sum(outcome.rows for outcome in outcomes.values()) == len(free)
        assert sum(outcome.kept for outcome in outcomes.values()) == len(theirs) - len(free)
        model.destroy(free)

    @rule(place=houses, pick=picks, wrong=st.booleans())
    def destroy(self, place, pick, wrong):
        """A program destroys a call: all of it or nothing."""
        house, model = self._at(place)
        call = self._pick(model, pick, lambda call: call.here)
        if call is None:
            return
        records = model.of_call(call)
        asked = {"organization_id": house.id, "call_id": call.id, "by": BY, "confirmed": len(records) + wrong}
        if model.free(records) != records:
            with pytest.raises(KeptByHold):
                destroying.destroy(**asked)
        elif wrong:
            with pytest.raises(CountMismatch):
                destroying.destroy(**asked)
        else:
            destroying.destroy(**asked)
            model.destroy(records)

    @rule(place=houses, pick=picks)
    def plan(self, place, pick):
        """A member confirms that a call goes; it waits."""
        house, model = self._at(place)
        call = self._pick(model, pick, lambda call: call.id is not None)
        if call is None:
            return
        free = len(model.free(model.of_call(call)))
        asked = {"organization_id": house.id, "thing": Thing.call(call.id), "confirmed_rows": free, "by": BY}
        if call.id in model.plans:
            grace.plan(**asked)
        elif not model.of_call(call):
            with pytest.raises(NothingSelected):
                grace.plan(**asked)
        elif not free:
            with pytest.raises(OnLegalHold):
                grace.plan(**asked)
        else:
            grace.plan(**asked)
            model.plans[call.id] = Plan(call, free)

    @rule(place=houses, pick=picks)
    def undo_plan(self, place, pick):
        """A confirmed destruction is taken back."""
        house, model = self._at(place)
        call = self._pick(model, pick, lambda call: call.id in model.plans)
        call = call or self._pick(model, pick, lambda call: call.id)
        if call is None:
            return
        if call.id in model.plans:
            grace.undo(organization_id=house.id, thing=Thing.call(call.id), by=BY)
            del model.plans[call.id]
        else:
            with pytest.raises(NothingToUndo):
                grace.undo(organization_id=house.id, thing=Thing.call(call.id), by=BY)

    @rule(place=houses)
    def plans_come_due(self, place):
        """The waiting is over: a hold that came, or more than was confirmed, stops it."""
        house, model = self._at(place)
        with acting_for(house.id):
            waiting = Job.objects.filter(kind="retention.destroy_planned", state="ready")
            waiting.update(run_at=datetime.now(UTC) - timedelta(hours=1))
        house.run_jobs("retention.destroy_planned")
        for call_id, planned in model.plans.items():
            records = model.of_call(planned.call)
            free = model.free(records)
            refused = (records and not free) or len(free) > planned.records
            with acting_for(house.id):
                state = grace.newest(house.id, Thing.call(call_id)).state
            assert state == (PlanState.REFUSED if refused else PlanState.DESTROYED)
            if not refused:
                model.destroy(free)
        model.plans.clear()


def _longest(period):
    """Days at most."""
    n, unit = period
    return n * {"day": 1, "month": 31, "year": 366}[unit]


def _shortest(period):
    """Days at least."""
    n, unit = period
    return n * {"day": 1, "month": 28, "year": 365}[unit]
