"""Every small state of destruction: the true order is safe, broken ones are caught, the code follows the true one."""

import pytest

from calls.models import Recording
from ground import faults, vault
from ground.inventory import destruction, holds, journalled, removals
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.destruction import Q, Reason
from ground.inventory.models import DestructionBatch, Hold, ObjectRemoval
from ground.tenancy import Actor, acting_for
from tests import embedded, factories
from tests.holdings import days_ago, exists, keep_call
from tests.model.broken_orders import BROKEN
from tests.model.small_states import (
    HOLD_POINT,
    OPEN,
    POINTS,
    TRUE_ORDER,
    Bounds,
    explore,
    holds_lock,
    moves,
    start,
)
from tests.model.small_states import journalled as journalled_rows

BY = Actor.system("test")
ALONE = [Bounds(rows=1, losses=1), Bounds(rows=1, losses=1, expired=False)]
TOGETHER = [Bounds(rows=2, crashes=1), Bounds(rows=2, expired=False)]


@pytest.mark.parametrize("bounds", ALONE + TOGETHER, ids=str)
def test_the_true_order_is_safe_in_every_state(bounds):
    found = explore(TRUE_ORDER, bounds)
    print(f"{found.states:,} states of {bounds}")
    assert not found.wrong, str(found)
    assert found.states > 5_000


@pytest.mark.parametrize("name", BROKEN)
def test_what_could_be_spared_is_missed(name):
    tried = [explore(BROKEN[name].order, bounds) for bounds in ALONE]
    shortest = min((found for found in tried if found.wrong), key=lambda found: len(found.history))
    print(f"{name}: {shortest}")
    assert shortest.wrong == BROKEN[name].wrong


# ------------------------------------------------------------------ the model against the code
class Stage:
    """One recording, really there, and what can be seen of it from outside the process that destroys it."""

    def __init__(self):
        self.organization_id = factories.organization().id
        self.kept = keep_call(self.organization_id, days_ago(95), parts=("recording",))
        self.row = self.kept.recording

    def facts(self):
        with acting_for(self.organization_id):
            hold = Hold.objects.filter(released_at=None).exists()
        with embedded.superuser("default") as main, embedded.superuser("keyring") as keyring:

            def seen(connection, query, *parameters):
                return connection.execute(f"SELECT EXISTS ({query})", parameters).fetchone()[0]

            mine = "SELECT FROM {} WHERE organization_id = %s"
            lock = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s AND mode = %s"
            second = self.organization_id.int & 0x7FFFFFFF
            return {
                "row": seen(main, "SELECT FROM calls_recording WHERE id = %s", self.row.id),
                "key": seen(keyring, "SELECT FROM vault_datakey WHERE id = %s", self.row.key_id),
                "object": vault.objects.store().exists(self.row.object_name),
                "tombstone": seen(main, mine.format("inventory_tombstone"), self.organization_id),
                "removal": seen(main, mine.format("inventory_objectremoval"), self.organization_id),
                "claimed": seen(
                    main, mine.format("inventory_destructionbatch") + " AND state = 'claimed'", self.organization_id
                ),
                "journalled": self.row.id in journalled.still_destroyed(self.organization_id, "calls_recording"),
                "shared lock": seen(main, lock, second, "ShareLock"),
                "hold": hold,
            }

    def destroy(self, bounds):
        reason = Reason.EXPIRED if bounds.expired else Reason.ERASURE
        destruction.destroy_now(Recording, self.organization_id, where=Q(), reason=reason, by=BY)

    def hold(self):
        scope = HoldScope(kind=ScopeKind.CALL, call_id=self.kept.call.id)
        return holds.place(
            organization_id=self.organization_id,
            scope=scope,
            reason="a claim",
            review_on=days_ago(-30).date(),
            by=BY,
            at=days_ago(0),
        )


def told(state):
    """The same facts, as the model has them."""
    return {
        "row": bool(state.rows),
        "key": bool(state.keys),
        "object": bool(state.objects),
        "tombstone": bool(state.tombstones),
        "removal": bool(state.removals),
        "claimed": bool(state.claimed),
        "journalled": bool(journalled_rows(state.journal)),
        "shared lock": holds_lock(state, TRUE_ORDER),
        "hold": state.hold,
    }


def walk(state, bounds, *names):
    """These moves, one after another."""
    for name in names:
        state = dict(moves(state, TRUE_ORDER, bounds))[name]
    return state


