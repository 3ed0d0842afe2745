"""What destroying on demand, outside any period, would take. `grace` carries it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from contacts.models import Contact
from ground.inventory import PersonalData, declarations
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.destruction import rows_of
from ground.tenancy import acting_for
from retention.planned import Kind, Thing


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


def selection_of(organization_id: UUID, thing: Thing) -> list[Selected]:
    """Everything held about one call, by the same walk that holds use; of a contact its details. Calls with a person
    stay until their own periods end."""
    with acting_for(organization_id):
        found = (_select(declaration, where, organization_id) for declaration, where in _parts(thing))
        return [selected for selected in found if selected.rows]


def _parts(thing: Thing) -> Iterator[tuple[PersonalData, Q]]:
    for declaration in declarations():
        if thing.kind == Kind.CONTACT:
            if declaration.model is Contact:
                yield declaration, Q(id=thing.id)
        elif declaration.tenant and declaration.holdable:
            where = declaration.hold(HoldScope(kind=ScopeKind.CALL, call_id=thing.id))
            if where is not None:
                yield declaration, where


def _select(declaration: PersonalData, where: Q, organization_id: UUID) -> Selected:
    rows = rows_of(declaration, organization_id).filter(where)
    return Selected(declaration, where, rows.count(), rows.filter(held=True).count())
