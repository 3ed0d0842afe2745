"""A look before leaping: would this run take unusually much?

What becomes due by the mere passage of time since the last sweep is the steady pace. Whatever is due beyond that and
beyond what a person confirmed when shortening a period is unexplained; more than 5 % of what the organization holds of
the category, unexplained, waits for a person. So a jumping clock, a damaged period or a bad import destroys little.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from math import ceil
from uuid import UUID

from ground import audit, jobs
from ground.inventory import tally
from ground.inventory.outcomes import rows_of
from ground.tenancy import Actor, acting_for
from retention import due
from retention.models import Approval, PeriodVersion, SweepMark

SHARE = 0.05
FLOOR_ROWS = 50  # below this nobody is asked
LONGEST_PACE = timedelta(hours=48)  # a longer silence of the scheduler is not the steady pace any more
APPROVAL_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`due` rows of the category; `unexplained` ones exceed pace and confirmations; `held_total`: all that is held."""

    due: int
    unexplained: int
    held_total: int
    approval: Approval | None

    @property
    def may_run(self) -> bool:
        """Whether the run may go on without asking (again)."""
        if self.approval is not None:
            return True
        return self.unexplained <= max(FLOOR_ROWS, SHARE * self.held_total)


def judge(organization_id: UUID, category: str, parts: list[due.Slice], rows: int, now: datetime) -> Verdict:
    """Weigh what is due against the steady pace. Needs the organization's context."""
    mark = SweepMark.objects.filter(organization_id=organization_id, category=category).first()
    pace = min(now - mark.swept_at, LONGEST_PACE) if mark else LONGEST_PACE
    steady = sum(due.measure(part, organization_id, since=part.cutoff - pace).rows for part in parts)
    confirmed = _confirmed(organization_id, category, mark.swept_at if mark else None, now)
    unexplained = max(0, rows - steady - confirmed)
    if unexplained <= FLOOR_ROWS:
        return Verdict(rows, unexplained, rows, None)
    verdict = Verdict(rows, unexplained, _held_total(organization_id, parts, unexplained), None)
    if verdict.may_run:
        return verdict  # an approval is for what needs one, not used up by what does not
    return replace(verdict, approval=approval_in_force(organization_id, category, unexplained, now))


def _held_total(organization_id: UUID, parts: list[due.Slice], unexplained: int) -> int:
    """What is held in the models at hand: from the tally, or counted as far as it matters where nothing is tallied."""
    declared = {part.declaration.label: part.declaration for part in parts}.values()
    categories = {declaration.category for declaration in declared if declaration.tallied}
    total = sum(amount.rows for amount in tally.totals(organization_id, categories).values()) if categories else 0
    enough = ceil(unexplained / SHARE)
    for declaration in declared:
        if not declaration.tallied and total < enough:
            some = rows_of(declaration, organization_id).order_by().values("pk")[: enough - total]
            total += some.count()
    return total


def _confirmed(organization_id: UUID, category: str, since: datetime | None, now: datetime) -> int:
    """Rows that people confirmed in previews of changes that took effect since the last sweep.

    Going back, it ends at a change by which nothing left: what was shortened before a lengthening counts no more.
    """
    changes = PeriodVersion.objects.filter(
        organization_id=organization_id, category=category, effective_at__lte=now, undone_at__isnull=True
    )
    if since is not None:
        changes = changes.filter(effective_at__gt=since)
    previews = changes.order_by("-version").values_list("preview_rows", flat=True)
    return sum(takewhile(bool, previews))


def approval_in_force(organization_id: UUID, category: str, rows: int, now: datetime) -> Approval | None:
    """An approval that covers the unexplained rows; what the steady pace adds meanwhile needs none."""
    return Approval.objects.filter(
        organization_id=organization_id,
        category=category,
        used_at__isnull=True,
        expires_at__gt=now,
        most_rows__gte=rows,
    ).first()


def approve(*, organization_id: UUID, category: str, rows: int, by: Actor, at: datetime) -> Approval:
    """A person allows one run to take up to `rows` of the category within a day; the run is asked for at once."""
    with acting_for(organization_id):
        approval = Approval.objects.create(
            organization_id=organization_id,
            category=category,
            most_rows=rows,
            approved_by=str(by),
            approved_at=at,
            expires_at=at + APPROVAL_LASTS,
        )
        audit.append(
            "retention.run_approved",
            organization_id=organization_id,
            actor=by,
            object_type="approval",
            object_id=approval.id,
            category=category,
            rows=rows,
        )
        jobs.enqueue("retention.sweep", organization_id=organization_id, arguments={}, unique="asked")
    return approval
