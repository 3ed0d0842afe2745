"""The rows of a purge run: start, one line per category, finish with a certificate."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from ground import audit, jobs
from ground.inventory import destruction
from ground.inventory.models import BatchState, DestructionBatch
from ground.inventory.outcomes import Outcome
from ground.tenancy import Actor, acting_for
from retention import due
from retention.models import Certificate, PurgeLine, PurgeRun, RunState
from retention.services import certificates
from retention.services.plan import LineReport

ABANDONED_AFTER = timedelta(minutes=15)  # longer than the lease of a run
_CLOSED_AT_MOST = 50
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


def close_abandoned(organization_id: UUID) -> int:
    """Runs whose process died: their lines are written from what their batches did, then they end like any other.

    Also runs that ended but died before their certificate. Returns how many were closed. Safe to repeat.
    """
    quiet = due.database_now() - ABANDONED_AFTER
    with acting_for(organization_id):
        recent = PurgeRun.objects.filter(organization_id=organization_id).order_by("-started_at")
        running = list(recent.filter(state=RunState.RUNNING, started_at__lt=quiet)[:_CLOSED_AT_MOST])
        issued = Certificate.objects.filter(organization_id=organization_id, run_id=OuterRef("id"))
        since = quiet - timedelta(days=30)
        bare = list(
            recent.filter(~Exists(issued), rows__gt=0, finished_at__lt=quiet, started_at__gt=since).values_list(
                "id", flat=True
            )[:_CLOSED_AT_MOST]
        )
    closed = sum(_close(run, quiet) for run in running)
    for run_id in bare:
        certificates.issue_unreadable(organization_id, run_id)
    return closed + len(bare)


def _close(run: PurgeRun, quiet: datetime) -> bool:
    batches = DestructionBatch.objects.filter(organization_id=run.organization_id, run_id=run.id)
    with acting_for(run.organization_id):
        if not PurgeRun.objects.select_for_update().filter(id=run.id, state=RunState.RUNNING).exists():
            return False
        if batches.filter(Q(claimed_at__gt=quiet) | Q(state=BatchState.CLAIMED)).exists():
            return False  # still at work, or a claim waits to be resumed
        write_lines(run)
    finish(run, by=destruction.actor_from(run.by))
    return True


def write_lines(run: PurgeRun, outcomes: Mapping[str, Outcome] | None = None) -> None:
    """One line for each category that has none yet, from what the run's batches did. Safe to repeat.

    `outcomes` by category add what no batch tells: how many rows a hold kept, how many were set aside.
    """
    with acting_for(run.organization_id):
        written = set(PurgeLine.objects.filter(run_id=run.id).values_list("category", flat=True))
        batches = DestructionBatch.objects.filter(organization_id=run.organization_id, run_id=run.id)
        lines = {line.category: line for line in _lines_of(batches.defer("row_ids"))}
        for category, told in (outcomes or {}).items():
            line = lines.setdefault(category, LineReport(category))
            line.outcome.kept, line.outcome.set_aside = told.kept, told.set_aside
            line.due += told.kept + told.set_aside
        for category in sorted(lines.keys() - written):
            store_line(run, lines[category])


def _lines_of(batches: Iterable[DestructionBatch]) -> list[LineReport]:
    """One line per category, from what the batches did."""
    lines: dict[str, LineReport] = {}
    for batch in batches:
        line = lines.setdefault(batch.category, LineReport(batch.category))
        line.outcome.include(Outcome(batch.rows, batch.keys, batch.objects_total, batch.bytes))
        line.due = line.outcome.rows
    return [lines[category] for category in sorted(lines)]


def adopt(organization_id: UUID, strays: Q, *, limit: int) -> int:
    """Batches that belong to no run get one for each (who, why), and with it a certificate. Returns how many runs.

    Whoever adopts first locks them; a crash before the end leaves a run that `close_abandoned` closes.
    """
    with acting_for(organization_id):
        found = DestructionBatch.objects.filter(strays, organization_id=organization_id, run_id=None, rows__gt=0)
        locked = found.select_for_update(skip_locked=True).order_by("id").defer("row_ids")[:limit]
        groups: dict[tuple[str, str], list[DestructionBatch]] = {}
        for batch in locked:
            groups.setdefault((batch.by, batch.reason), []).append(batch)
        adopted = []
        for (by, reason), group in sorted(groups.items()):
            actor = destruction.actor_from(by)
            run = start(organization_id, by=actor, trigger=reason)
            DestructionBatch.objects.filter(id__in=[batch.id for batch in group]).update(run_id=run.id)
            for line in _lines_of(group):
                store_line(run, line)
            adopted.append((run, actor))
    for run, actor in adopted:
        finish(run, by=actor)
    return len(adopted)
