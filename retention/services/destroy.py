"""Destroying on demand, outside any period: preview, confirm, destroy, certificate."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from ground import vault
from ground.inventory import PersonalData, declarations, destruction, removals
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.destruction import Reason, rows_of
from ground.inventory.exceptions import OnLegalHold
from ground.tenancy import Actor, acting_for
from retention.exceptions import NothingSelected, WrongConfirmation
from retention.models import PurgeRun, RunState
from retention.services import runs
from retention.services.plan import LineReport


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows of one model that would go, and those a hold keeps."""

    declaration: PersonalData
    where: Q
    rows: int
    held: int

    @property
    def free(self) -> int:
        """Rows that would go."""
        return self.rows - self.held


def selection_of_call(organization_id: UUID, call_id: UUID) -> list[Selected]:
    """Everything held about one call, by the same walk that holds use."""
    scope = HoldScope(kind=ScopeKind.CALL, call_id=call_id)
    return _selection(organization_id, scope)


def _selection(organization_id: UUID, scope: HoldScope) -> list[Selected]:
    selected = []
    with acting_for(organization_id):
        for declaration in declarations():
            where = declaration.hold(scope) if declaration.tenant and declaration.holdable else None
            if where is None:
                continue
            rows = rows_of(declaration, organization_id).filter(where)
            count = rows.count()
            if count:
                selected.append(Selected(declaration, where, count, rows.filter(held=True).count()))
    return selected


def destroy(
    *, organization_id: UUID, selection: Sequence[Selected], by: Actor, confirmed_rows: int, trigger: str = "member"
) -> PurgeRun:
    """Destroy a previewed selection now; the run's certificate is issued with it. What a hold keeps stays.

    Raises NothingSelected, OnLegalHold (everything is held), WrongConfirmation (the number is not the preview's).
    """
    vault.gate.require_open()
    free = sum(part.rows - part.held for part in selection)
    if not selection:
        raise NothingSelected("nothing is held any more")
    if free == 0:
        raise OnLegalHold(sum(part.held for part in selection))
    if confirmed_rows != free:
        raise WrongConfirmation(f"{free} records would be destroyed; {confirmed_rows} was confirmed")
    run = runs.start(organization_id, by=by, trigger=trigger)
    for part in sorted(selection, key=lambda part: part.declaration.category == "call_metadata"):
        line = LineReport(part.declaration.category, due=part.rows)
        line.outcome = destruction.destroy_now(
            part.declaration, organization_id, where=part.where, reason=Reason.MEMBER, by=by, run_id=run.id
        )
        line.outcome.kept = max(line.outcome.kept, part.held)
        line.state = RunState.DONE
        runs.store_line(run, line)
    removals.remove_objects(organization_id)
    return runs.finish(run, by=by)
