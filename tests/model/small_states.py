"""Destruction in the small: every state that two rows, a hold, crashes and a restore can reach.

Each row has one key and one object. The world moves in the steps of `ground/inventory/destruction.py` and
`ground/inventory/holds.py`; whoever is at work may die between any two of them, a backup may be taken at any moment and
restored at any later one. `explore` walks all interleavings breadth first, so the first violation found is the
shortest. Sets of rows are bits of a number; what a dead process knew is forgotten, what was committed stays.

`Order` says how destruction is built. `TRUE_ORDER` has no violation; each order of `broken_orders.py` leaves out one
thing that looks as if it could be spared. `test_small_states.py` holds the true order against the real code, place by
place.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

HELD = 0b01  # what the hold covers; the other row is never held
SHUT = 0  # the gate counts the journal entries replayed so far
OPEN = -1

POINTS = {
    "claim": "destruction.after_claim",
    "look": "destruction.after_look",
    "journal": "destruction.after_journal",
    "keys": "destruction.after_keys",
    "rows": "destruction.after_rows",
    "objects": "removals.after_store",
}
"""The place in the code that is passed right after each step. A hold passes one of its own between journal and row."""
HOLD_POINT = "holds.after_journal"


@dataclass(frozen=True, slots=True)
class Order:
    """How destruction is built. The defaults are what the code does."""

    steps: tuple[str, ...] = ("claim", "look", "journal", "keys", "rows", "objects", "settle")
    claim_is_committed: bool = True  # the claim is committed, so somebody finds it after a crash
    looks_at_holds: bool = True  # holds are asked after the claim, under the lock
    looks_at_clocks: bool = True
    keeps_lock: bool = True  # the shared lock stays until the rows are gone
    hold_waits: bool = True  # a hold takes the lock exclusively
    journal_is_durable: bool = True
    resume_reads_journal: bool = True  # rows without keys go if the journal says they were destroyed
    absence_is_enough: bool = False  # rows without keys go whatever the journal says
    resume_takes_back: bool = True  # what stays although it was journalled is taken out of the journal
    hold_takes_back: bool = True  # what a hold still finds readable is taken out of the journal
    replay_heeds_taken_back: bool = True
    replay_plants_tombstones: bool = True
    rows_plant_tombstones: bool = True
    lists_objects: bool = True  # in the transaction that deletes the rows
    gate: bool = True  # after a restore nothing works until the journal was replayed


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often each thing may happen in one history."""

    rows: int = 2
    crashes: int = 2
    holds: int = 1
    restores: int = 1
    touches: int = 1  # a row's clock moves on: it is no longer due
    losses: int = 0  # a key goes missing for no reason that the journal knows
    expired: bool = True  # claimed by a sweep (asked anew whenever something is due); else an erasure, asked once


class State(NamedTuple):
    rows: int
    keys: int
    objects: int
    tombstones: int = 0
    removals: int = 0  # objects listed to be removed
    claimed: int = 0
    hold: bool = False
    fresh: int = 0
    journal: tuple[tuple[str, int], ...] = ()
    # whoever is at work, and what only they know
    worker: str = ""  # the last step done
    go: int = 0
    resumed: bool = False
    holder: str = ""
    gate: int = OPEN
    backup: tuple[tuple[int, int, int, int, bool, int], int] | None = None
    # what may still happen
    crashes: int = 0
    holds: int = 0
    restores: int = 0
    touches: int = 0
    losses: int = 0
    asks: int = 0
    # what was promised to people
    promised: int = 0  # kept by a hold that was acknowledged, as far as there was something to keep
    destroyed: int = 0  # acknowledged as destroyed
    lost: int = 0
    early: bool = False  # something readable was destroyed whose time was not over
    excused: bool = False  # a hold or a restore may have ended an erasure that was asked


