"""Waiting for the platform to come to rest, and helping time along where only patience is asked for."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from ground import jobs
from ground.jobs import broker
from ground.jobs.models import UNFINISHED, Job
from ground.tenancy import acting_for

HURRY = "SOAK_HURRY"  # in the environment of the programs: short leases, for small counts


def hurried() -> bool:
    return os.environ.get(HURRY) == "1"


def eventually(happened: Callable[[], object], *, seconds: float, every: float = 0.1) -> float | None:
    """Seconds until it happened; None when it did not in time."""
    began = time.monotonic()
    while not happened():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(every)
    return time.monotonic() - began


def outstanding(organization_id: UUID, *, kind: str = "") -> int:
    """Jobs that are not finished, save those planned for later than the next hour."""
    with acting_for(organization_id):
        found = Job.objects.filter(state__in=UNFINISHED, run_at__lt=datetime.now(UTC) + timedelta(hours=1))
        return (found.filter(kind=kind) if kind else found).count()


def drained(organization_id: UUID, *, seconds: float, kind: str = "") -> float | None:
    """Seconds until every job is finished. Backoff is not waited for: nothing here is about how long it is."""

    def rest() -> bool:
        hasten(organization_id)
        return not outstanding(organization_id, kind=kind)

    return eventually(rest, seconds=seconds, every=0.5)


def hasten(organization_id: UUID) -> None:
    """Attempts that wait for a retry go now. Leases of the dead run out by themselves, unless everything is hurried."""
    now = datetime.now(UTC)
    with acting_for(organization_id):
        again = Q(attempts__gt=0) | ~Q(last_error="")  # waiting for another run is no attempt
        Job.objects.filter(again, state="ready", run_at__range=(now, now + timedelta(hours=1))).update(
            run_at=now, woken_at=None
        )
        if hurried():
            Job.objects.filter(state="running", leased_until__lt=now, woken_at__isnull=False).update(woken_at=None)
            Job.objects.filter(state="ready", woken_at__lt=now - timedelta(seconds=5)).update(woken_at=None)
    if hurried():
        broker.forget_failure()
        jobs.sweep()
