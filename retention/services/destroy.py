"""What destroying on demand, outside any period, would take. `grace` carries it out."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from ground.inventory import PersonalData, declarations
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.destruction import rows_of
from ground.tenancy import acting_for


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