def start(bounds: Bounds) -> State:
    """Everything there, nothing asked."""
    every = (1 << bounds.rows) - 1
    return State(
        every,
        every,
        every,
        crashes=bounds.crashes,
        holds=bounds.holds,
        restores=bounds.restores,
        touches=bounds.touches,
        losses=bounds.losses,
        asks=0 if bounds.expired else 1,
    )


# ------------------------------------------------------------------ what must hold
def violation(state: State, bounds: Bounds) -> str:
    """What is wrong with this state, in words; "" when nothing is."""
    if state.promised & ~state.rows or state.promised & ~state.lost & ~state.keys:
        return "a record is gone although an acknowledged hold keeps it"
    if state.early:
        return "a record is gone although its time is not over"
    if state.gate != OPEN:
        return ""
    if state.destroyed & (state.rows | state.keys):
        return "something that was acknowledged as destroyed is back"
    if state.removals & state.keys:
        return "listed as gone, and still readable"
    if state.keys & ~state.rows & ~state.claimed:
        return "a key has outlived its row, and no list names it"
    if state.objects & ~state.rows & ~state.removals & ~state.claimed:
        return "an object is left behind, and no list names it"
    if state.rows & state.keys & ~state.objects & ~journalled(state.journal):
        return "a readable row with nothing behind it"
    if state.rows & ~state.keys & ~state.lost & ~journalled(state.journal):
        return "a key is missing, and no journal says why"
    if not (state.worker or state.holder or state.claimed or state.removals):
        if state.rows & ~(state.keys | state.lost) or (state.keys | state.objects) & ~state.rows:
            return "nobody is at work any more, and something is half gone"
        if not bounds.expired and not state.asks and not state.excused and state.rows:
            return "an erasure was asked and forgotten"
    return ""


def journalled(journal: tuple[tuple[str, int], ...]) -> int:
    """Rows whose destruction the journal holds and nothing took back."""
    rows = 0
    for kind, which in journal:
        if kind == "destroy":
            rows |= which
        elif kind == "kept":
            rows &= ~which
    return rows


# ------------------------------------------------------------------ what can happen
def moves(state: State, order: Order, bounds: Bounds) -> Iterator[tuple[str, State]]:
    """Everything that can happen next."""
    if state.gate != OPEN:
        yield from _replay(state, order)
    else:
        yield from _work(state, order, bounds)
        yield from _hold(state, order)
        yield from _world(state, order, bounds)
    if state.crashes and (state.worker or state.holder or state.gate > SHUT):
        yield "the process dies", _dead(state, order)._replace(crashes=state.crashes - 1)
    if state.backup is None and state.restores and state.gate == OPEN:
        yield "a backup is taken", state._replace(backup=(_main(state), state.keys))
    if state.backup is not None and state.restores:
        yield from _restore(state, order)


def _main(state: State) -> tuple[int, int, int, int, bool, int]:
    return state.rows, state.tombstones, state.removals, state.claimed, state.hold, state.fresh


def _dead(state: State, order: Order) -> State:
    journal = state.journal
    if not order.journal_is_durable and state.worker in ("journal", "keys") and journal[-1:] and state.go:
        journal = journal[:-1]
    return state._replace(
        worker="", go=0, resumed=False, holder="", journal=journal, gate=OPEN if state.gate == OPEN else SHUT
    )


def in_transaction(state: State, order: Order) -> bool:
    """Whether destruction stands between its last look and the end of its transaction: its rows are locked."""
    if state.worker not in order.steps:
        return False
    return order.steps.index("look") <= order.steps.index(state.worker) < order.steps.index("rows")


def holds_lock(state: State, order: Order) -> bool:
    """Whether destruction has the organization's hold lock, shared."""
    return order.keeps_lock and in_transaction(state, order)


