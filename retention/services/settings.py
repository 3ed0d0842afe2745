"""How long an organization keeps each kind of data: preview, change, grace, undo.

A preview counts for the moment at which the change takes effect: what leaves then beyond what leaves anyway by then.
Its `counted_at` goes back into `change`, so that the number a person confirmed is counted over the same time.

A change is a new version with who, when and why. It takes effect after the grace window (profile, default 24 h), in
which anyone who may change periods can undo it; a longer period protects data and takes effect at once. Nothing is
rewritten: what is due is computed from the version in force.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Max

from ground import audit, profiles
from ground.inventory import declarations, holds, tally
from ground.inventory.outcomes import rows_of
from ground.profiles import ChangedBy, Period
from ground.tenancy import Actor, acting_for
from retention import due, periods
from retention.exceptions import (
    NoPeriod,
    NothingToUndo,
    NotYoursToChange,
    OutsideOperatorBounds,
    PeriodUnusable,
    Unchanged,
    WrongConfirmation,
)
from retention.models import OperatorDecision, PeriodVersion
from retention.services import telling

_DEFAULT_GRACE_HOURS = 24
PREVIEW_LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do: `rows` and `bytes` leave when it takes effect, beyond what has left anyway by then."""

    category: str
    before: Period | None
    after: Period
    rows: int
    bytes: int
    held: int
    total: int
    effective_at: datetime
    shortens: bool
    counted_at: datetime


def grace() -> timedelta:
    """Between saving a shorter period and its effect."""
    hours = profiles.current().windows.change_grace_hours.value
    return timedelta(hours=_DEFAULT_GRACE_HOURS if hours is None else hours)


def preview(organization_id: UUID, category: str, period: Period, *, at: datetime) -> Preview:
    """Exactly what would leave under `period`. Raises NotYoursToChange, OutsideOperatorBounds, Unchanged."""
    rule = periods.rule_of(category)
    if rule.changed_by is not ChangedBy.ORGANIZATION:
        raise NotYoursToChange(f"{category} is {rule.changed_by.words}")
    if period.n == 0 or not rule.allows(period):
        raise OutsideOperatorBounds(f"{category} must be kept {rule.bounds_words}; {period} is outside")
    with acting_for(organization_id):
        before = _in_force(organization_id, category, at)
        if (
            before is not None
            and before.period == period
            and not periods.waiting_version(organization_id, category, at)
        ):
            raise Unchanged(f"{category} is kept {period} already")
        shortens = before is None or not before.period.no_longer_than(period)
        rows = size = 0
        if shortens:
            rows, size = _would_leave(organization_id, category, before, period, at + grace())
        held = held_rows(organization_id, category)
        total = tally.totals(organization_id, [category]).get(category, tally.NOTHING).rows
    return Preview(
        category,
        before.period if before else None,
        period,
        rows,
        size,
        held,
        total,
        at + grace() if shortens else at,
        shortens,
        at,
    )


def held_rows(organization_id: UUID, category: str) -> int:
    """How many records of the category a hold keeps; nothing is counted while none is in force. Needs the context."""
    if not holds.in_force(organization_id).exists():
        return 0
    return sum(
        rows_of(declaration, organization_id).filter(held=True).count()
        for declaration in declarations(category)
        if declaration.holdable and declaration.tenant
    )


def _in_force(organization_id: UUID, category: str, at: datetime) -> periods.Effective | None:
    try:
        return periods.effective(organization_id, category, at)
    except (NoPeriod, PeriodUnusable):
        return None


def _would_leave(
    organization_id: UUID, category: str, before: periods.Effective | None, period: Period, at: datetime
) -> tuple[int, int]:
    """Rows and bytes due at `at` under `period` but not under the one in force (agents' own are unchanged)."""
    after = periods.Effective(periods.rule_of(category).category, periods.rule_of(category), period, "organization")
    rows = size = 0
    already = (
        {part.declaration.label: part for part in due.slices(before, at) if part.agent_id is None} if before else {}
    )
    for part in due.slices(after, at):
        old = already.get(part.declaration.label)
        measured = due.measure(part, organization_id, since=old.cutoff if old else None)
        rows += measured.rows
        size += measured.bytes
    return rows, size


