"""Running one job: take the lease, call the handler, write the outcome if the lease is still ours.

Steps and what a crash leaves:
1. take (one transaction): the row says running, with a new token and an end. A crash leaves a lease that runs out.
2. the handler, outside a transaction, while the lease is renewed beside it. A crash leaves what it committed; handlers
   are safe to repeat.
3. outcome (one transaction), only under the same token. A paused worker that comes back too late changes nothing.

A holder that vanishes is a death. After three deaths the job is set aside with an alert: it kills workers.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from django.db.models import F, Value
from django.db.models.functions import Now
from django.utils import timezone

from ground import audit
from ground.jobs.exceptions import GiveUp, RetryLater, StaleLease, UnknownKind
from ground.jobs.holding import held
from ground.jobs.lease import Lease, hold
from ground.jobs.models import UNFINISHED, Job, State
from ground.jobs.registry import Handler, handler_of
from ground.tenancy import Actor, acting_for

log = structlog.get_logger(__name__)

DEATHS = 3
BY = Actor.system("jobs")


class Outcome(StrEnum):
    """What one call of `run` came to."""

    DONE = "done"
    RETRY = "retry"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    STALE = "stale"
    NOT_OURS = "not_ours"


def run(job_id: UUID, organization_id: UUID, *, overrun: Callable[[], None] | None = None) -> Outcome:
    """Run the job if it is due and nobody holds it. Safe to call at any time, any number of times, from anywhere.

    `overrun` is called (in a thread of its own) when the handler takes longer than it said.
    """
    taken = _take(job_id, organization_id)
    if isinstance(taken, Outcome):
        return taken
    lease, handler = taken
    try:
        with held(lease, overrun):
            handler.work(lease)
        if not lease.completed:
            lease.end(state=State.DONE, finished_at=Now(), last_error="")
        return Outcome.DONE
    except StaleLease:
        log.warning("jobs.stale_lease", job_id=str(job_id), kind=handler.kind)
        return Outcome.STALE
    except RetryLater as later:
        return _fenced(lease, handler, later, later.reason, seconds=later.seconds, counted=later.counted)
    except GiveUp as given_up:
        return _fenced(lease, handler, given_up, given_up.reason, final=True)
    except Exception as error:
        log.exception("jobs.attempt_failed", job_id=str(job_id), kind=handler.kind, attempt=lease.attempt)
        return _fenced(lease, handler, error, _code(error))


def _take(job_id: UUID, organization_id: UUID) -> tuple[Lease, Handler] | Outcome:
    with acting_for(organization_id):
        job = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(id=job_id, organization_id=organization_id, state__in=UNFINISHED)
            .annotate(now=Now())
            .first()
        )
        if job is None or (job.run_at if job.state == State.READY else job.leased_until) > job.now:
            return Outcome.NOT_OURS
        try:
            handler = handler_of(job.kind)
        except UnknownKind:
            audit.alerts.raise_alert(organization_id, "jobs.unknown_kind", job.kind)
            return Outcome.NOT_OURS
        deaths = job.deaths + (job.state == State.RUNNING)
        row = Job.objects.filter(id=job_id, organization_id=organization_id)
        if deaths >= DEATHS:
            row.update(
                state=State.QUARANTINED,
                deaths=deaths,
                lease_token=F("lease_token") + 1,
                leased_until=None,
                finished_at=Now(),
                last_error="died",
            )
            _announce("jobs.quarantined", job, deaths=deaths)
            return Outcome.QUARANTINED
        row.update(
            state=State.RUNNING,
            attempts=F("attempts") + 1,
            deaths=deaths,
            lease_token=F("lease_token") + 1,
            leased_until=hold(handler.lease_seconds),
        )
        lease = Lease(
            job.id,
            organization_id,
            job.kind,
            job.arguments,
            attempt=job.attempts + 1,
            token=job.lease_token + 1,
            seconds=handler.lease_seconds,
        )
    return lease, handler


def _fenced(
    lease: Lease,
    handler: Handler,
    error: Exception,
    code: str,
    *,
    seconds: float | None = None,
    counted: bool = True,
    final: bool = False,
) -> Outcome:
    """Write what a failed attempt comes to: another one later, or the end with an alert."""
    last_error = f"{type(error).__name__}:{code}"[:128] if code else type(error).__name__[:128]
    exhausted = counted and lease.attempt >= handler.attempts
    try:
        if final or exhausted:
            with acting_for(lease.organization_id):
                lease.end(state=State.FAILED, finished_at=Now(), last_error=last_error)
                job = Job.objects.get(id=lease.job_id, organization_id=lease.organization_id)
                _announce("jobs.failed", job, attempts=job.attempts)
            return Outcome.FAILED
        wait = handler.backoff(lease.attempt) if seconds is None else seconds
        lease.end(
            state=State.READY,
            run_at=Now() + Value(timedelta(seconds=wait)),
            woken_at=None,
            attempts=lease.attempt if counted else lease.attempt - 1,
            last_error=last_error,
        )
    except StaleLease:
        log.warning("jobs.stale_lease", job_id=str(lease.job_id), kind=handler.kind)
        return Outcome.STALE
    return Outcome.RETRY


def _announce(event: str, job: Job, **counts: Any) -> None:
    """The alert of this kind of job, and the evidence about this one."""
    audit.alerts.raise_alert(job.organization_id, event, job.kind, job=job.id, **counts)
    audit.append(
        event,
        organization_id=job.organization_id,
        actor=BY,
        object_type="jobs.job",
        object_id=job.id,
        job_kind=job.kind,
        at=timezone.now(),
        **counts,
    )


def _code(error: Exception) -> str:
    """An exception's own short code, when it has one that is a plain word."""
    try:
        return audit.token(str(getattr(error, "code", "") or ""), "code")
    except ValueError:
        return ""
