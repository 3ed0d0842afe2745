"""The rows of a purge run: start, one line per category, finish with a certificate."""

from uuid import UUID

from django.db.models import F

from ground import audit
from ground.tenancy import Actor, acting_for
from retention import due
from retention.models import PurgeLine, PurgeRun, RunState
from retention.services import certificates
from retention.services.plan import LineReport

_WORST_FIRST = (RunState.FAILED, RunState.WAITING, RunState.DONE)


def start(organization_id: UUID, *, by: Actor, trigger: str) -> PurgeRun:
    """A run has begun."""
    with acting_for(organization_id):
        return PurgeRun.objects.create(organization_id=organization_id, trigger=trigger, by=str(by))


def store_line(run: PurgeRun, line: LineReport) -> None:
    """Keep what one category did, and add it to the run's figures."""
    outcome = line.outcome
    figures = {
        "rows": outcome.rows,
        "keys": outcome.keys,
        "objects_total": outcome.objects,
        "bytes": outcome.bytes,
        "kept": outcome.kept,
        "set_aside": outcome.set_aside,
    }
    with acting_for(run.organization_id):
        PurgeLine.objects.create(
            organization_id=run.organization_id,
            run_id=run.id,
            category=line.category,
            period=line.period,
            origin=line.origin,
            cutoff=max((part.cutoff for part in line.parts), default=None),
            due=line.due,
            state=line.state,
            error=line.error,
            **figures,
        )
        PurgeRun.objects.filter(id=run.id).update(**{name: F(name) + value for name, value in figures.items()})


def finish(run: PurgeRun, *, by: Actor) -> PurgeRun:
    """Close a run by what its lines say, and issue its certificate if anything was destroyed."""
    with acting_for(run.organization_id):
        states = set(PurgeLine.objects.filter(run_id=run.id).values_list("state", flat=True))
        run.refresh_from_db()
        run.state = next((state for state in _WORST_FIRST if state in states), RunState.DONE)
        run.finished_at = due.database_now()
        run.save(update_fields=["state", "finished_at"])
        audit.append(
            "retention.run_finished",
            organization_id=run.organization_id,
            actor=by,
            object_type="purge_run",
            object_id=run.id,
            state=str(run.state),
            rows=run.rows,
        )
    if run.rows:
        certificates.issue_unreadable(run.organization_id, run.id)
    return run
