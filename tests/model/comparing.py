"""What must be alike after every step, and what must be true of keys, objects, tallies and evidence besides."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from calls.models import Call
from ground.tenancy import acting_for
from ground.vault import rotation
from retention.services import moments
from tests.model.truth import EVENT, OF_A_CALL, Truth
from tests.model.world import Eyes, House

HOUSES = 3


class Compared(RuleBasedStateMachine):
    """Three organizations and their models, side by side."""

    eyes: Eyes
    stub: object
    steps = 0  # of all histories

    @initialize()
    def found(self):
        self.houses = [House(self.stub) for _ in range(HOUSES)]
        self.truths = [Truth() for _ in range(HOUSES)]
        self.ids = [house.id for house in self.houses]
        self.ids_of_events, self.bodies = {}, {}
        self.keys_of_rows = set()  # every (organization, key id) a row ever had
        self.wrapped = set()  # every (organization, key id, wrapped) the keyring ever had of them
        self.place = self.nights = self.age = self.epoch = self.count = 0

    def teardown(self):
        """However it ended, everything destroyed is certified in the end."""
        if hasattr(self, "place"):
            self._certificates_add_up()

    def _at(self, place):
        self.place = place
        return self.houses[place], self.truths[place]

    def _pick(self, model, pick, wanted):
        found = [call for call in model.calls.values() if wanted(call)]
        return found[pick % len(found)] if found else None

    def newcomer(self, place):
        """The id of the call that the model does not know yet: there is exactly one."""
        known = [call.id for call in self.truths[place].calls.values() if call.id]
        with acting_for(self.ids[place]):
            return Call.objects.exclude(id__in=known).get().id

    # ------------------------------------------------------------------ after every step
    @invariant()
    def both_are_alike(self):
        if not hasattr(self, "place"):
            return
        type(self).steps += 1
        rows = self.eyes.rows(self.ids)
        self._rows_are_the_models(rows)
        self._keys_follow_rows(rows)
        self._tallies_are_recounts(rows)
        house, model = self.houses[self.place], self.truths[self.place]
        names = {name for organization_id, *_, name in rows if name and organization_id == house.id}
        assert house.objects() == names, "objects and rows"
        evidence = self.eyes.evidence([house.id])
        assert evidence == {house.id: model.destroyed}, "audit events of what was destroyed"
        counted = Counter(record.kind for record in model.records())
        assert house.seen_as_application() == {kind: counted[kind] for kind in (*OF_A_CALL, EVENT)}

    def _rows_are_the_models(self, rows):
        """Each record of the model is there once, held as the model says; and nothing else is."""
        seen = {}
        for organization_id, kind, row_id, call_id, clock, held, *_ in rows:
            key = (organization_id, kind, row_id if kind == EVENT else call_id)
            assert key not in seen
            seen[key] = (held, None if kind == EVENT else clock)
        expected = {}
        for house, model in zip(self.houses, self.truths, strict=True):
            for record in model.records():
                identity = self.ids_of_events[record] if record.kind == EVENT else record.call.id
                clock = None if record.kind == EVENT else record.clock
                expected[house.id, record.kind, identity] = (model.held(record), clock)
        wrong = {
            key: (seen.get(key, "not there"), expected.get(key, "not there"))
            for key in seen.keys() | expected.keys()
            if seen.get(key) != expected.get(key)
        }
        assert not wrong, "(there, in the model)"

    def _keys_follow_rows(self, rows):
        """Every row opens; of every key that a row ever had, only those of rows that are here still exist."""
        alive = self.eyes.keys(self.ids)
        now = {(row[0], row[7]) for row in rows}
        self.keys_of_rows |= now
        assert self.keys_of_rows & alive.keys() == now, "keys and rows"
        self.wrapped |= {(*key, alive[key]) for key in now}

    def _tallies_are_recounts(self, rows):
        counted = {}
        for organization_id, kind, _, _, clock, _, _, _, size, _ in rows:
            if kind != EVENT:
                key = (organization_id, kind, clock.astimezone(UTC).date())
                before = counted.get(key, (0, 0))
                counted[key] = (before[0] + 1, before[1] + size)
        tallied = {tuple(key): (count, size) for *key, count, size in self.eyes.tally(self.ids) if key[1] in OF_A_CALL}
        assert tallied == counted, "tally and recount"

    # ------------------------------------------------------------------ at night
    @precondition(lambda self: self.nights < 1)
    @rule(luck=st.integers(0, 23))
    def night(self, luck):
        """Touched shelves are re-wrapped and their old keys destroyed: no remnant of what is gone opens any more."""
        if luck != 13:
            return
        self.nights += 1
        report = rotation.night(datetime.now(UTC))
        assert (report.versions_waiting, report.trouble) == (0, [])
        alive = self.eyes.keys(self.ids)
        for house in self.houses:
            ever = {
                (key_id, wrapped) for organization_id, key_id, wrapped in self.wrapped if organization_id == house.id
            }
            gone = {(key_id, wrapped) for key_id, wrapped in ever if (house.id, key_id) not in alive}
            here = {(key_id, wrapped) for (owner, key_id), wrapped in alive.items() if owner == house.id}
            assert house.opening(gone) == set(), "a remnant of a destroyed key opens"
            assert house.opening(here) == here
        self._certificates_add_up()

    def _certificates_add_up(self):
        for house, model in zip(self.houses, self.truths, strict=True):
            moments.settle(house.id)
            assert house.certified() == model.destroyed, "certificates and what was destroyed"
