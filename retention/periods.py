"""Which period applies to a category of an organization at a moment, and where it comes from.

Fails closed: a missing, damaged, zero or forbidden period is an exception, never a guess; the sweep then destroys
nothing of that category and raises an alert.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from agents.services.resolving import shorter_periods
from ground import profiles
from ground.profiles import Category, CategoryRule, ChangedBy, NotAPeriod, Period, Unit
from retention.exceptions import NoPeriod, PeriodUnusable
from retention.models import OperatorDecision, PeriodVersion


@dataclass(frozen=True, slots=True)
class Effective:
    """The period in force. `origin`: organization, operator decision or profile. `agents`: shorter ones by agent."""

    category: Category
    rule: CategoryRule
    period: Period
    origin: str
    version: PeriodVersion | None = None
    agents: Mapping[UUID, Period] = field(default_factory=dict)


def rule_of(category: str) -> CategoryRule:
    """The operator's rule for a category."""
    return profiles.current().categories[Category(category)]


def decision_of(category: str) -> OperatorDecision | None:
    """The operator's stored decision for a category whose text gives no period."""
    return OperatorDecision.objects.filter(category=category, withdrawn_at__isnull=True).first()


def versions(organization_id: UUID, category: str) -> list[PeriodVersion]:
    """All versions of an organization's period, newest first."""
    found = PeriodVersion.objects.filter(organization_id=organization_id, category=category)
    return list(found.order_by("-version"))


def version_in_force(organization_id: UUID, category: str, at: datetime) -> PeriodVersion | None:
    """The organization's own version that counts at `at`."""
    return (
        PeriodVersion.objects.filter(
            organization_id=organization_id, category=category, effective_at__lte=at, undone_at__isnull=True
        )
        .order_by("-version")
        .first()
    )


def waiting_version(organization_id: UUID, category: str, at: datetime) -> PeriodVersion | None:
    """The change that is in its grace window, if any."""
    return (
        PeriodVersion.objects.filter(
            organization_id=organization_id, category=category, effective_at__gt=at, undone_at__isnull=True
        )
        .order_by("-version")
        .first()
    )


def effective(organization_id: UUID, category: str, at: datetime) -> Effective:
    """The period in force. Needs the organization's context. Raises NoPeriod, PeriodUnusable."""
    rule = rule_of(category)
    version = version_in_force(organization_id, category, at) if rule.changed_by is ChangedBy.ORGANIZATION else None
    decision = decision_of(category) if version is None and rule.default is None else None
    days = shorter_periods(organization_id, [rule.category])
    return _effective(rule, version, decision, days.get(rule.category, {}))


@dataclass(frozen=True, slots=True)
class Standing:
    """How one category stands: the period in force (None: none given, or the stored one is `damaged`), the change in
    its grace window, the operator's decision where the company's text gives no period."""

    rule: CategoryRule
    effective: Effective | None
    damaged: bool
    waiting: PeriodVersion | None
    decision: OperatorDecision | None


def standing(organization_id: UUID, categories: Iterable[str], at: datetime) -> dict[str, Standing]:
    """All of these categories at once, in three queries however many they are.

    For pages. What destroys asks `effective`, category by category. Needs the organization's context.
    """
    wanted = list(categories)
    rows = PeriodVersion.objects.filter(organization_id=organization_id, category__in=wanted, undone_at__isnull=True)
    newest = (
        rows.annotate(waits=ExpressionWrapper(Q(effective_at__gt=at), output_field=BooleanField()))
        .order_by("category", "waits", "-version")
        .distinct("category", "waits")
    )
    versions = {(row.category, row.effective_at > at): row for row in newest}
    decided = OperatorDecision.objects.filter(category__in=wanted, withdrawn_at__isnull=True)
    decisions = {row.category: row for row in decided}
    days = shorter_periods(organization_id, wanted)
    found = {}
    for category in wanted:
        rule = rule_of(category)
        own = rule.changed_by is ChangedBy.ORGANIZATION
        version = versions.get((category, False)) if own else None
        effective, damaged = None, False
        try:
            effective = _effective(rule, version, decisions.get(category), days.get(category, {}))
        except NoPeriod:
            pass
        except PeriodUnusable:
            damaged = True
        found[category] = Standing(
            rule,
            effective,
            damaged,
            versions.get((category, True)) if own else None,
            decisions.get(category) if rule.default is None else None,
        )
    return found


def effective_all(organization_id: UUID, categories: Iterable[str], at: datetime) -> dict[str, Effective]:
    """The periods in force of several categories; those without one, or damaged, are left out. For pages."""
    found = standing(organization_id, categories, at)
    return {category: how.effective for category, how in found.items() if how.effective is not None}


def _effective(
    rule: CategoryRule, version: PeriodVersion | None, decision: OperatorDecision | None, days: Mapping[UUID, int]
) -> Effective:
    if version is not None:
        period, origin = _stored(version, rule), "organization"
    elif rule.default is not None:
        period, origin = rule.default, "profile"
    elif decision is not None:
        period, origin = _stored(decision, rule), "operator decision"
    else:
        raise NoPeriod(rule.category)
    if period.n == 0 and not _zero_is_meant(rule):
        raise PeriodUnusable(f"{rule.category}: a period of zero would destroy everything")
    return Effective(rule.category, rule, period, origin, version, _shorter_agents(rule, period, days))


def _stored(row: PeriodVersion | OperatorDecision, rule: CategoryRule) -> Period:
    try:
        period = row.period
    except NotAPeriod as error:
        raise PeriodUnusable(f"{rule.category}: the stored period is damaged") from error
    if period.n == 0 or not rule.allows(period):
        raise PeriodUnusable(f"{rule.category}: {period} is not {rule.bounds_words}")
    return period


def _zero_is_meant(rule: CategoryRule) -> bool:
    """The profile itself says "at once" for an account that is closed; for nothing that grows every day."""
    return rule.category is Category.ACCOUNT and rule.source is not None


def _shorter_agents(rule: CategoryRule, period: Period, days: Mapping[UUID, int]) -> dict[UUID, Period]:
    """Agents' own periods that are shorter; longer or forbidden ones do not count (agents may only shorten)."""
    own = {agent_id: Period(n, Unit.DAY) for agent_id, n in days.items() if n > 0}
    return {
        agent_id: shorter
        for agent_id, shorter in own.items()
        if rule.allows(shorter) and shorter.no_longer_than(period) and shorter != period
    }
