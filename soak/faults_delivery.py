"""A10, A11: everything is delivered twice and at once, and there are three schedulers."""

import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from uuid import UUID

from django.db import connections

from calls.services import receiving
from config.celery import app
from ground import jobs
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.jobs import registry
from ground.jobs.models import Job, Slot
from ground.tenancy import acting_for
from retention.tasks import _fan_out
from soak import checker, planting, waiting
from soak.faults_purge import BY, _approve, _finish
from soak.faults_servers import effects, enqueue, provider
from soak.harness import Run, figure
from soak.platform import shared
from soak.senders import Provider, complete
from tests import factories

FORK = get_context("fork")
DELIVERIES = 3
BEATS = 3


def at_once(works: list[Callable[[], object]]) -> None:
    """Each in a process of its own, all let go at the same moment; afterwards all have ended."""
    connections.close_all()
    barrier: Barrier = FORK.Barrier(len(works))

    def body(work: Callable[[], object]) -> None:
        connections.close_all()
        barrier.wait()
        try:
            work()
        finally:
            connections.close_all()
            os._exit(0)

    children = [FORK.Process(target=body, args=(work,)) for work in works]
    for child in children:
        child.start()
    for child in children:
        child.join()


@figure(
    "A10",
    "Every job delivered several times and at once has its effects once",
    full=10_000,
    small=12,
    unit="jobs",
)
def delivered_twice(run: Run) -> None:
    kinds: Counter[str] = Counter()
    due: list[planting.Planted] = []
    long_work = 0.4 if waiting.hurried() else 30.0
    with provider(run, recordings_of=0.5) as sender:
        organization_id = sender.id
        counted = [*enqueue(organization_id, 2, milliseconds=int(long_work * 1000)), *enqueue(organization_id, 2)]
        _approve(organization_id, 1_000_000)
        while run.ran < run.count and not (run.over and run.ran):
            _work_comes_in(run, sender)
            due += planting.calls(organization_id, 2, ended_at=datetime.now(UTC) - timedelta(days=400))
            number = len(kinds)
            for kind in ("retention.sweep", "retention.settle", "retention.daily"):
                jobs.slot(kind, organization_id, f"soak-{run.ran}-{number}")
            counted += enqueue(organization_id, 1)
            _hold_and_release(run, organization_id)
            _work_off(run, organization_id, kinds)
        at_once([partial(app.tasks[name].apply) for name in _ticks() for _ in range(2)])
        _work_off(run, organization_id, kinds)
        had = effects(organization_id)
        run.check("each effect exactly once", all(had[one] == 1 for one in counted), str(set(had.values())))
        complete(run, sender)
        _finish(organization_id)
        seen = checker.at_rest(run, organization_id)
        gone = {row for one in due for row in (one.call, one.recording, one.transcript)}
        run.check("what was due is gone", not gone & seen.ids, f"{len(gone & seen.ids)} left")
        number = len(due)
        destroyed = dict.fromkeys(("call_metadata", "recording", "transcript"), number)
        checker.evidence(run, organization_id, destroyed)
        run.tell(kinds_of_jobs=len(kinds), kinds_there_are=len([k for k in registry.kinds() if k[:5] != "soak."]))
        run.note(f"Kinds that were delivered {DELIVERIES} times at once: {', '.join(sorted(kinds))}.")


def _work_off(run: Run, organization_id: UUID, kinds: Counter[str]) -> None:
    """Until nothing is due: every job to several processes at the same moment, and once more afterwards."""
    while batch := _due(organization_id)[:4]:
        works: list[Callable[[], object]] = [
            partial(jobs.run, job_id, organization_id) for job_id, _ in batch for _ in range(DELIVERIES)
        ]
        at_once(works)
        for job_id, kind in batch:
            with acting_for(organization_id):
                over = Job.objects.filter(id=job_id, state="done").exists()
            again = jobs.run(job_id, organization_id) if over else jobs.Outcome.NOT_OURS
            run.same("a job that is done does nothing", again, jobs.Outcome.NOT_OURS, kind)
            kinds[kind] += 1
        run.did(len(batch))


