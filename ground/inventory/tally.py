"""How much is held, per organization, category and day of the clock, without counting big tables.

Invariant: every insert and every destruction appends a delta in its own transaction, so `folded + deltas` equals a
recount at any moment. Folding moves deltas into one row per day; it is bounded, repeatable and needs no pause.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ground.tenancy import acting_for


@dataclass(frozen=True, slots=True)
class Amount:
    """Records and stored bytes."""

    rows: int
    bytes: int

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.rows + other.rows, self.bytes + other.bytes)


NOTHING = Amount(0, 0)


def add(organization_id: UUID, category: str, clock_at: datetime, *, rows: int = 1, bytes: int = 0) -> None:
    """Count what the caller's transaction inserts (negative: removes)."""
    add_many(organization_id, category, {clock_at.astimezone(UTC).date(): Amount(rows, bytes)})


def add_many(organization_id: UUID, category: str, by_day: dict[date, Amount]) -> None:
    """Count many at once, already summed by UTC day."""
    if not by_day:
        return
    values = [(organization_id, str(category), day, each.rows, each.bytes) for day, each in sorted(by_day.items())]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_tallydelta (organization_id, category, day, rows, bytes) VALUES "  # noqa: S608  (only constants of ours are put in)
            + ", ".join(["(%s, %s, %s, %s, %s)"] * len(values)),
            [value for row in values for value in row],
        )


def by_day(organization_id: UUID, category: str, *, before: date | None = None) -> dict[date, Amount]:
    """What is held, by the UTC day of the clock; days with nothing are absent. Needs the organization's context."""
    rows = _sums("day", organization_id, "category = %s AND (%s::date IS NULL OR day < %s)", [category, before, before])
    return {day: amount for day, amount in sorted(rows.items()) if amount.rows or amount.bytes}


def by_category_and_day(organization_id: UUID) -> dict[str, dict[date, Amount]]:
    """The same for every category at once: one query however many there are. Needs the organization's context."""
    found: dict[str, dict[date, Amount]] = {}
    for (category, day), amount in sorted(_sums("category, day", organization_id, "true", []).items()):
        if amount.rows or amount.bytes:
            found.setdefault(category, {})[day] = amount
    return found


def totals(organization_id: UUID, categories: Iterable[str] | None = None) -> dict[str, Amount]:
    """What is held per category. Needs the organization's context."""
    if categories is None:
        return _sums("category", organization_id, "true", [])
    return _sums("category", organization_id, "category = ANY(%s)", [list(map(str, categories))])


def _sums(columns: str, organization_id: UUID, where: str, parameters: list[Any]) -> dict[Any, Amount]:
    """Folded and unfolded in one statement: a fold between two statements would hide or double what it moves.

    By the value of the column; by a tuple where several are named.
    """
    both = " UNION ALL ".join(
        f"SELECT {columns}, rows, bytes FROM {table} WHERE organization_id = %s AND {where}"  # noqa: S608  (constants)
        for table in ("inventory_tally", "inventory_tallydelta")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT sum(rows), sum(bytes), {columns} FROM ({both}) AS amounts GROUP BY {columns}",  # noqa: S608  (constants)
            [organization_id, *parameters] * 2,
        )
        return {
            key[0] if len(key) == 1 else tuple(key): Amount(int(rows), int(size))
            for rows, size, *key in cursor.fetchall()
        }


def fold(organization_id: UUID, *, limit: int = 50_000) -> int:
    """Move up to `limit` deltas into their day's tally. Two folds at once do not count anything twice."""
    with acting_for(organization_id), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "WITH due AS MATERIALIZED (SELECT id FROM inventory_tallydelta "
            "WHERE organization_id = %(organization)s ORDER BY category, day, id "
            "LIMIT %(limit)s FOR UPDATE SKIP LOCKED), "
            "taken AS (DELETE FROM inventory_tallydelta USING due WHERE inventory_tallydelta.id = due.id "
            "RETURNING category, day, rows, bytes), "
            "summed AS (SELECT category, day, sum(rows) AS rows, sum(bytes) AS bytes FROM taken GROUP BY 1, 2), "
            "moved AS (INSERT INTO inventory_tally (organization_id, category, day, rows, bytes) "
            "SELECT %(organization)s, category, day, rows, bytes FROM summed ORDER BY 2, 3 "
            "ON CONFLICT (organization_id, category, day) DO UPDATE SET "
            "rows = inventory_tally.rows + excluded.rows, bytes = inventory_tally.bytes + excluded.bytes) "
            "SELECT count(*) FROM taken",
            {"organization": organization_id, "limit": limit},
        )
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])
