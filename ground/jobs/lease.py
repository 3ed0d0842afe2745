"""The lease: what a handler holds while it works, and its fence.

A worker that was paused past its lease does not know it. Every write of its outcome is therefore conditional on the
token; effects in the database are safe when their transaction calls `guard()` or `complete()`: both lock the job's row.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Now

from ground.jobs.exceptions import StaleLease
from ground.jobs.models import Job, State
from ground.jobs.querysets import JobQuerySet
from ground.tenancy import acting_for


@dataclass(slots=True)
class Lease:
    """`attempt` counts from 1. `arguments` are the job's. Ids only."""

    job_id: UUID
    organization_id: UUID
    kind: str
    arguments: dict[str, Any]
    attempt: int
    token: int
    seconds: int
    completed: bool = field(default=False, init=False)

    def extend(self) -> None:
        """Hold the job for another full lease from now, between transactions. StaleLease when it is no longer ours."""
        with acting_for(self.organization_id):
            self._write(leased_until=Now() + Value(timedelta(seconds=self.seconds)))

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
