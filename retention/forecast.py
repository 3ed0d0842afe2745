"""What leaves when: the coming 90 days by week and category, from the tallies (no table of records is read).

Tallies know the UTC day of each record's clock, so a week is right to the day; the exact figure of a change is the
preview's. Records under a hold are taken out: they stay. Agents that shorten a period make theirs leave earlier.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Exists, TextField, Value
from django.db.models.functions import TruncDate

from ground import clocks
from ground.clocks.exceptions import BeyondCalendar
from ground.inventory import declarations, holds, tally
from ground.inventory.outcomes import rows_of
from ground.profiles import Category, NotAPeriod, Period
from retention import periods

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
    totals: Mapping[str, tally.Amount] = field(default_factory=dict)  # what is held now, held records included

    @property
    def total(self) -> int:
        return sum(week.total for week in self.weeks)


def forecast(
    organization_id: UUID,
    now: datetime,
    *,
    changes: Mapping[str, Plan] | None = None,
    standing: Mapping[str, periods.Standing] | None = None,
) -> Forecast:
    """What leaves under today's periods (waiting changes included); `changes` replace a category's plan.

    Needs the organization's context. `standing`: of at least the tallied categories, where the caller has it already.
    """
    today = now.astimezone(UTC).date()
    weeks = [Week(today + timedelta(days=7 * number)) for number in range(WEEKS)]
    amounts = tally.by_category_and_day(organization_id)
    holding = _holding(organization_id, now, amounts, standing)
    for category, plan, days in holding:
        for day, rows in days.items():
            leaves = leaves_on(day, (changes or {}).get(category) or plan) if rows > 0 else None
            number = max(0, (leaves - today).days // 7) if leaves else WEEKS
            if number < WEEKS:
                counts = weeks[number].by_category
                counts[category] = counts.get(category, 0) + rows
    totals = {category: sum(days.values(), tally.NOTHING) for category, days in amounts.items()}
    return Forecast(weeks, [category for category, _plan, _days in holding], totals)


def due_now(organization_id: UUID, now: datetime) -> int:
    """Records that are due by the tallies: what a running purge still has before it."""
    today = now.astimezone(UTC).date()
    due = 0
    for _category, plan, days in _holding(organization_id, now, tally.by_category_and_day(organization_id)):
        for day, rows in days.items():
            leaves = leaves_on(day, plan)
            if leaves is not None and leaves < today:
                due += max(0, rows)
    return due


def _holding(
    organization_id: UUID,
    now: datetime,
    amounts: Mapping[str, Mapping[date, tally.Amount]],
    standing: Mapping[str, periods.Standing] | None = None,
) -> list[tuple[str, Plan, dict[date, int]]]:
    """What holds anything: category, plan, records by day that no hold keeps. A fixed number of queries."""
    categories = tallied()
    standing = standing or periods.standing(organization_id, categories, now)
    held = held_by_day(organization_id, categories)
    return [
        (
            category,
            plan_of(standing[category], now),
            {day: amount.rows - held.get((category, day), 0) for day, amount in amounts[category].items()},
        )
        for category in categories
        if category in amounts
    ]


def tallied() -> list[str]:
    """Categories whose records are counted as they come and go."""
    known = {declaration.category for declaration in declarations() if declaration.tallied and declaration.tenant}
    return [category for category in Category if category in known]


def plan_of(standing: periods.Standing, now: datetime) -> Plan:
    """The period in force and, after its grace window, the one that waits; empty where nothing is purged."""
    plan = [(now, standing.effective.period)] if standing.effective is not None else []
    if standing.waiting is not None:
        with suppress(NotAPeriod):
            plan.append((standing.waiting.effective_at, standing.waiting.period))
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


def held_by_day(organization_id: UUID, categories: Sequence[str]) -> dict[tuple[str, date], int]:
    """Records under a hold, by category and the day of their clock, in one query.

    Each arm asks first whether any hold is in force: while none is, no table of records is read.
    """
    arms = []
    for declaration in declarations():
        if not (declaration.tenant and declaration.holdable and declaration.tallied and declaration.clock):
            continue
        if declaration.category in categories:
            rows = rows_of(declaration, organization_id).filter(Exists(holds.in_force(organization_id)), held=True)
            counted = rows.annotate(
                held_category=Value(str(declaration.category), output_field=TextField()),
                held_on=TruncDate(declaration.clock, tzinfo=UTC),
            ).values_list("held_category", "held_on")
            arms.append(counted.annotate(held_count=Count("pk")).order_by())
    found: dict[tuple[str, date], int] = {}
    if arms:
        for category, day, count in arms[0].union(*arms[1:], all=True):
            found[category, day] = found.get((category, day), 0) + count
    return found
