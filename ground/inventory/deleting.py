"""Deleting locked rows, added up by the database as they go: how many, how large, of which days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from psycopg import sql

from ground.inventory import tally
from ground.inventory.declarations import PersonalData
from ground.inventory.outcomes import id_array

_DELETE = """
    WITH gone AS (DELETE FROM {table} WHERE id = ANY(%s::uuid[]) RETURNING {clock} AS clock, {size} AS size)
    SELECT (clock AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(size), 0), min(clock), max(clock)
    FROM gone GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one statement deleted. `by_day`: of the clock, in UTC; None where the model has no clock."""

    by_day: dict[date | None, tally.Amount]
    earliest: datetime | None
    latest: datetime | None

    @property
    def rows(self) -> int:
        return sum(amount.rows for amount in self.by_day.values())

    @property
    def bytes(self) -> int:
        return sum(amount.bytes for amount in self.by_day.values())


def delete_rows(declaration: PersonalData, ids: Iterable[UUID]) -> Deleted:
    """Delete rows that the caller's transaction has locked; `count_out` takes them out of the tally."""
    statement = sql.SQL(_DELETE).format(
        table=sql.Identifier(declaration.table),
        clock=sql.Identifier(declaration.clock) if declaration.clock else sql.SQL("NULL::timestamptz"),
        size=sql.Identifier(declaration.size) if declaration.size else sql.SQL("0"),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [id_array(ids)])
        days = cursor.fetchall()
    return Deleted(
        {day: tally.Amount(rows, int(size)) for day, rows, size, _, _ in days},
        min((first for *_, first, _ in days if first), default=None),
        max((last for *_, last in days if last), default=None),
    )


def count_out(declaration: PersonalData, organization_id: UUID, deleted: Deleted) -> None:
    """Take deleted rows out of the tally, in the transaction that deleted them."""
    if declaration.tallied:
        out = {day: tally.Amount(-one.rows, -one.bytes) for day, one in deleted.by_day.items() if day is not None}
        tally.add_many(organization_id, declaration.category, out)
