"""Orders of destruction that leave out one thing which looks as if it could be spared, and what then goes wrong."""

from dataclasses import dataclass

from tests.model.small_states import Order


@dataclass(frozen=True, slots=True)
class Broken:
    """An order that leaves something out, and what must be found wrong with it."""

    order: Order
    wrong: str


def _steps(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BROKEN: dict[str, Broken] = {
    "rows go before their keys": Broken(
        Order(steps=_steps("claim look journal rows keys objects settle")), "listed as gone, and still readable"
    ),
    "objects go before their keys": Broken(
        Order(steps=_steps("claim look journal objects keys rows settle"), lists_objects=False),
        "a readable row with nothing behind it",
    ),
    "no journal": Broken(
        Order(steps=_steps("claim look keys rows objects settle")), "a key is missing, and no journal says why"
    ),
    "the journal comes after the keys": Broken(
        Order(steps=_steps("claim look keys journal rows objects settle")),
        "a key is missing, and no journal says why",
    ),
    "the journal is not on disk yet": Broken(
        Order(journal_is_durable=False), "a key is missing, and no journal says why"
    ),
    "the claim is not committed": Broken(Order(claim_is_committed=False), "an erasure was asked and forgotten"),
    "no last look at holds": Broken(
        Order(looks_at_holds=False), "a record is gone although an acknowledged hold keeps it"
    ),
    "no last look at clocks": Broken(Order(looks_at_clocks=False), "a record is gone although its time is not over"),
    "the lock ends with the look": Broken(
        Order(keeps_lock=False, hold_takes_back=False), "a record is gone although an acknowledged hold keeps it"
    ),
    "a hold does not wait": Broken(
        Order(hold_waits=False, hold_takes_back=False), "a record is gone although an acknowledged hold keeps it"
    ),
    "a resumed claim does not read the journal": Broken(
        Order(resume_reads_journal=False), "a key is missing, and no journal says why"
    ),
    "a missing key is taken for a destroyed one": Broken(
        Order(absence_is_enough=True), "a record is gone although an acknowledged hold keeps it"
    ),
    "what stays is not taken back": Broken(
        Order(resume_takes_back=False, hold_takes_back=False),
        "a record is gone although an acknowledged hold keeps it",
    ),
    "a hold takes nothing back": Broken(
        Order(hold_takes_back=False), "a record is gone although an acknowledged hold keeps it"
    ),
    "replay ignores what was taken back": Broken(
        Order(replay_heeds_taken_back=False), "a record is gone although an acknowledged hold keeps it"
    ),
    "replay plants no tombstones": Broken(
        Order(replay_plants_tombstones=False), "something that was acknowledged as destroyed is back"
    ),
    "tombstones come after the rows": Broken(
        Order(steps=_steps("claim look journal keys rows tombstones objects settle"), rows_plant_tombstones=False),
        "something that was acknowledged as destroyed is back",
    ),
    "objects are on no list": Broken(Order(lists_objects=False), "an object is left behind, and no list names it"),
    "objects leave the list first": Broken(
        Order(steps=_steps("claim look journal keys rows settle objects")),
        "an object is left behind, and no list names it",
    ),
    "nothing waits for the replay": Broken(Order(gate=False), "nobody is at work any more, and something is half gone"),
}
