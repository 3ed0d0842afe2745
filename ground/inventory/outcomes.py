"""Words and figures of destruction, and the rows it speaks of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from ground.inventory.declarations import PersonalData, Row

BATCH_ROWS = 1250


class Reason(StrEnum):
    """Why something was destroyed; stands in batches, audit events and certificates."""

    EXPIRED = "expired"
    ERASURE = "erasure"
    MEMBER = "destroyed_by_member"
    CLOSED = "organization_closed"
    SUPERSEDED = "superseded"
    FORBIDDEN = "not_allowed_to_keep"


@dataclass(slots=True)
class Outcome:
    """What one or more batches did. `kept`: covered by a hold. `set_aside`: failed alone and waits for a person.

    `latest`: the youngest clock destroyed; whoever goes on oldest first need not look before it again.
    """

    rows: int = 0
    keys: int = 0
    objects: int = 0
    bytes: int = 0
    kept: int = 0
    set_aside: int = 0
    batches: list[UUID] = field(default_factory=list)
    latest: datetime | None = None

    def moved(self, declaration: PersonalData) -> bool:
        """Whether another batch may find something else: rows went, or were put out of the way."""
        return bool(self.rows or (self.set_aside and declaration.holdable))

    def include(self, other: "Outcome") -> None:
        """Add another batch's figures."""
        self.rows += other.rows
        self.keys += other.keys
        self.objects += other.objects
        self.bytes += other.bytes
        self.kept += other.kept
        self.set_aside += other.set_aside
        self.batches += other.batches
        self.latest = other.latest or self.latest


def any_of(ids: Iterable[UUID], column: Literal["id", "call_id"] = "id") -> RawSQL:
    """`column = ANY(array)`: one parameter however many ids, where `__in` would make a query of thousands."""
    if column == "id":
        return RawSQL("id = ANY(%s::uuid[])", [id_array(ids)], output_field=BooleanField())
    return RawSQL("call_id = ANY(%s::uuid[])", [id_array(ids)], output_field=BooleanField())


def id_array(ids: Iterable[UUID]) -> str:
    """Ids as the text of one SQL array: many times cheaper to send than a list."""
    return "{" + ",".join([each.hex for each in ids]) + "}"  # without dashes: half the time


def values(rows: Iterable[Row], column: str | None) -> list[Any]:
    """What stands in a declared column, where the model has it and the row fills it."""
    return [row[column] for row in rows if row[column]] if column else []


def rows_of(declaration: PersonalData, organization_id: UUID) -> Any:
    """All rows of the declared model that belong to the organization (operator-owned tables: all rows)."""
    manager = declaration.model._default_manager
    return manager.filter(organization_id=organization_id) if declaration.tenant else manager.all()
