"""Celery entry points: ids in, one service call. Celery wakes, the rows decide."""

import os
from uuid import UUID

from billiard import current_process
from celery import shared_task

from ground.jobs.services import running, sweeping


@shared_task(name="jobs.run")
def run_job(job_id: str, organization_id: str) -> None:
    """Run one job if it is due; delivered twice it does nothing the second time."""
    running.run(UUID(job_id), UUID(organization_id), overrun=_end_process if current_process().daemon else None)


def _end_process() -> None:
    """A pool process stuck in work that is no longer its own makes room: Celery starts another in its place."""
    os._exit(1)


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Every few seconds: wake what is due and what dead workers left."""
    sweeping.sweep()
