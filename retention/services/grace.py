"""A call or a contact to be destroyed before its time: confirmed, ten minutes in which it can be undone, then gone.

Destroyed keys cannot be brought back, so the wait comes before the first step. A row remembers the confirmation and a
job becomes due with it; nothing else happens until then: it stays readable, a hold can still be placed.

Steps of the job, and what a crash leaves:
  1. take     in one transaction: the row is locked and looked at once more. A hold came, or more is there than was
              confirmed: nothing is destroyed and the row says why. Otherwise it says `started` and names a new run.
              Whoever undoes locks the same row: either it is undone, or it has started, never both.
  2. destroy  part by part, a call's own row last, each by the steps of `ground.inventory.destruction`. A crash leaves
              claims and parts; the next attempt executes the run's claims and goes on with what is left.
  3. end      lines from what the batches did, the certificate, then the row says `destroyed`. A crash before the end is
              ended by the next attempt, or by the sweep, whichever comes first.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from ground import audit, jobs, vault
from ground.inventory import destruction, removals
from ground.inventory.destruction import Reason
from ground.inventory.exceptions import OnLegalHold
from ground.inventory.models import BatchState, DestructionBatch
from ground.inventory.outcomes import Outcome
from ground.tenancy import Actor, acting_for
from retention import due
from retention.exceptions import NothingSelected, NothingToUndo, WrongConfirmation
from retention.models import PurgeRun, RunState
from retention.planned import Kind, PlannedDestruction, PlanState, Thing
from retention.services import runs
from retention.services.destroy import Selected, selection_of

_OPEN = (PlanState.WAITING, PlanState.STARTED)


def grace() -> timedelta:
    """How long a confirmed destruction waits."""
    return timedelta(seconds=settings.DESTRUCTION_GRACE_SECONDS)


def plan(*, organization_id: UUID, thing: Thing, confirmed_rows: int, by: Actor) -> PlannedDestruction:
    """It will be destroyed after the grace, unless somebody undoes it. Planning twice is planning once.

    Raises NothingSelected, OnLegalHold (everything is held), WrongConfirmation (the number is not the preview's).
    """
    vault.gate.require_open()
    selection = selection_of(organization_id, thing)
    free = _free(selection)
    with acting_for(organization_id):
        if standing := _of(organization_id, thing).filter(state__in=_OPEN).first():
            return standing
        if not selection:
            raise NothingSelected("nothing is held any more")
        if free == 0:
            raise OnLegalHold(sum(part.held for part in selection))
        if confirmed_rows != free:
            raise WrongConfirmation(f"{free} records would be destroyed; {confirmed_rows} was confirmed")
        now = due.database_now()
        made: PlannedDestruction = PlannedDestruction.objects.create(
            organization_id=organization_id,
            object_type=thing.kind,
            object_id=thing.id,
            records=free,
            planned_by=str(by),
            planned_at=now,
            due_at=now + grace(),
        )
        jobs.enqueue(
            "retention.destroy_planned",
            organization_id=organization_id,
            arguments={"planned": str(made.id)},
            unique=str(made.id),
            run_at=made.due_at,
        )
        _note("retention.destruction_planned", made, by, records=free, due_at=made.due_at)
    return made


def undo(*, organization_id: UUID, thing: Thing, by: Actor) -> PlannedDestruction:
    """Nothing of it is destroyed. Raises NothingToUndo once the destruction has begun, or if none waits."""
    with acting_for(organization_id):
        found = _of(organization_id, thing).select_for_update().filter(state=PlanState.WAITING).first()
        if found is None:
            raise NothingToUndo("no destruction of it waits")
        _end(found, PlanState.UNDONE, by=by)
        _note("retention.destruction_undone", found, by, records=found.records)
    return found


def newest(organization_id: UUID, thing: Thing) -> PlannedDestruction | None:
    """The last plan for it. Needs the context."""
    found: PlannedDestruction | None = _of(organization_id, thing).order_by("-id").first()
    return found


def waiting(organization_id: UUID) -> QuerySet[PlannedDestruction]:
    """What can still be undone, the next to go first. Needs the context."""
    found = PlannedDestruction.objects.filter(organization_id=organization_id, state=PlanState.WAITING)
    return found.order_by("due_at")


def endings(organization_id: UUID, kind: Kind, ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When those of these whose destruction is confirmed will be destroyed, or were to be. Needs the context."""
    found = PlannedDestruction.objects.filter(
        organization_id=organization_id, object_type=kind, object_id__in=list(ids), state__in=_OPEN
    )
    return dict(found.values_list("object_id", "due_at"))


def destroyed_so_far(planned: PlannedDestruction) -> int:
    """Records of a started plan that are gone. Needs the context."""
    batches = DestructionBatch.objects.filter(organization_id=planned.organization_id, run_id=planned.run_id)
    return sum(batches.values_list("rows", flat=True)) if planned.run_id else 0


def carry_out(organization_id: UUID, planned_id: UUID) -> None:
    """The grace is over. Safe to repeat after a crash anywhere; see the steps above. Raises VaultError."""
    vault.gate.require_open()
    taken = _take(organization_id, planned_id)
    if taken is None:
        return
    planned, run = taken
    by = destruction.actor_from(planned.planned_by)
    for batch_id in _claims(run):
        destruction.execute(organization_id, batch_id)
    outcomes: dict[str, Outcome] = {}
    selection = selection_of(organization_id, planned.thing)
    for part in sorted(selection, key=lambda part: part.declaration.category == "call_metadata"):
        done = destruction.destroy_now(
            part.declaration, organization_id, where=part.where, reason=Reason.MEMBER, by=by, run_id=run.id
        )
        outcomes.setdefault(part.declaration.category, Outcome()).include(done)
    removals.remove_objects(organization_id)
    runs.write_lines(run, outcomes)
    runs.finish(run, by=by)
    with acting_for(organization_id):
        mine = PlannedDestruction.objects.select_for_update().filter(id=planned_id, state=PlanState.STARTED).first()
        if mine is not None:
            _end(mine, PlanState.DESTROYED, by=by)


# ------------------------------------------------------------------ inside
def _take(organization_id: UUID, planned_id: UUID) -> tuple[PlannedDestruction, PurgeRun] | None:
    """Step 1: the plan and its run; None when there is nothing (more) to do."""
    selection: list[Selected] | None = None
    with acting_for(organization_id):
        planned = (
            PlannedDestruction.objects.select_for_update()
            .filter(organization_id=organization_id, id=planned_id)
            .first()
        )
        if planned is None or planned.state not in _OPEN:
            return None
        selection = selection_of(organization_id, planned.thing)
        by = destruction.actor_from(planned.planned_by)
        run = _run(planned)
        if planned.state == PlanState.STARTED and run is not None:
            if run.state == RunState.RUNNING:
                return planned, run
            if not selection:  # the sweep ended what a crash had left
                _end(planned, PlanState.DESTROYED, by=by)
                return None
        elif refusal := _refusal(planned, selection):
            planned.refusal = refusal
            _end(planned, PlanState.REFUSED, by=Actor.system("retention"))
            _note("retention.destruction_refused", planned, Actor.system("retention"), why=refusal)
            return None
        elif not selection:  # gone meanwhile by another way, with a certificate of its own
            _end(planned, PlanState.DESTROYED, by=Actor.system("retention"))
            return None
        run = runs.start(organization_id, by=by, trigger="member")
        planned.state, planned.run_id = PlanState.STARTED, run.id
        planned.save(update_fields=["state", "run_id"])
        return planned, run


def _run(planned: PlannedDestruction) -> PurgeRun | None:
    if planned.run_id is None:
        return None
    return PurgeRun.objects.filter(organization_id=planned.organization_id, id=planned.run_id).first()


def _refusal(planned: PlannedDestruction, selection: list[Selected]) -> str:
    if selection and _free(selection) == 0:
        return "held"
    return "changed" if _free(selection) > planned.records else ""


def _claims(run: PurgeRun) -> list[UUID]:
    """What an attempt that died had claimed."""
    with acting_for(run.organization_id):
        claimed = DestructionBatch.objects.filter(
            organization_id=run.organization_id, run_id=run.id, state=BatchState.CLAIMED
        )
        return list(claimed.order_by("claimed_at").values_list("id", flat=True))


def _free(selection: list[Selected]) -> int:
    return sum(part.free for part in selection)


def _of(organization_id: UUID, thing: Thing) -> QuerySet[PlannedDestruction]:
    return PlannedDestruction.objects.filter(
        organization_id=organization_id, object_type=thing.kind, object_id=thing.id
    )


def _end(planned: PlannedDestruction, state: PlanState, *, by: Actor) -> None:
    planned.state, planned.ended_at, planned.ended_by = state, due.database_now(), str(by)
    planned.save(update_fields=["state", "refusal", "ended_at", "ended_by"])


def _note(kind: str, planned: PlannedDestruction, by: Actor, **payload: Any) -> None:
    audit.append(
        kind,
        organization_id=planned.organization_id,
        actor=by,
        object_type=planned.object_type,
        object_id=planned.object_id,
        **payload,
    )
