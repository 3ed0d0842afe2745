"""Overdue: the age of the oldest thing that should be gone. Measured independently of the purge.

This module asks the tables themselves, in its own SQL and with its own arithmetic of periods, so that an error of the
sweep (a wrong mark, a wrong batch, a silent scheduler) shows here instead of repeating itself. Rows that a hold or
restriction keeps are not overdue; rows that were set aside are.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from psycopg import sql

from ground import audit, clocks
from ground.inventory import PersonalData, declarations
from ground.inventory.outcomes import rows_of
from ground.profiles import Category
from ground.tenancy import acting_for
from retention import due, periods
from retention.exceptions import NoPeriod, PeriodUnusable
from retention.models import OverdueMeasure

PUNCTUAL = timedelta(hours=1)  # what is gone within the hour was on time: the sweep runs every quarter of an hour
_ALERT_AFTER = timedelta(hours=2)


def measure(organization_id: UUID) -> dict[str, int]:
    """Seconds overdue by category (0: nothing should be gone); stored, and an alert beyond two hours."""
    figures: dict[str, int] = {}
    now = due.database_now()
    for category in Category:
        with acting_for(organization_id):
            try:
                period = periods.effective(organization_id, category, now).period
            except (NoPeriod, PeriodUnusable):
                continue
            oldest = _oldest(organization_id, category)
        if oldest is None:
            figures[category] = 0
            _store(organization_id, category, 0, None, now)
            continue
        late = now - clocks.purge_after(oldest, period)
        seconds = max(0, int(late.total_seconds()))
        figures[category] = seconds
        _store(organization_id, category, seconds, oldest, now)
        if late > _ALERT_AFTER:
            audit.alerts.raise_alert(organization_id, "retention.overdue", key=category, seconds=seconds)
        else:
            audit.alerts.resolve(organization_id, "retention.overdue", key=category)
    return figures


def shown(seconds: int) -> int:
    """The figure for people: 0 while everything went within the hour."""
    return seconds if seconds > PUNCTUAL.total_seconds() else 0


def _oldest(organization_id: UUID, category: str) -> datetime | None:
    """The oldest clock of anything of the category that no hold keeps."""
    found = [
        _oldest_row(organization_id, declaration)
        for declaration in declarations(category)
        if declaration.tenant and declaration.expires
    ]
    known = [moment for moment in found if moment is not None]
    return min(known) if known else None


def _oldest_row(organization_id: UUID, declaration: PersonalData) -> datetime | None:
    if declaration.expirable:
        rows = rows_of(declaration, organization_id).filter(declaration.expirable)
        free = rows.filter(held=False) if declaration.holdable else rows
        moments = free.order_by(declaration.clock).values_list(declaration.clock, flat=True)[:1]
        return next(iter(moments), None)
    table, clock = sql.Identifier(declaration.table), sql.Identifier(str(declaration.clock))
    statement = sql.SQL("SELECT min({clock}) FROM {table} WHERE organization_id = %s").format(clock=clock, table=table)
    parts = [statement]
    if declaration.holdable:
        parts = [
            sql.SQL("{} AND NOT held AND set_aside_at IS NULL").format(statement),
            sql.SQL("{} AND NOT held AND set_aside_at IS NOT NULL").format(statement),
        ]
    with connection.cursor() as cursor:
        moments = []
        for part in parts:
            cursor.execute(part, [organization_id])
            row = cursor.fetchone()
            if row and row[0] is not None:
                moments.append(row[0])
    return min(moments) if moments else None


def _store(organization_id: UUID, category: str, seconds: int, oldest: datetime | None, now: datetime) -> None:
    with acting_for(organization_id):
        OverdueMeasure.objects.update_or_create(
            organization_id=organization_id,
            category=category,
            defaults={"seconds": seconds, "oldest": oldest if seconds else None, "measured_at": now},
        )
