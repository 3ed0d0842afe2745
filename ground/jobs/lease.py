"""The lease: what a handler holds while it works, and its fence.

A worker that was paused past its lease does not know it. Every write of its outcome is therefore conditional on the
token; effects in the database are safe when their transaction calls `guard()` or `complete()`: both lock the job's row.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from ground.jobs.exceptions import StaleLease
from ground.jobs.models import Job, State
from ground.jobs.querysets import JobQuerySet
from ground.tenancy import acting_for

HOLD_SECONDS = 30.0  # so long nobody else takes the job after a sign of life (see `holding`)


def hold(left: float) -> CombinedExpression:
    """The end of a lease whose holder has so many seconds left for its work."""
    return Now() + Value(timedelta(seconds=min(HOLD_SECONDS, left)))


@dataclass(slots=True)
class Lease:
    """`attempt` counts from 1. `arguments` are the job's: ids only. One stretch of work takes `seconds` at most."""

    job_id: UUID
    organization_id: UUID
    kind: str
    arguments: dict[str, Any]
    attempt: int
    token: int
    seconds: int
    completed: bool = field(default=False, init=False)
    _ends_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._ends_at = time.monotonic() + self.seconds

    @property
    def left(self) -> float:
        """Seconds left of this stretch."""
        return self._ends_at - time.monotonic()

    def extend(self) -> None:
        """Another full stretch from now, between transactions. StaleLease when the job is no longer ours."""
        self._ends_at = time.monotonic() + self.seconds
        self.renew()

    def renew(self) -> None:
        """A sign of life, between transactions. StaleLease when the job is no longer ours."""
        with acting_for(self.organization_id):
            self._write(leased_until=hold(self.left))

    def guard(self) -> None:
        """Inside the caller's transaction: it commits only while the job is ours, and nobody takes it meanwhile."""
        if not self._mine().select_for_update().values_list("id", flat=True).first():
            raise StaleLease(f"job {self.job_id} is no longer ours")

    def complete(self) -> None:
        """Inside the caller's transaction: the job is done exactly when its effects are committed."""
        self._write(state=State.DONE, leased_until=None, finished_at=Now(), last_error="")
        self.completed = True

    def end(self, **changes: Any) -> None:
        """Write an outcome in a transaction of its own; StaleLease when the job is no longer ours."""
        with acting_for(self.organization_id):
            self._write(leased_until=None, **changes)

    def _mine(self) -> JobQuerySet:
        return JobQuerySet(Job).filter(
            id=self.job_id, organization_id=self.organization_id, state=State.RUNNING, lease_token=self.token
        )

    def _write(self, **changes: Any) -> None:
        if not self._mine().update(**changes):
            raise StaleLease(f"job {self.job_id} is no longer ours")
