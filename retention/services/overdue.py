"""Overdue: the age of the oldest thing that should be gone. Measured independently of the purge.

This module asks the tables themselves, for their oldest row, and adds the period to it (the sweep subtracts the period
from now and asks what lies before), so that an error of the sweep (a wrong mark, a wrong batch, a silent scheduler)
shows here instead of repeating itself. Rows that a hold or restriction keeps are not overdue; rows set aside are.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from ground import audit, clocks
from ground.audit.models import Alert
from ground.clocks.exceptions import BeyondCalendar
from ground.inventory import PersonalData, declarations
from ground.inventory.outcomes import rows_of
from ground.profiles import Category, Period
from ground.tenancy import acting_for
from retention import due, periods
from retention.exceptions import NoPeriod, PeriodUnusable
from retention.models import OverdueMeasure

_SET_ASIDE = "destruction.set_aside"
PUNCTUAL = timedelta(hours=1)  # what is gone within the hour was on time: the sweep runs every quarter of an hour
_ALERT_AFTER = timedelta(hours=2)


def measure(organization_id: UUID) -> dict[str, int]:
    """Seconds overdue by category (0: nothing should be gone); stored, and an alert beyond two hours."""
    figures: dict[str, int] = {}
    now = due.database_now()
    for category in Category:
        with acting_for(organization_id):
            try:
                effective = periods.effective(organization_id, category, now)
            except (NoPeriod, PeriodUnusable):
                continue
            late, oldest = max(
                _late(organization_id, effective, now), key=lambda found: found[0], default=(timedelta(0), None)
            )
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


def _late(organization_id: UUID, effective: periods.Effective, now: datetime) -> Iterator[tuple[timedelta, datetime]]:
    """How late the oldest of each model is, by the category's period and by each agent's shorter one."""
    for declaration in declarations(effective.category):
        if not (declaration.tenant and declaration.expires):
            continue
        limits: list[tuple[Q, Period]] = [(Q(), effective.period)]
        if declaration.agent:
            limits += [(Q(**{declaration.agent: agent}), period) for agent, period in effective.agents.items()]
        for whose, period in limits:
            oldest = _oldest(organization_id, declaration, whose)
            if oldest is None:
                continue
            with suppress(BeyondCalendar):  # a period beyond the calendar never ends
                yield now - clocks.purge_after(oldest, period), oldest


def _oldest(organization_id: UUID, declaration: PersonalData, whose: Q) -> datetime | None:
    """The oldest clock that no hold keeps. Two questions, because the index of what is due leaves out what was set
    aside; the second is asked only when something was."""
    clock = str(declaration.clock)
    rows = rows_of(declaration, organization_id).filter(whose, declaration.expirable).order_by(clock)
    moments = list(rows.filter(declaration.free()).values_list(clock, flat=True)[:1])
    if declaration.holdable and Alert.objects.open().filter(kind=_SET_ASIDE, organization_id=organization_id).exists():
        aside = rows.filter(held=False, set_aside_at__isnull=False)
        moments += aside.values_list(clock, flat=True)[:1]
    return min(moments, default=None)


def _store(organization_id: UUID, category: str, seconds: int, oldest: datetime | None, now: datetime) -> None:
    with acting_for(organization_id):
        OverdueMeasure.objects.update_or_create(
            organization_id=organization_id,
            category=category,
            defaults={"seconds": seconds, "oldest": oldest if seconds else None, "measured_at": now},
        )
