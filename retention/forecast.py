"""What leaves when: the coming 90 days by week and category, from the tallies (no table of records is read).

Tallies know the UTC day of each record's clock, so a week is right to the day; the exact figure of a change is the
preview's. Records under a hold are taken out: they stay. Agents that shorten a period make theirs leave earlier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import TruncDate

from ground import clocks
from ground.clocks.exceptions import BeyondCalendar
from ground.inventory import declarations, holds, tally
from ground.inventory.outcomes import rows_of
from ground.profiles import Category, Period
from retention import periods
from retention.exceptions import NoPeriod, PeriodUnusable

WEEKS = 13

Plan = Sequence[tuple[datetime, Period]]  # from when which period applies; the first entry applies already


@dataclass(slots=True)
class Week:
    """`by_category`: records that leave in the seven days from `start`."""

    start: date
    by_category: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.by_category.values())


@dataclass(frozen=True, slots=True)
class Forecast:
    """The first week begins today and holds what is due already."""

    weeks: list[Week]
    categories: list[str]  # those that hold anything, in the order of the settings page

    @property
    def total(self) -> int:
        return sum(week.total for week in self.weeks)


def forecast(organization_id: UUID, now: datetime, *, changes: Mapping[str, Plan] | None = None) -> Forecast:
    """What leaves under today's periods (waiting changes included); `changes` replace a category's plan.

    Needs the organization's context.
    """
    today = now.astimezone(UTC).date()
    weeks = [Week(today + timedelta(days=7 * number)) for number in range(WEEKS)]
    known = []
    for category in tallied():
        plan = (changes or {}).get(category) or plan_of(organization_id, category, now)
        held_days = held_by_day(organization_id, category)
        amounts = tally.by_day(organization_id, category)
        if amounts:
            known.append(category)
        for day, amount in amounts.items():
            rows = amount.rows - held_days.get(day, 0)
            leaves = leaves_on(day, plan) if plan and rows > 0 else None
            number = max(0, (leaves - today).days // 7) if leaves else WEEKS
            if number < WEEKS:
                counts = weeks[number].by_category
                counts[category] = counts.get(category, 0) + rows
    return Forecast(weeks, known)


def due_now(organization_id: UUID, now: datetime) -> int:
    """Records that are due by the tallies: what a running purge still has before it."""
    today = now.astimezone(UTC).date()
    due = 0
    for category in tallied():
        plan = plan_of(organization_id, category, now)
        held_days = held_by_day(organization_id, category)
        for day, amount in tally.by_day(organization_id, category).items():
            leaves = leaves_on(day, plan) if plan else None
            if leaves is not None and leaves < today:
                due += max(0, amount.rows - held_days.get(day, 0))
    return due


def tallied() -> list[str]:
    """Categories whose records are counted as they come and go."""
    known = {declaration.category for declaration in declarations() if declaration.tallied and declaration.tenant}
    return [category for category in Category if category in known]


def plan_of(organization_id: UUID, category: str, now: datetime) -> Plan:
    """The period in force and, after its grace window, the one that waits; empty where nothing is purged."""
    try:
        plan = [(now, periods.effective(organization_id, category, now).period)]
    except (NoPeriod, PeriodUnusable):
        plan = []
    waiting = periods.waiting_version(organization_id, category, now)
    if waiting is not None:
        try:
            plan.append((waiting.effective_at, waiting.period))
        except ValueError:
            return plan
    return plan


def leaves_on(day: date, plan: Plan) -> date | None:
    """The day on which records of `day` leave: due by the period in force then, or when a new period takes effect."""
    noon = datetime.combine(day, time(12), UTC)
    for number, (start, period) in enumerate(plan):
        try:
            due = clocks.purge_after(noon, period)
        except BeyondCalendar:
            continue
        leaves = due if number == 0 else max(due, start)
        following = plan[number + 1][0] if number + 1 < len(plan) else None
        if following is None or leaves < following:
            return leaves.astimezone(UTC).date()
    return None


def held_by_day(organization_id: UUID, category: str) -> dict[date, int]:
    """Records under a hold, by the day of their clock. Nothing is read while no hold is in force."""
    if not holds.in_force(organization_id).exists():
        return {}
    days: dict[date, int] = {}
    for declaration in declarations(category):
        if not (declaration.tenant and declaration.holdable and declaration.tallied and declaration.clock):
            continue
        rows = rows_of(declaration, organization_id).filter(held=True)
        counted = rows.annotate(held_on=TruncDate(declaration.clock, tzinfo=UTC)).values_list("held_on")
        for day, count in counted.annotate(Count("pk")).order_by():
            days[day] = days.get(day, 0) + count
    return days