def _work(state: State, order: Order, bounds: Bounds) -> Iterator[tuple[str, State]]:
    if not state.worker:
        if state.claimed:
            yield "claims are resumed", state._replace(worker="claim", resumed=True)
        elif wanted := _wanted(state, bounds):
            asked = state._replace(worker="claim", asks=max(0, state.asks - 1), resumed=False)
            yield "claim", asked._replace(claimed=wanted) if order.claim_is_committed else asked._replace(go=wanted)
        if state.removals:
            yield "objects (again)", _step("objects", state, order, bounds)
        return
    place = order.steps.index(state.worker) + 1
    if place == len(order.steps):
        yield "end", state._replace(worker="", go=0, resumed=False)
        return
    step = order.steps[place]
    if step == "look" and order.hold_waits and state.holder:
        return  # the shared lock waits for the exclusive one
    yield step, _step(step, state, order, bounds)


def _wanted(state: State, bounds: Bounds) -> int:
    free = state.rows & ~(HELD if state.hold else 0)
    if bounds.expired:
        return free & ~state.fresh
    return free if state.asks else 0


def _step(step: str, state: State, order: Order, bounds: Bounds) -> State:
    state = state._replace(worker=step)
    if step == "look":
        return _look(state, order, bounds)
    if step == "journal":
        return state._replace(journal=(*state.journal, ("destroy", state.go)))
    if step == "keys":
        early = state.early or bool(bounds.expired and state.go & state.fresh & state.keys)
        return state._replace(keys=state.keys & ~state.go, early=early)
    if step == "tombstones":
        return state._replace(tombstones=state.tombstones | state.go)
    if step == "rows":
        return state._replace(
            rows=state.rows & ~state.go,
            tombstones=state.tombstones | (state.go if order.rows_plant_tombstones else 0),
            removals=state.removals | (state.go if order.lists_objects else 0),
            claimed=0,
            destroyed=state.destroyed | (state.go if order.steps.index("keys") < order.steps.index("rows") else 0),
        )
    if step == "objects":
        which = state.removals if order.lists_objects else state.go
        return state._replace(objects=state.objects & ~which, go=which)
    assert step == "settle"
    return state._replace(removals=state.removals & ~state.go)


def _look(state: State, order: Order, bounds: Bounds) -> State:
    claimed = (state.claimed or state.go) & state.rows
    stays = (HELD if state.hold else 0) if order.looks_at_holds else 0
    if bounds.expired and order.looks_at_clocks:
        stays |= state.fresh
    go = 0 if bounds.expired and state.resumed else claimed & ~stays
    keyless = claimed & ~state.keys
    if order.absence_is_enough:
        go |= keyless
    elif order.resume_reads_journal:
        go |= keyless & journalled(state.journal)
    stay = claimed & ~go & journalled(state.journal)
    if stay and order.resume_takes_back:
        state = state._replace(journal=(*state.journal, ("kept", stay)))
    if not go:
        return state._replace(worker="", go=0, resumed=False, claimed=0)
    return state._replace(go=go)


def _hold(state: State, order: Order) -> Iterator[tuple[str, State]]:
    free = not (order.hold_waits and holds_lock(state, order))
    if state.holder in ("", "locked", "releasing") and not free:
        return
    if not state.holder and not state.hold and state.holds:
        yield "a hold takes the lock", state._replace(holder="locked", holds=state.holds - 1)
    elif not state.holder and state.hold:
        yield "a release takes the lock", state._replace(holder="releasing", promised=0)
    elif state.holder == "locked":
        journal = state.journal
        if order.hold_takes_back and (still := HELD & state.claimed & state.keys & journalled(journal)):
            journal = (*journal, ("kept", still))
        yield "the hold is journalled", state._replace(holder="noted", journal=(*journal, ("hold", HELD)))
    elif state.holder == "noted":
        kept = HELD & state.rows & (state.keys | state.lost & ~journalled(state.journal))
        yield "the hold is acknowledged", state._replace(holder="", hold=True, promised=kept, excused=True)
    elif state.holder == "releasing":
        yield "the release is journalled", state._replace(holder="freed", journal=(*state.journal, ("released", HELD)))
    elif state.holder == "freed":
        yield "the hold is released", state._replace(holder="", hold=False)


