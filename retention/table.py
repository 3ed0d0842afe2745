"""The periods of an organization, one row per category that applies to it: what pages and API show."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ground import profiles
from ground.inventory import declarations, tally
from ground.profiles import Category, CategoryRule, ChangedBy, NotAPeriod, Period
from retention import periods
from retention.exceptions import NoPeriod, PeriodUnusable
from retention.models import OperatorDecision, PeriodVersion
from retention.services.settings import held_rows
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
    return [_row(organization_id, category, at, totals.get(category, tally.NOTHING)) for category in wanted]


def _row(organization_id: UUID, category: str, at: datetime, amount: tally.Amount) -> Row:
    rule = periods.rule_of(category)
    period, origin, damaged, agents = None, "", False, 0
    try:
        effective = periods.effective(organization_id, category, at)
        period, origin, agents = effective.period, effective.origin, len(effective.agents)
    except NoPeriod:
        pass
    except PeriodUnusable:
        damaged = True
    own = rule.changed_by is ChangedBy.ORGANIZATION
    return Row(
        category,
        rule,
        period,
        origin,
        damaged,
        periods.decision_of(category) if rule.default is None else None,
        periods.waiting_version(organization_id, category, at) if own else None,
        PeriodVersion.objects.filter(organization_id=organization_id, category=category).count() if own else 0,
        amount.rows,
        amount.bytes,
        held_rows(organization_id, category),
        agents,
    )
