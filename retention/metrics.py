"""Figures of retention over all organizations, through named crossings. No organization appears in any of them."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection


@dataclass(frozen=True, slots=True)
class Overdue:
    """The oldest thing of a category that should be gone, in any organization; and the age of the oldest measure."""

    category: str
    seconds: int
    measured_seconds_ago: float


@dataclass(frozen=True, slots=True)
class Purges:
    """`last_sweep_seconds`: since any organization's sweep ended; `slowest_...`: since the one that waits longest."""

    done: int
    failed: int
    waiting: int
    running: int
    rows_destroyed: int
    bytes_destroyed: int
    certificates: int
    last_sweep_seconds: float | None
    slowest_sweep_seconds: float | None
    set_aside: int


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One organization in figures, for the operator's staff."""

    organization_id: UUID
    runs: int
    waiting: int
    failed: int
    rows_destroyed: int
    certificates: int
    overdue_seconds: int
    last_sweep_at: object
    reconciled_at: object
    keys_lost: int
    open_alerts: int


def overdue() -> list[Overdue]:
    """By category; categories never measured are absent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT category, seconds, oldest_measure_seconds FROM retention_overdue_figures() ORDER BY category"
        )
        return [Overdue(*row) for row in cursor.fetchall()]


def purges() -> Purges:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM retention_purge_figures()")
        return Purges(*cursor.fetchone())


def open_alerts() -> dict[str, int]:
    """Kind -> how many are open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, open FROM retention_alert_figures() ORDER BY kind")
        return dict(cursor.fetchall())


def by_organization() -> list[StaffRow]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM retention_staff_figures()")
        return [StaffRow(*row) for row in cursor.fetchall()]
