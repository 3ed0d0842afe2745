"""P4: what people who read feel while a purge is at work, and how long its transactions last."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from unittest.mock import patch
from uuid import UUID

from benchmarks import many_calls, planting, world
from benchmarks.apart import Child
from benchmarks.harness import Bench, at_most, at_percentile, timed
from benchmarks.p09_search import look_up
from ground.inventory import destruction
from ground.tenancy import acting_for
from retention.services import guard, sweep

TITLE = "Readers while a purge is at work: list of calls and look-up at p99, and the longest transaction of a purge"
DUE_MOST, KEPT_MOST = 100_000, 1_000_000
TIMES, LEAST_TIMES, IDLE_SECONDS = 300, 5, 20
Readers = dict[str, Callable[[], Any]]


def measure(bench: Bench) -> None:
    """The purge runs in a process of its own, as a worker does; the readers are timed here, in turns idle and not."""
    organization_id = world.organization()
    client, home = many_calls.owner_of(organization_id)
    kept, due = min(KEPT_MOST, bench.largest), min(DUE_MOST, bench.largest // 4)
    many_calls.kept(organization_id, kept)
    many_calls.stored(organization_id, 100)
    numbers = cycle(many_calls.phones(organization_id, 50, rows=kept))
    readers: Readers = {
        "list of calls": lambda: client.get(f"{home}calls/").status_code,
        "look-up by number": lambda: look_up(organization_id, next(numbers)),
    }
    ratios: dict[str, list[float]] = {name: [] for name in readers}
    idle: dict[str, list[float]] = {name: [] for name in readers}
    longest: list[float] = []
    reads: list[float] = []
    for _ in range(bench.rounds):
        _prepare(organization_id, due)
        before = _idle(readers)
        during, worst = _while_purging(organization_id, readers)
        for name in readers:
            idle[name].append(at_percentile(before[name], 99))
            ratios[name].append(at_percentile(during[name], 99) / idle[name][-1])
            reads.append(len(during[name]))
        longest.append(worst)
    for name in readers:
        bench.figure(f"{name}: p99 while purging : idle", ratios[name], unit="times", bound=at_most(1.5))
        bench.figure(f"{name}: p99 idle", idle[name], unit="ms")
    bench.figure("reads of each kind during one purge", reads, unit="reads")
    bench.figure("the longest transaction of a purge", longest, unit="ms", bound=at_most(200))
    bench.note(
        f"{due:,} due transcripts, each with a key, beside {kept:,} kept calls. Readers and purge share the cores: on "
        "a machine with one or two of them much of the ratio is the processor's."
    )


def _prepare(organization_id: UUID, due: int) -> None:
    planting.due_transcripts(organization_id, due)
    with acting_for(organization_id):
        guard.approve(
            organization_id=organization_id, category="transcript", rows=due, by=many_calls.BY, at=datetime.now(UTC)
        )
    world.settle("calls_transcript")


def _idle(readers: Readers) -> dict[str, list[float]]:
    """Milliseconds of reads, the readers in turns, while nothing else is at work; the first ones do not count."""
    took: dict[str, list[float]] = {name: [] for name in readers}
    for read in readers.values():
        timed(read, LEAST_TIMES)
    until = time.monotonic() + IDLE_SECONDS
    for turn in range(TIMES):
        if turn > LEAST_TIMES and time.monotonic() > until:
            break
        for name, read in readers.items():
            took[name] += timed(read, 1)
    return took


def _while_purging(organization_id: UUID, readers: Readers) -> tuple[dict[str, list[float]], float]:
    """Milliseconds of reads, in turns, as long as the purge lasts, and of its longest transaction."""
    child = Child(lambda: _purge(organization_id))
    for read in readers.values():
        read()  # connections are opened anew
    took: dict[str, list[float]] = {name: [] for name in readers}
    while not child.over:
        for name, read in readers.items():
            took[name] += timed(read, 1)
    worst: float = child.result()
    if not all(took.values()):
        raise AssertionError("no read while purging: more must be due")
    return took, worst


def _purge(organization_id: UUID) -> float:
    with _timing(destruction, "claim", "execute") as took:
        sweep.purge_expired(organization_id=organization_id, by=many_calls.BY, categories=["transcript"])
    return max(took)


@contextmanager
def _timing(module: Any, *names: str) -> Iterator[list[float]]:
    """Milliseconds of every call of these functions: each is one transaction of its own."""
    took: list[float] = []

    def around(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                took.append((time.perf_counter() - began) * 1000)

        return run

    with ExitStack() as stack:
        for name in names:
            stack.enter_context(patch.object(module, name, around(getattr(module, name))))
        yield took
