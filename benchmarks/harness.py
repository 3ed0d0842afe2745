"""What a measurement is: ways of doing the same work, taken in turns, and the ratio between them in every round.

A round runs every way once, each from a fresh start, in an order that turns with the round; so what else the machine
does falls on all of them. A ratio is formed inside its round; reported are the median, the smallest and the largest.
Absolute figures move by a factor of two or three between machines and hours: they are shown, and never judged.
"""

import cProfile
import math
import pstats
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROUNDS = 5
_OURS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do the work. `measure` does it once and returns a figure in the comparison's unit."""

    name: str
    measure: Callable[[], float]


def rate(name: str, run: Callable[[Any], int], prepare: Callable[[], Any] = lambda: None) -> Way:
    """Units a second of `run(prepared)`, which returns the units done. `prepare` is not timed."""

    def measure() -> float:
        prepared = prepare()
        began = time.perf_counter()
        units = run(prepared)
        return units / (time.perf_counter() - began)

    return Way(name, measure)


def latency(name: str, run: Callable[[], Any], *, times: int, percentile: float = 50) -> Way:
    """Milliseconds of one `run()`: the given percentile of `times` in a row."""

    def measure() -> float:
        return at_percentile(timed(run, times), percentile)

    return Way(name, measure)


def timed(run: Callable[[], Any], times: int) -> list[float]:
    """Milliseconds of each of `times` runs, in order."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        took.append((time.perf_counter() - began) * 1000)
    return took


def at_percentile(values: Iterable[float], percentile: float) -> float:
    """The smallest value that `percentile` percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percentile / 100) - 1)]


@dataclass(frozen=True, slots=True)
class Bound:
    """What the goal asks of a ratio or figure: `>=` or `<=` a number."""

    sign: str
    number: float

    def holds(self, value: float) -> bool:
        return value >= self.number if self.sign == ">=" else value <= self.number

    def __str__(self) -> str:
        return f"{'≥' if self.sign == '>=' else '≤'} {self.number:g}"


def at_least(number: float) -> Bound:
    return Bound(">=", number)


def at_most(number: float) -> Bound:
    return Bound("<=", number)


@dataclass(slots=True)
class Spread:
    """Median, least and greatest of what the rounds gave."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


@dataclass(slots=True)
class Row:
    """One line of the report: a way beside ours, or a figure that stands alone (`ratio` is then the figure)."""

    about: str
    unit: str
    ratio: Spread
    ours: Spread | None = None
    other: Spread | None = None
    bound: Bound | None = None

    @property
    def met(self) -> bool | None:
        return None if self.bound is None else self.bound.holds(self.ratio.median)


@dataclass(slots=True)
class Goal:
    """One goal of the list of figures, and what this run found."""

    id: str
    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """None: nothing was judged."""
        judged = [row.met for row in self.rows if row.met is not None]
        return all(judged) if judged else None


class Bench:
    """Handed to every goal's `measure`: takes the measurements and remembers them."""

    def __init__(
        self, goal: Goal, *, rounds: int = ROUNDS, largest: int = 5_000_000, say: Callable[[str], None] = print
    ) -> None:
        self.goal, self.rounds, self.largest, self.say = goal, rounds, largest, say

    def sizes(self, *wanted: int) -> list[int]:
        """Those of the wanted numbers of live calls that this run may reach."""
        return [size for size in wanted if size <= self.largest]

    def versus(
        self,
        about: str,
        ours: Way,
        others: list[tuple[Way, Bound | None]],
        *,
        unit: str,
        profile: Callable[[], Any] | None = None,
    ) -> None:
        """Ours beside each other way. `profile` does our work once more when a bound is missed, under the profiler."""
        ways = [ours, *(way for way, _ in others)]
        found: dict[str, list[float]] = {way.name: [] for way in ways}
        for number in range(self.rounds):
            turn = number % len(ways)
            for way in [*ways[turn:], *ways[:turn]]:
                found[way.name].append(way.measure())
        missed = False
        for way, bound in others:
            ratios = [mine / theirs for mine, theirs in zip(found[ours.name], found[way.name], strict=True)]
            row = Row(
                f"{about}: {ours.name} : {way.name}",
                unit,
                Spread.of(ratios),
                Spread.of(found[ours.name]),
                Spread.of(found[way.name]),
                bound,
            )
            self._add(row)
            missed = missed or row.met is False
        if missed and profile is not None:
            self.goal.profiles.append(profiled(profile))

    def figure(self, about: str, values: list[float], *, unit: str, bound: Bound | None = None) -> None:
        """A figure that stands for itself: a count of queries, a share, megabytes."""
        self._add(Row(about, unit, Spread.of(values), bound=bound))

    def explain(self, table: Callable[[], str]) -> None:
        """Where a bound was missed: a table of where the time goes (`costs.broken_down`)."""
        if self.goal.met is False:
            self.goal.profiles.append(table())

    def note(self, sentence: str) -> None:
        """Something the reader must know about this measurement: sizes, what was left out."""
        self.goal.notes.append(sentence)
        self.say(f"      {sentence}")

    def _add(self, row: Row) -> None:
        self.goal.rows.append(row)
        mark = {True: "met   ", False: "MISSED", None: "      "}[row.met]
        self.say(f"  {mark} {row.about}: {row.ratio.median:.3g} ({row.ratio.least:.3g}-{row.ratio.most:.3g})")


def profiled(run: Callable[[], Any], *, lines: int = 15) -> str:
    """Where the time of one run goes, by own time; paths from the project's folder on, libraries by file name."""
    profiler = cProfile.Profile()
    profiler.runcall(run)
    stats: dict[tuple[str, int, str], tuple[Any, ...]] = pstats.Stats(profiler).stats
    total = sum(entry[2] for entry in stats.values()) or 1.0
    top = sorted(stats.items(), key=lambda item: -item[1][2])[:lines]
    told = [f"{'own s':>8} {'share':>6} {'calls':>9}  function"]
    for (path, number, name), (_, calls, own, *_rest) in top:
        told.append(f"{own:8.3f} {own / total:6.1%} {calls:9d}  {_place(path, number)}{name}")
    return "\n".join(told)


def _place(path: str, number: int) -> str:
    if path.startswith(("~", "<")):
        return ""
    file = Path(path)
    inside = file.is_relative_to(_OURS) and ".venv" not in file.parts
    return f"{file.relative_to(_OURS) if inside else file.name}:{number} "
