"""What a figure is: a statement with a count, a run of it under a seed, and what the run came to.

A check that fails is counted and kept in words, and the run goes on: one broken invariant must not hide the next.
"""

import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

SHOWN = 20  # failures kept in words


class Verdict(StrEnum):
    HELD = "held"
    BROKEN = "broken"
    NOT_RUN = "not run"


class NotRun(Exception):
    """Raised by a figure that cannot run here; the reason is for the reader of the report."""


class Run:
    """One run of one figure: what it may use, and where it says what it found."""

    def __init__(
        self, id: str, *, count: int, seed: int, seconds: float | None = None, say: Callable[[str], None] = print
    ) -> None:
        self.id, self.count, self.seed, self.say = id, count, seed, say
        self.random = random.Random(f"{id}:{seed}")
        self.seconds = seconds
        self.ran = 0
        self.evidence: Counter[str] = Counter()
        self.checks: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.failures: list[str] = []
        self.notes: list[str] = []
        self._began = time.monotonic()

    # ---- how much
    @property
    def over(self) -> bool:
        """The time given to this figure has passed."""
        return self.seconds is not None and time.monotonic() - self._began >= self.seconds

    @property
    def left(self) -> float:
        """Seconds left of the time given; infinite without a limit."""
        return float("inf") if self.seconds is None else self.seconds - (time.monotonic() - self._began)

    @property
    def spent(self) -> float:
        return time.monotonic() - self._began

    def turns(self, size: int = 1) -> Iterator[int]:
        """0, 1, 2 … until the count is reached or the time is over; a finished turn counts as `size`. At least one."""
        number = 0
        while self.ran < self.count and not (self.over and number):
            yield number
            self.did(size)
            number += 1

    def did(self, number: int = 1) -> None:
        """So many of the asked count are done. For figures that do not go by `turns`."""
        self.ran += number

    # ---- what was found
    def check(self, name: str, ok: object, detail: str = "") -> bool:
        """An invariant was looked at. Returns whether it held."""
        self.checks[name] += 1
        if not ok:
            self.broken[name] += 1
            if len(self.failures) < SHOWN:
                self.failures.append(f"{name}: {detail}" if detail else name)
                self.say(f"    BROKEN {self.failures[-1]}")
        return bool(ok)

    def same(self, name: str, found: object, wanted: object, detail: str = "") -> bool:
        """An invariant that is an equality."""
        return self.check(name, found == wanted, f"{found!r} instead of {wanted!r}{'; ' + detail if detail else ''}")

    def tell(self, **counts: int) -> None:
        """Counts that belong to the evidence: kills=1, calls_acknowledged=12. They add up."""
        self.evidence.update(counts)

    def at_most(self, name: str, value: float, limit: float, *, unit: str = "s") -> bool:
        """A measured quantity with a limit; the largest is kept in the evidence, in whole units."""
        key = f"{name}, most ({unit})"
        self.evidence[key] = max(self.evidence[key], round(value))
        return self.check(f"{name} ≤ {limit:g} {unit}", value <= limit, f"{value:.1f} {unit}")

    def note(self, sentence: str) -> None:
        """Something the reader must know: what was simplified, what was left out."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True, slots=True)
class Figure:
    """`full`: the count the list of figures asks for. `small`: the count of `make test`. `share`: of the time."""

    id: str
    statement: str
    work: Callable[[Run], None]
    full: int
    small: int
    unit: str
    share: float
    platform: bool


@dataclass(slots=True)
class Result:
    """What is kept of a run."""

    id: str
    statement: str
    verdict: Verdict
    asked: int
    ran: int
    unit: str
    seed: int
    seconds: float
    checks: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    evidence: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """The full count ran."""
        return self.verdict is not Verdict.NOT_RUN and self.ran >= self.asked


REGISTRY: dict[str, Figure] = {}


def figure(
    id: str,
    statement: str,
    *,
    full: int,
    small: int,
    unit: str = "times",
    share: float = 1.0,
    platform: bool = False,
) -> Callable[[Callable[[Run], None]], Callable[[Run], None]]:
    """Register a figure. `unit` reads after the count (`500 kills`); `share` is its weight in a run of given minutes.

    `platform=True`: works on the running platform it shares with the others of its kind, not in a fresh world.
    """

    def register(work: Callable[[Run], None]) -> Callable[[Run], None]:
        known = REGISTRY.get(id)
        if known is not None and known.work.__module__ != work.__module__:
            raise ValueError(f"{id} is already a figure of {known.work.__module__}")
        REGISTRY[id] = Figure(id, statement, work, full, small, unit, share, platform)
        return work

    return register


def carry_out(
    one: Figure, *, count: int, seed: int, seconds: float | None = None, say: Callable[[str], None] = print
) -> Result:
    """Run a figure and say what came of it; an error of the figure itself is a broken figure, never a silent one."""
    run = Run(one.id, count=count, seed=seed, seconds=seconds, say=say)
    reason = ""
    try:
        one.work(run)
    except NotRun as missing:
        reason = str(missing)
        run.note(reason)
    except Exception as error:
        say(traceback.format_exc())
        run.check("the run came to its end", False, f"{type(error).__name__}: {error}"[:500])
    if run.broken:
        verdict = Verdict.BROKEN
    elif reason or not run.ran or not run.checks:
        verdict = Verdict.NOT_RUN
    else:
        verdict = Verdict.HELD
    return Result(
        one.id,
        one.statement,
        verdict,
        one.full,
        run.ran,
        one.unit,
        seed,
        round(run.spent, 1),
        dict(run.checks),
        dict(run.broken),
        {name.replace("_", " "): number for name, number in run.evidence.items()},
        run.failures,
        run.notes,
    )
