"""One walk over all declarations: find, export, erase. Access, erasure and the register use nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ground.inventory.declarations import PersonalData, Subject, declarations
from ground.inventory.destruction import Outcome, Reason, destroy_now, rows_of
from ground.tenancy import Actor, acting_for


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one model that belong to the person; `held` of them are kept by a hold or restriction."""

    declaration: PersonalData
    rows: int
    held: int


def find(subject: Subject) -> list[Found]:
    """What is held about the person, by model; models with nothing are left out."""
    found = []
    with acting_for(subject.organization_id):
        for declaration, where in _reachable(subject):
            rows = rows_of(declaration, subject.organization_id).filter(where)
            count = rows.count()
            if count:
                held = rows.filter(held=True).count() if declaration.holdable else 0
                found.append(Found(declaration, count, held))
    return found


def export(subject: Subject, *, page: int = 200) -> Iterator[tuple[str, dict[str, Any]]]:
    """(category, record) for everything held about the person, opened. Streams; each page is its own transaction."""
    organization_id: UUID = subject.organization_id
    for declaration, where in _reachable(subject):
        last = None
        while True:
            with acting_for(organization_id):
                rows = rows_of(declaration, organization_id).filter(where).order_by("id")
                batch = list(rows.filter(id__gt=last)[:page] if last is not None else rows[:page])
                records = declaration.export(organization_id, batch) if batch else []
            yield from ((declaration.category, record) for record in records)
            if len(batch) < page:
                break
            last = batch[-1].pk


def erase(subject: Subject, *, by: Actor) -> dict[str, Outcome]:
    """Destroy everything held about the person that no hold keeps. Outcome per model label; `kept` names the rest."""
    outcomes = {}
    for found in find(subject):
        declaration = found.declaration
        where = declaration.find(subject)
        assert where is not None
        outcome = destroy_now(declaration, subject.organization_id, where=where, reason=Reason.ERASURE, by=by)
        outcome.kept = max(outcome.kept, found.held)
        outcomes[declaration.label] = outcome
    return outcomes


def _reachable(subject: Subject) -> Iterator[tuple[PersonalData, Any]]:
    for declaration in declarations():
        where = declaration.find(subject) if declaration.tenant else None
        if where is not None:
            yield declaration, where
