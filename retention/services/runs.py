"""The rows of a purge run: start, one line per category, finish with a certificate."""

from uuid import UUID

from django.db.models import F

from ground import audit, jobs
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


def repeats(organization_id: UUID, line: LineReport) -> bool:
    """Whether an open run says the same already (waits, or failed the same way): it is brought up to date instead.

    Otherwise a category that waits for a person would start a run every quarter of an hour.
    """
    if line.outcome.rows or line.state not in (RunState.WAITING, RunState.FAILED):
        return False
    with acting_for(organization_id):
        open_lines = PurgeLine.objects.filter(
            organization_id=organization_id, category=line.category, state=line.state, error=line.error, rows=0
        )
        newest = open_lines.order_by("-id").values_list("id", "run_id").first()
        if (
            newest is None
            or PurgeLine.objects.filter(
                organization_id=organization_id, category=line.category, id__gt=newest[0]
            ).exists()
        ):
            return False
        PurgeLine.objects.filter(id=newest[0]).update(due=line.due)
    return True


def answer_waiting(organization_id: UUID, category: str) -> None:
    """The category went through: older runs no longer wait for anybody because of it."""
    with acting_for(organization_id):
        waiting = PurgeLine.objects.filter(organization_id=organization_id, category=category, state=RunState.WAITING)
        run_ids = list(waiting.values_list("run_id", flat=True))
        waiting.update(state=RunState.DONE)
        for run_id in run_ids:
            states = set(PurgeLine.objects.filter(run_id=run_id).values_list("state", flat=True))
            state = next((state for state in _WORST_FIRST if state in states), RunState.DONE)
            PurgeRun.objects.filter(id=run_id, state=RunState.WAITING).update(state=state)


def ask_for_sweep(organization_id: UUID, *, by: Actor) -> None:
    """A person asks for a purge now instead of at the next quarter of an hour; asking twice is asking once."""
    with acting_for(organization_id):
        jobs.enqueue("retention.sweep", organization_id=organization_id, arguments={}, unique="asked")
        audit.append("retention.sweep_asked", organization_id=organization_id, actor=by)


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