def worked_off(state, bounds):
    """Whatever is left is finished: claims, then listed objects."""
    while True:
        left = dict(moves(state, TRUE_ORDER, bounds))
        ours = [name for name in left if name in TRUE_ORDER.steps[1:] or name in ("end", "claims are resumed")]
        ours = ours or [name for name in left if name == "objects (again)"]
        if not ours:
            return state
        state = left[ours[0]]


def watch(monkeypatch, stage, seen):
    """What is seen from outside at every place that destruction and holds pass."""

    def look(name):
        if name.startswith(("destruction.", "removals.", "holds.")):
            seen.append((name, stage.facts()))

    monkeypatch.setattr(faults, "point", look)


ONE = [Bounds(rows=1, touches=0), Bounds(rows=1, touches=0, expired=False)]
one = pytest.mark.parametrize("bounds", ONE, ids=["expired", "erasure"])
database = pytest.mark.django_db(transaction=True)


@one
@database
def test_the_code_takes_the_steps_of_the_true_order(vault_home, monkeypatch, bounds):
    stage, seen = Stage(), []
    watch(monkeypatch, stage, seen)
    stage.destroy(bounds)
    state, expected = start(bounds), []
    for step in TRUE_ORDER.steps:
        state = walk(state, bounds, step)
        if step in POINTS:
            expected.append((POINTS[step], told(state)))
    inside = "destruction.before_commit"  # within the step that deletes the rows: nothing of it is seen yet
    assert [passed for passed in seen if passed[0] != inside] == expected
    assert dict(seen)[inside] == dict(seen)[POINTS["keys"]]
    assert stage.facts() == told(worked_off(state, bounds))


@database
def test_a_hold_is_journalled_before_its_row_is_seen(vault_home, monkeypatch):
    stage, seen, bounds = Stage(), [], ONE[0]
    watch(monkeypatch, stage, seen)
    stage.hold()
    state = walk(start(bounds), bounds, "a hold takes the lock", "the hold is journalled")
    assert seen == [(HOLD_POINT, told(state))]
    assert stage.facts() == told(walk(state, bounds, "the hold is acknowledged"))


@one
@pytest.mark.parametrize("then", ["", "hold", "hold restore", "restore"])
@database
def test_what_follows_a_crash_is_what_the_model_says(vault_home, monkeypatch, bounds, then):
    for after in TRUE_ORDER.steps:
        if after in POINTS:
            crash(Stage(), bounds, after, then, monkeypatch)


def crash(stage, bounds, after, then, monkeypatch):
    """Death after this step, then what follows, in the code and in the model; they agree all the way."""

    def die(name):
        if name == POINTS[after]:
            raise SystemExit

    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(SystemExit):
        stage.destroy(bounds)
    monkeypatch.undo()
    done = TRUE_ORDER.steps[: TRUE_ORDER.steps.index(after) + 1]
    state = walk(start(bounds), bounds, *done, "the process dies")
    assert stage.facts() == told(state), after
    if "hold" in then:
        stage.hold()
        state = walk(state, bounds, "a hold takes the lock", "the hold is journalled", "the hold is acknowledged")
        assert stage.facts() == told(state), after
    if "restore" in then:  # of a backup that is as old as now: every entry of the journal is done again
        restore()
        state = walk(state, bounds, "a backup is taken", "both databases are restored")
        while state.gate != OPEN:
            [(_, state)] = [move for move in moves(state, TRUE_ORDER, bounds) if move[0] != "the process dies"]
        assert stage.facts() == told(state), after
    destruction.resume(stage.organization_id, older_than_seconds=-5)
    leases_have_run_out(stage.organization_id)
    removals.remove_objects(stage.organization_id)
    state = worked_off(state, bounds)
    assert stage.facts() == told(state), after
    if state.promised and state.keys:
        assert stage.kept.listen()
    with acting_for(stage.organization_id):
        assert not DestructionBatch.objects.filter(state="claimed").exists()


def restore():
    vault.gate.tend()
    vault.gate.shut("replaying")
    vault.gate.open_again()


def leases_have_run_out(organization_id):
    """A dead worker's lease on removals has run out."""
    with acting_for(organization_id):
        ObjectRemoval.objects.update(next_at=days_ago(1))


@database
def test_a_hold_keeps_what_a_dead_attempt_had_journalled_through_a_replay(vault_home, monkeypatch):
    """Found by the model: claim, journal, crash, hold, restore; the replay destroyed what the hold covered."""
    stage = Stage()

    def die(name):
        if name == "destruction.after_journal":
            raise SystemExit

    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(SystemExit):
        stage.destroy(ONE[1])
    monkeypatch.undo()
    stage.hold()
    restore()
    assert exists(stage.organization_id, stage.row)
    assert stage.kept.listen()
