"""The periods of an organization, one row per category that applies to it: what pages and API show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, TextField, Value

from ground import profiles
from ground.inventory import declarations, holds, tally
from ground.inventory.outcomes import rows_of
from ground.profiles import Category, CategoryRule, ChangedBy, NotAPeriod, Period
from retention import periods
from retention.models import OperatorDecision, PeriodVersion
from retention.services.sweepers import SWEEPERS


@dataclass(frozen=True, slots=True)
class Row:
    """One category. `period` None: nothing is purged, because none is given (`gap`) or the stored one is `damaged`."""

    category: str
    rule: CategoryRule
    period: Period | None
    origin: str
    damaged: bool
    decision: OperatorDecision | None
    waiting: PeriodVersion | None
    versions: int
    rows: int
    bytes: int
    held: int
    agents: int

    @property
    def editable(self) -> bool:
        """Whether the organization decides."""
        return self.rule.changed_by is ChangedBy.ORGANIZATION

    @property
    def gap(self) -> bool:
        """Whether the operator's text gives no period."""
        return self.rule.default is None

    @property
    def waiting_period(self) -> Period | None:
        """The period that waits for the end of its grace window."""
        try:
            return self.waiting.period if self.waiting else None
        except NotAPeriod:
            return None

    @property
    def shown(self) -> Period | None:
        """What the input shows: the period that will be in force if nobody undoes it."""
        return self.waiting_period or self.period


def applying(*, operator: bool) -> list[str]:
    """The categories an organization holds anything of; the operator's own organization: all."""
    held = {declaration.category for declaration in declarations() if declaration.tenant} | set(SWEEPERS)
    found: list[Category] = [
        category
        for category, rule in profiles.current().categories.items()
        if operator or category in held or rule.changed_by is ChangedBy.ORGANIZATION
    ]
    return [category for category in Category if category in found]


def rows(organization_id: UUID, at: datetime, *, operator: bool = False, only: str = "") -> list[Row]:
    """The rows, in the order of the categories. Needs the organization's context."""
    wanted = [category for category in applying(operator=operator) if only in ("", category)]
    totals = tally.totals(organization_id, wanted)
    standing = periods.standing(organization_id, wanted, at)
    versions = PeriodVersion.objects.filter(organization_id=organization_id, category__in=wanted)
    counts = dict(versions.order_by().values_list("category").annotate(Count("pk")))
    held = held_rows(organization_id, wanted)
    return [
        _row(
            category,
            standing[category],
            counts.get(category, 0),
            totals.get(category, tally.NOTHING),
            held.get(category, 0),
        )
        for category in wanted
    ]


def _row(category: str, how: periods.Standing, versions: int, amount: tally.Amount, held: int) -> Row:
    effective = how.effective
    return Row(
        category,
        how.rule,
        effective.period if effective else None,
        effective.origin if effective else "",
        how.damaged,
        how.decision,
        how.waiting,
        versions if how.rule.changed_by is ChangedBy.ORGANIZATION else 0,
        amount.rows,
        amount.bytes,
        held,
        len(effective.agents) if effective else 0,
    )


def held_rows(organization_id: UUID, categories: Sequence[str]) -> dict[str, int]:
    """How many records of each category a hold keeps, in one query; no table of records is read while none is in
    force. Needs the organization's context."""
    arms = [
        rows_of(declaration, organization_id)
        .filter(Exists(holds.in_force(organization_id)), held=True)
        .annotate(held_category=Value(str(declaration.category), output_field=TextField()))
        .values_list("held_category")
        .annotate(held_count=Count("pk"))
        .order_by()
        for declaration in declarations()
        if declaration.holdable and declaration.tenant and declaration.category in categories
    ]
    found: dict[str, int] = {}
    if arms:
        for category, count in arms[0].union(*arms[1:], all=True):
            found[category] = found.get(category, 0) + count
    return found
