"""What is due: which rows of which model, computed at purge time from the setting and the database's now.

Nothing is stored on rows, so a changed setting needs no rewrite. `cutoff` is exact: a row is due when its clock lies
strictly before it (see `ground.clocks.periods`). Held rows and rows set aside are not due.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, Sum

from ground import clocks
from ground.inventory import PersonalData, declarations
from ground.inventory.outcomes import rows_of
from ground.profiles import Period
from retention.periods import Effective


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of one model that one period makes due: the category's, or an agent's shorter one.

    `start`: an agent's slice begins where the category's ends, so that nothing is counted twice.
    """

    declaration: PersonalData
    cutoff: datetime
    period: Period
    agent_id: UUID | None = None
    start: datetime | None = None

    def where(self) -> Q:
        """Rows whose time is over; the caller adds `declaration.free()`."""
        due = Q(**{f"{self.declaration.clock}__lt": self.cutoff}) & self.declaration.expirable
        if self.agent_id is not None and self.declaration.agent:
            due &= Q(**{self.declaration.agent: self.agent_id})
        if self.start is not None:
            due &= Q(**{f"{self.declaration.clock}__gte": self.start})
        return due


def database_now() -> datetime:
    """The database's clock, the only one that decides: a worker's wrong clock destroys nothing early."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    now: datetime = row[0]
    return now.astimezone(UTC)


def slices(effective: Effective, now: datetime, *, operator: bool = False) -> Iterator[Slice]:
    """Everything one category makes due at `now`. `operator`: tables without organization too."""
    cutoff = clocks.cutoff(now, effective.period)
    for declaration in declarations(effective.category):
        if not declaration.expires or (not declaration.tenant and not operator):
            continue
        yield Slice(declaration, cutoff, effective.period)
        if declaration.agent:
            for agent_id, period in sorted(effective.agents.items()):
                yield Slice(declaration, clocks.cutoff(now, period), period, agent_id, cutoff)


@dataclass(frozen=True, slots=True)
class Due:
    """How much is due and how old the oldest is."""

    rows: int
    bytes: int
    oldest: datetime | None


def measure(part: Slice, organization_id: UUID, *, since: datetime | None = None) -> Due:
    """Count what is due (its cost grows with what is due). `since`: only clocks from there on. Needs the context."""
    where = part.where() & part.declaration.free()
    if since is not None:
        where &= Q(**{f"{part.declaration.clock}__gte": since})
    rows: Any = rows_of(part.declaration, organization_id).filter(where)
    figures: dict[str, Any] = {"rows": Count("*")}
    if part.declaration.size:
        figures["bytes"] = Sum(part.declaration.size)
    found = rows.aggregate(**figures)
    oldest = None
    if found["rows"]:
        oldest = rows.order_by(part.declaration.clock).values_list(part.declaration.clock, flat=True)[:1][0]
    return Due(found["rows"], found.get("bytes") or 0, oldest)
