"""What people may do with jobs, and the removal of finished rows."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models.functions import Now

from ground import audit
from ground.jobs.models import Job, Slot, State
from ground.tenancy import Actor, acting_for


def cancel(job_id: UUID, *, organization_id: UUID, by: Actor) -> bool:
    """Cancel a job that has not begun; False when it has (a running one is not interrupted)."""
    return _move(job_id, organization_id, by, State.READY, "jobs.cancelled", state=State.CANCELLED, finished_at=Now())


def release(job_id: UUID, *, organization_id: UUID, by: Actor) -> bool:
    """Let a quarantined job run again, with its deaths forgotten; False when it is not in quarantine (any more).

    When the same unique work was enqueued again meanwhile, that one stands for both: False.
    """
    try:
        return _move(
            job_id,
            organization_id,
            by,
            State.QUARANTINED,
            "jobs.released",
            state=State.READY,
            deaths=0,
            attempts=0,
            run_at=Now(),
            woken_at=None,
            finished_at=None,
        )
    except IntegrityError:
        return False


def purge_finished(organization_id: UUID, *, before: datetime, limit: int = 5_000) -> int:
    """Delete rows finished before the moment, oldest first, at most `limit`; and the slots of that time."""
    with acting_for(organization_id):
        finished = Job.objects.finished_before(before).filter(organization_id=organization_id)
        ids = list(finished.order_by("finished_at", "id").values_list("id", flat=True)[:limit])
        Job.objects.filter(organization_id=organization_id, id__in=ids).delete()
        slots = Slot.objects.filter(organization_id=organization_id, created_at__lt=before)
        Slot.objects.filter(id__in=list(slots.values_list("id", flat=True)[:limit])).delete()
    return len(ids)


def _move(job_id: UUID, organization_id: UUID, by: Actor, only_if: State, event: str, **changes: object) -> bool:
    with acting_for(organization_id):
        row = Job.objects.filter(id=job_id, organization_id=organization_id, state=only_if)
        if not row.update(**changes):
            return False
        audit.append(event, organization_id=organization_id, actor=by, object_type="jobs.job", object_id=job_id)
    return True
