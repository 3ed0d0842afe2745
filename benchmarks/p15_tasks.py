"""P15: purging as a worker does it: how much one Celery task destroys, and what the frame around it costs."""

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch
from uuid import UUID

from benchmarks import world
from benchmarks.harness import Bench, at_least, at_most
from benchmarks.p02_row_purge import DUE, prepared
from ground import jobs
from ground.jobs.models import Job
from ground.jobs.tasks import run_job
from ground.tenancy import acting_for
from retention.services import overdue, sweep

TITLE = "Tasks: records destroyed by one Celery task, and the share of the framework"
SENT = 50


def measure(bench: Bench) -> None:
    """The task itself, with Celery's tracing, the job's row, its lease and its outcome; the broker by itself."""
    organization_id = world.organization()
    records: list[float] = []
    shares: list[float] = []
    for _ in range(bench.rounds):
        prepared(organization_id)
        whole, inside, rows, tasks = _run(organization_id)
        records.append(rows / tasks)
        shares.append(100 * (whole - inside + tasks * _send()) / whole)
    bench.figure("records destroyed by one task", records, unit="records", bound=at_least(500))
    bench.figure("share of Celery, broker and job row in the time of a purge", shares, unit="%", bound=at_most(5))
    bench.note(f"{DUE:,} due transcripts of one organization a round. A task goes on for up to five minutes.")


def _run(organization_id: UUID) -> tuple[float, float, int, int]:
    """Seconds of all tasks, of the purge and its figures inside them; rows destroyed; tasks taken."""
    spent: list[float] = []
    done: list[int] = []

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(**arguments: Any) -> Any:
            began = time.perf_counter()
            report = work(**arguments)
            spent.append(time.perf_counter() - began)
            done.append(report.rows)
            return report

        return run

    def beside(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> None:
            began = time.perf_counter()
            work(*arguments)
            spent.append(time.perf_counter() - began)

        return run

    tasks, whole = 0, 0.0
    measuring = patch.object(overdue, "measure", beside(overdue.measure))
    with patch.object(sweep, "purge_expired", timed(sweep.purge_expired)), measuring:
        while sum(done) < DUE:
            job_id = _asked(organization_id)
            began = time.perf_counter()
            run_job.apply(args=[str(job_id), str(organization_id)], throw=True)
            whole += time.perf_counter() - began
            tasks += 1
    return whole, sum(spent), sum(done), tasks


def _asked(organization_id: UUID) -> UUID:
    """The job that waits: approving what is due has asked for one."""
    with acting_for(organization_id):
        waiting = Job.objects.filter(organization_id=organization_id, kind="retention.sweep", state="ready").first()
        if waiting is None:
            jobs.enqueue("retention.sweep", organization_id=organization_id, arguments={}, unique="asked")
            waiting = Job.objects.get(organization_id=organization_id, kind="retention.sweep", state="ready")
    identifier: UUID = waiting.id
    return identifier


def _send() -> float:
    """Seconds in which one message reaches the broker."""
    began = time.perf_counter()
    for _ in range(SENT):
        run_job.apply_async(args=[str(UUID(int=0)), str(UUID(int=0))])
    return (time.perf_counter() - began) / SENT