def change(
    *,
    organization_id: UUID,
    category: str,
    period: Period,
    by: Actor,
    at: datetime,
    reason: str = "",
    confirmed_rows: int | None = None,
    counted_at: datetime | None = None,
) -> PeriodVersion:
    """Set a period. A shorter one needs `confirmed_rows`, the number of the preview of `counted_at` (at most 1 h old).

    Raises what `preview` raises, and WrongConfirmation when the number is missing or the data has moved on.
    """
    if counted_at is not None and not at - PREVIEW_LASTS <= counted_at <= at:
        raise WrongConfirmation("the preview is too old; look again")
    seen = preview(organization_id, category, period, at=counted_at or at)
    if seen.rows and confirmed_rows != seen.rows:
        raise WrongConfirmation(f"{seen.rows} records would leave; {confirmed_rows} was confirmed")
    with acting_for(organization_id):
        _serialise(organization_id, category)
        waiting = periods.waiting_version(organization_id, category, at)
        if waiting is not None:
            _undo(waiting, by=by, at=at)
        last = PeriodVersion.objects.filter(organization_id=organization_id, category=category).aggregate(
            last=Max("version")
        )["last"]
        version = PeriodVersion.objects.create(
            organization_id=organization_id,
            category=category,
            version=(last or 0) + 1,
            n=period.n,
            unit=period.unit,
            reason=reason,
            set_by=str(by),
            set_at=at,
            effective_at=at + grace() if seen.shortens else at,
            preview_rows=seen.rows,
            preview_bytes=seen.bytes,
        )
        audit.append(
            "retention.period_changed",
            organization_id=organization_id,
            actor=by,
            object_type="period_version",
            object_id=version.id,
            category=category,
            n=period.n,
            unit=str(period.unit),
            version=version.version,
            rows=seen.rows,
        )
        telling.scheduled(version, by=by)
    return version


def undo(*, organization_id: UUID, category: str, by: Actor, at: datetime) -> PeriodVersion:
    """Take back the change that is in its grace window. Raises NothingToUndo."""
    with acting_for(organization_id):
        _serialise(organization_id, category)
        waiting = periods.waiting_version(organization_id, category, at)
        if waiting is None:
            raise NothingToUndo(category)
        _undo(waiting, by=by, at=at)
        telling.undone(waiting, by=by)
        return waiting


def _undo(version: PeriodVersion, *, by: Actor, at: datetime) -> None:
    version.undone_at, version.undone_by = at, str(by)
    version.save(update_fields=["undone_at", "undone_by"])
    audit.append(
        "retention.period_undone",
        organization_id=version.organization_id,
        actor=by,
        object_type="period_version",
        object_id=version.id,
        category=version.category,
        version=version.version,
    )


def _serialise(organization_id: UUID, category: str) -> None:
    """One change of a category at a time; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"period {organization_id} {category}"]
        )


def decide(
    *, category: str, period: Period, reason: str, by: Actor, at: datetime, is_demo: bool = False
) -> OperatorDecision:
    """The operator decides a period that its text does not give. Replaces an earlier decision.

    Raises OutsideOperatorBounds where profile or law set bounds, NotYoursToChange where the profile has a figure.
    """
    rule = periods.rule_of(category)
    if rule.default is not None:
        raise NotYoursToChange(f"the profile gives {rule.default} for {category} ({rule.source})")
    if period.n == 0 or not rule.allows(period):
        raise OutsideOperatorBounds(f"{category} must be kept {rule.bounds_words}; {period} is outside")
    OperatorDecision.objects.filter(category=category, withdrawn_at__isnull=True).update(withdrawn_at=at)
    return OperatorDecision.objects.create(
        category=category,
        n=period.n,
        unit=period.unit,
        reason=reason,
        decided_at=at,
        decided_by=str(by),
        is_demo=is_demo,
    )
