"""A22: the whole platform under traffic for as long as it is given, with a fault every few seconds."""

import time
from datetime import UTC, datetime, timedelta

from retention.services import runs
from soak import checker, planting, waiting
from soak.faults_purge import BY, _approve, _finish
from soak.faults_servers import provider
from soak.harness import Run, figure
from soak.nemesis import Nemesis
from soak.platform import shared
from soak.senders import Traffic, complete

EVERY_SECONDS = (3.0, 9.0)
GROWTH = 0.05
WARM_SECONDS = 60.0
DUE_EACH = 10


@figure(
    "A22",
    "The whole under traffic with a fault every few seconds: nothing broken, no backlog left, no growing memory",
    full=17_280,
    small=3,
    unit="faults",
    share=3,
    platform=True,
)
def soak(run: Run) -> None:
    platform = shared()
    nemesis = Nemesis(run, platform)
    due: list[planting.Planted] = []
    began = time.monotonic()
    early: dict[str, int] = {}
    with provider(run, recordings_of=0.3) as sender:
        with Traffic(platform, sender, senders=2, seed=run.seed, pause=0.1):
            for number in run.turns():
                time.sleep(run.random.uniform(*EVERY_SECONDS) / (6 if waiting.hurried() else 1))
                if number % 5 == 0:
                    due += planting.calls(sender.id, DUE_EACH, ended_at=datetime.now(UTC) - timedelta(days=400))
                    _approve(sender.id, len(due))
                    runs.ask_for_sweep(sender.id, by=BY)
                if not early and time.monotonic() - began > WARM_SECONDS:
                    early = platform.resident()
                nemesis.strike()
                platform.tend()
        platform.require_ready()
        complete(run, sender)
        _finish(sender.id)
        seen = checker.at_rest(run, sender.id)
        rows = {row for one in due for row in (one.call, one.recording, one.transcript)}
        run.check("no half-destroyed call", not rows & seen.ids, f"{len(rows & seen.ids)} rows left")
        checker.evidence(run, sender.id, dict.fromkeys(("call_metadata", "recording", "transcript"), len(due)))
        run.tell(calls_destroyed_meanwhile=len(due), minutes=round((time.monotonic() - began) / 60))
    _memory(run, early, platform.resident())


def _memory(run: Run, early: dict[str, int], late: dict[str, int]) -> None:
    """Programs are killed all the time, so only what lives is compared; small growth is a few megabytes of caches."""
    if not early:
        run.note("Too short for a statement about memory.")
        return
    for name in sorted(early.keys() & late.keys()):
        run.note(f"Memory of {name}: {early[name]} MB after the first minute, {late[name]} MB at the end.")
        limit = early[name] * (1 + GROWTH) + 16
        run.check("memory does not only grow", late[name] <= limit, f"{name}: {early[name]} → {late[name]} MB")