def _hold_and_release(run: Run, organization_id: UUID) -> None:
    """A hold is placed on one call and released again: both are worked off by jobs."""
    now = datetime.now(UTC)
    [one] = planting.calls(organization_id, 1, ended_at=now - timedelta(days=2))
    placed = holds.place(
        organization_id=organization_id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=one.call),
        reason="a claim",
        review_on=now.date() + timedelta(days=30),
        by=BY,
        at=now,
    )
    if run.random.random() < 0.5:
        holds.release(organization_id=organization_id, hold_id=placed.id, by=BY, at=now)


def _work_comes_in(run: Run, sender: Provider) -> None:
    """Calls at the door, in this process and without a web server: their jobs are what this is about."""
    for _ in range(2):
        name, body = sender.next_call(run.random)
        sender.journal.sends(name)
        headers = sender.line.headers(body, f"event-{name}")
        public_id = sender.line.path.rstrip("/").rpartition("/")[2]
        answer = receiving.receive("generic", public_id, headers, body, now=datetime.now(UTC))
        sender.journal.answered(name, answer.status)


def _due(organization_id: UUID) -> list[tuple[UUID, str]]:
    waiting.hasten(organization_id)
    with acting_for(organization_id):
        ready = Job.objects.filter(state="ready", run_at__lte=datetime.now(UTC)).order_by("id")
        return list(ready.values_list("id", "kind"))


def _ticks() -> list[str]:
    """The tasks of the schedule."""
    return sorted({entry["task"] for entry in app.conf.beat_schedule.values()} - {"jobs.sweep"})


@figure(
    "A11",
    "Three schedulers: every slot that is due runs exactly once",
    full=1_000,
    small=9,
    unit="slots",
    platform=True,
)
def three_schedulers(run: Run) -> None:
    platform = shared()
    organizations = [factories.organization().id for _ in range(3)]
    names = [f"beat-{number}" for number in range(2, BEATS + 1)]
    for name in names:
        platform.another(name, "beat")
    began = time.monotonic()
    try:
        for number in run.turns(len(organizations)):
            slot = f"soak/{run.seed}/{number}"
            kind = run.random.choice(["retention.sweep", "retention.settle", "retention.daily", "calls.poll"])
            at_once([partial(_fan_out, kind, slot)] * BEATS)
            if run.random.random() < 0.1:
                platform.kill(run.random.choice(names))
                platform.tend()
        if not waiting.hurried():
            time.sleep(max(0.0, 25.0 - (time.monotonic() - began)))
        for organization_id in organizations:
            waiting.drained(organization_id, seconds=180)
            _once(run, organization_id)
    finally:
        for name in names:
            platform.kill(name)
            del platform.programs[name]
    run.note(
        "Three beats ran beside each other all the time; so that slots come faster than every five minutes, three "
        "processes at once also ticked slots of the figure's own, through the same function."
    )


def _once(run: Run, organization_id: UUID) -> None:
    with acting_for(organization_id):
        slots = Counter(Slot.objects.values_list("kind", "slot"))
        planned = set(Slot.objects.values_list("job_id", flat=True))
        there = dict(Job.objects.filter(id__in=planned).values_list("id", "state"))
        kinds = {kind for kind, _ in slots}
        unplanned = Job.objects.filter(kind__in=kinds, unique_key="").exclude(id__in=planned).count()
    run.check("one row for each slot", set(slots.values()) == {1}, str(slots.most_common(2)))
    run.check("one job for each slot", len(there) == len(planned) == sum(slots.values()), f"{len(there)} jobs")
    run.check("no job without its slot", not unplanned, f"{unplanned}")
    run.check("every slot ran", set(there.values()) == {"done"}, str(Counter(there.values())))
    run.tell(slots_of_real_beats=sum(1 for _, slot in slots if not slot.startswith("soak/")))