def _world(state: State, order: Order, bounds: Bounds) -> Iterator[tuple[str, State]]:
    for row in (1 << place for place in range(bounds.rows)):
        name = f"row {row.bit_length()}"
        if not (state.rows | state.tombstones) & row and state.destroyed & row:
            yield (
                f"{name} is delivered again",
                state._replace(rows=state.rows | row, keys=state.keys | row, objects=state.objects | row),
            )
        row_is_free = not in_transaction(state, order) or not state.go & row
        if bounds.expired and state.touches and state.rows & row & ~state.fresh and row_is_free:
            yield f"the clock of {name} moves on", state._replace(fresh=state.fresh | row, touches=state.touches - 1)
        if state.losses and state.rows & state.keys & row & ~journalled(state.journal):
            yield (
                f"the key of {name} gets lost",
                state._replace(keys=state.keys & ~row, lost=state.lost | row, losses=state.losses - 1),
            )


# ------------------------------------------------------------------ restore and replay
def _restore(state: State, order: Order) -> Iterator[tuple[str, State]]:
    assert state.backup is not None
    main, keys = state.backup
    quiet = _dead(state, order)._replace(
        restores=state.restores - 1, backup=None, excused=True, gate=SHUT if order.gate else OPEN
    )
    rows, tombstones, removals, claimed, hold, fresh = main
    old = quiet._replace(rows=rows, tombstones=tombstones, removals=removals, claimed=claimed, hold=hold, fresh=fresh)
    yield "the main database is restored", old
    yield "the keyring is restored", quiet._replace(keys=keys, lost=quiet.lost & ~keys)
    yield "both databases are restored", old._replace(keys=keys, lost=quiet.lost & ~keys)


def _replay(state: State, order: Order) -> Iterator[tuple[str, State]]:
    if state.gate == len(state.journal):
        yield "the gate opens", state._replace(gate=OPEN)
        return
    kind, which = state.journal[state.gate]
    onward = state._replace(gate=state.gate + 1)
    if kind == "destroy":
        later = state.journal[state.gate + 1 :] if order.replay_heeds_taken_back else ()
        for other, rows in later:
            which &= ~rows if other == "kept" else which
        onward = onward._replace(
            rows=state.rows & ~which,
            keys=state.keys & ~which,
            removals=state.removals | which,
            tombstones=state.tombstones | (which if order.replay_plants_tombstones else 0),
            claimed=0,
        )
    elif kind in ("hold", "released"):
        onward = onward._replace(hold=kind == "hold")
    yield f"replay: {kind}", onward


# ------------------------------------------------------------------ all of it
@dataclass(frozen=True, slots=True)
class Found:
    """What `explore` saw. `history`: the shortest way to a violation, empty if there is none."""

    states: int
    wrong: str = ""
    history: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{number:3}. {move}" for number, move in enumerate(self.history, start=1)]
        return "\n".join([f"{self.wrong} (after {self.states:,} states):", *lines])


def explore(order: Order, bounds: Bounds) -> Found:
    """Every reachable state, nearest first, until one is wrong."""
    first = start(bounds)
    came_from: dict[State, tuple[State, str] | None] = {first: None}
    waiting = deque([first])
    while waiting:
        state = waiting.popleft()
        if wrong := violation(state, bounds):
            return Found(len(came_from), wrong, _history(came_from, state))
        for name, after in moves(state, order, bounds):
            if after not in came_from:
                came_from[after] = (state, name)
                waiting.append(after)
    return Found(len(came_from))


def _history(came_from: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    names = []
    while (step := came_from[state]) is not None:
        state, name = step
        names.append(name)
    return tuple(reversed(names))


TRUE_ORDER = Order()
