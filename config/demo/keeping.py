"""How long things are kept in the demo: the operator's decisions, periods, a hold, a change under way."""

from datetime import datetime, timedelta
from uuid import UUID

from config.demo.people import BY
from config.demo.places import COLOGNE, LEEDS, LYON, Place
from ground import profiles
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.profiles import Category, Period, Unit
from ground.tenancy import Actor, acting_for
from retention import periods
from retention.exceptions import NotYoursToChange, OutsideOperatorBounds, Unchanged
from retention.models import PeriodVersion
from retention.services import settings as retention_settings

REASON = "Demo decision: the operator's text gives no figure. Replace it before real use."
_YEAR, _DAYS = Unit.YEAR, Unit.DAY
_WANTED: dict[Category, tuple[Period, ...]] = {
    Category.CALL_REPORT: (Period(180, _DAYS), Period(90, _DAYS)),
    Category.CONTACT: (Period(2, _YEAR), Period(1, _YEAR)),
    Category.AGENT_ACTIVITY: (Period(365, _DAYS), Period(90, _DAYS)),
    Category.ACCESS_LOG: (Period(1, _YEAR), Period(90, _DAYS)),
    Category.AGENT_CONFIGURATION: (Period(30, _DAYS),),
    Category.KYC_DOCUMENT: (Period(30, _DAYS),),
    Category.DSAR_EVIDENCE: (Period(30, _DAYS),),
    Category.DSAR_PACKAGE: (Period(14, _DAYS),),
    Category.DSAR_REGISTER: (Period(3, _YEAR), Period(2, _YEAR)),
    Category.CONSENT_RECORD: (Period(3, _YEAR),),
    Category.SUPPORT_MESSAGE: (Period(1, _YEAR),),
    Category.PROSPECT: (Period(1, _YEAR),),
    Category.CANDIDATE: (Period(180, _DAYS),),
    Category.SUPPLIER: (Period(7, _YEAR),),
}
_OTHERWISE = (Period(90, _DAYS), Period(1, _YEAR), Period(30, _DAYS), Period(365, _DAYS), Period(7, _YEAR))


def decide_open_periods(*, at: datetime) -> int:
    """A decision, marked as the demo's, for every category whose period the text leaves open. Returns how many."""
    decided = 0
    for category, rule in profiles.current().categories.items():
        if rule.default is not None or periods.decision_of(category) is not None:
            continue
        period = next((each for each in (*_WANTED.get(category, ()), *_OTHERWISE) if rule.allows(each)), None)
        if period is not None:
            retention_settings.decide(category=category, period=period, reason=REASON, by=BY, at=at, is_demo=True)
            decided += 1
    return decided


def set_periods(place: Place, organization_id: UUID, *, by: Actor, opened_at: datetime) -> None:
    """Periods from the beginning, before there was a call."""
    if place is LYON:
        _change(
            organization_id, Category.TRANSCRIPT, Period(180, _DAYS), "Follow-up questions come late", by, opened_at
        )


def change_now(place: Place, organization_id: UUID, *, by: Actor, now: datetime) -> None:
    """What is under way today: a shorter period in its grace window, and a hold."""
    if place is LEEDS:
        earlier = now - timedelta(hours=5)
        _change(organization_id, Category.TRANSCRIPT, Period(60, _DAYS), "We never look at older ones", by, earlier)
    if place is COLOGNE:
        with acting_for(organization_id):
            held_already = holds.in_force(organization_id).exists()
        if not held_already:
            holds.place(
                organization_id=organization_id,
                scope=HoldScope(kind=ScopeKind.PERIOD, start=now - timedelta(days=92), end=now - timedelta(days=91)),
                reason="Complaint about waiting times; the insurer asked to keep the calls of that day.",
                review_on=(now + timedelta(days=60)).date(),
                by=by,
                at=now,
            )


def _change(organization_id: UUID, category: Category, period: Period, reason: str, by: Actor, at: datetime) -> None:
    with acting_for(organization_id):
        known = PeriodVersion.objects.filter(organization_id=organization_id, category=category)
        if known.exists():
            return
    try:
        seen = retention_settings.preview(organization_id, category, period, at=at)
        retention_settings.change(
            organization_id=organization_id,
            category=category,
            period=period,
            by=by,
            at=at,
            reason=reason,
            confirmed_rows=seen.rows,
        )
    except (Unchanged, OutsideOperatorBounds, NotYoursToChange):
        return  # another operator's profile leaves no room here: its own period stands
