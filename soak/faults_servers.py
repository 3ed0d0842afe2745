"""A03, A04, A08: PostgreSQL crashes, everything is killed in turn, the queue is gone; nothing acknowledged is lost."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ground import jobs
from ground.tenancy import acting_for
from retention.services import runs
from soak import checker, planting, waiting, world
from soak.faults_purge import BY, _approve, _finish
from soak.harness import Run, figure
from soak.journal import Journal
from soak.ledger.models import Effect
from soak.nemesis import Nemesis
from soak.platform import shared
from soak.senders import Provider, Traffic, complete

SERVING_AGAIN_SECONDS = RESUME_SECONDS = 60
DUE_EACH = 20


@contextlib.contextmanager
def provider(run: Run, *, recordings_of: float = 0.0) -> Iterator[Provider]:
    """A provider with its journal outside of the system."""
    with world.scratch() as folder:
        journal = Journal(folder / "journal.jsonl")
        made = Provider(journal, recordings_of=recordings_of)
        try:
            yield made
        finally:
            made.close()
            journal.close()


@figure(
    "A03",
    "PostgreSQL crashes under load: every acknowledged call is there once, nothing is half erased, it soon serves",
    full=50,
    small=1,
    unit="immediate shutdowns",
    platform=True,
)
def database_crashes(run: Run) -> None:
    platform = shared()
    nemesis = Nemesis(run, platform)
    due: list[planting.Planted] = []
    with provider(run, recordings_of=0.2) as sender:
        with Traffic(platform, sender, senders=2, seed=run.seed, pause=0.05) as traffic:
            for _ in run.turns():
                due += planting.calls(sender.id, DUE_EACH, ended_at=datetime.now(UTC) - timedelta(days=400))
                _approve(sender.id, len(due))
                runs.ask_for_sweep(sender.id, by=BY)
                time.sleep(run.random.uniform(0.2, 2.5))
                crashed = time.monotonic()
                nemesis.database_crashed()
                waiting.eventually(lambda at=crashed: traffic.last_answer > at, seconds=2 * SERVING_AGAIN_SECONDS)
                run.at_most("serving again after", traffic.last_answer - crashed, SERVING_AGAIN_SECONDS)
                platform.tend()
        complete(run, sender)
        _finish(sender.id)
        seen = checker.at_rest(run, sender.id)
        rows = {row for one in due for row in (one.call, one.recording, one.transcript)}
        run.check("no half-erased call", not rows & seen.ids, f"{len(rows & seen.ids)} rows left")
        run.tell(calls_destroyed_meanwhile=len(due))


@figure(
    "A04",
    "Nothing acknowledged is lost and nothing is there twice, whatever is killed meanwhile",
    full=100_000,
    small=40,
    unit="deliveries",
    share=2,
    platform=True,
)
def mixed_faults(run: Run) -> None:
    platform = shared()
    nemesis = Nemesis(run, platform)
    with provider(run, recordings_of=0.1) as sender:
        with Traffic(platform, sender, senders=3, seed=run.seed, pause=0.02, most=run.count) as traffic:
            while not (traffic.done or (run.over and run.ran)):
                time.sleep(run.random.uniform(0.5, 3.0))
                nemesis.strike()
                platform.tend()
                run.did(len(sender.journal.sent) - run.ran)
        run.did(len(sender.journal.sent) - run.ran)
        platform.tend()
        platform.require_ready()
        complete(run, sender)
        checker.at_rest(run, sender.id)


@figure(
    "A08",
    "The queue is killed, flushed or empty with jobs waiting: none is lost, and work resumes soon",
    full=20,
    small=2,
    unit="losses of the queue",
    share=1.5,
    platform=True,
)
def queue_lost(run: Run) -> None:
    platform = shared()
    nemesis = Nemesis(run, platform)
    organization_id = world.organization()
    waiting_jobs = 40 if waiting.hurried() else 10_000 if run.seconds is None else 400
    for _ in run.turns():
        ids = enqueue(organization_id, waiting_jobs, milliseconds=10)
        before = effects(organization_id).total()
        nemesis.strike("queue_killed", "queue_flushed")
        began = time.monotonic()
        resumed = waiting.eventually(
            lambda seen=before: effects(organization_id).total() > seen,
            seconds=2 * RESUME_SECONDS,
        )
        if before < len(ids) * (run.ran + 1):
            run.at_most("resumes after", resumed if resumed is not None else 2 * RESUME_SECONDS, RESUME_SECONDS)
        waiting.drained(organization_id, seconds=60 + waiting_jobs / 10, kind="soak.count")
        counted = effects(organization_id)
        lost = [one for one in ids if not counted[one]]
        run.check("0 jobs lost", not lost, f"{len(lost)} of {len(ids)}")
        run.check("every effect exactly once", all(counted[one] == 1 for one in ids if one not in lost))
        run.tell(jobs_waiting=len(ids), seconds_to_the_end=round(time.monotonic() - began))


def enqueue(organization_id: UUID, number: int, *, kind: str = "soak.count", milliseconds: int = 0) -> list[UUID]:
    """So many jobs, each committed by itself and woken."""
    made = []
    for _ in range(number):
        with acting_for(organization_id):
            made.append(jobs.enqueue(kind, organization_id=organization_id, arguments={"milliseconds": milliseconds}))
    return made


def effects(organization_id: UUID) -> Counter[UUID]:
    """How often each job had its effect."""
    with acting_for(organization_id):
        return Counter(Effect.objects.values_list("job_id", flat=True))
