"""Telling members what happens to periods and holds. What comes with time (a change in force, a review date) is looked
for every few minutes; everything is told once, however often it is looked at."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Organization
from delivery.services import notices
from ground.inventory import holds
from ground.tenancy import Actor, acting_for
from retention.models import PeriodVersion
from retention.notices import IN_FORCE, REVIEW, SCHEDULED, UNDONE

_LOOK_BACK = timedelta(days=2)  # longer than any silence of the scheduler that nobody notices
_AT_MOST = 200


def scheduled(version: PeriodVersion, *, by: Actor) -> None:
    """A period was set. In the caller's transaction."""
    _tell(version, SCHEDULED, at=version.set_at, by=by)


def undone(version: PeriodVersion, *, by: Actor) -> None:
    """A change was taken back in its grace window. In the caller's transaction."""
    _tell(version, UNDONE, at=version.undone_at or timezone.now(), by=by)


def of_time(organization_id: UUID, *, now: datetime) -> int:
    """What the passing of time brought: changes in force, review dates reached. How many people were told anew."""
    with acting_for(organization_id):
        changes = PeriodVersion.objects.filter(
            organization_id=organization_id,
            effective_at__gt=now - _LOOK_BACK,
            effective_at__lte=now,
            undone_at__isnull=True,
        ).order_by("effective_at")
        told = sum(
            _tell(version, IN_FORCE, at=version.effective_at, by=None)
            for version in changes[:_AT_MOST]
            if version.effective_at > version.set_at  # a longer period took effect at once, and was told as set
        )
        today = timezone.localdate(now, ZoneInfo(Organization.objects.get(pk=organization_id).time_zone))
        for hold in holds.in_force(organization_id).filter(review_on__lte=today).order_by("review_on")[:_AT_MOST]:
            told += notices.tell(organization_id, REVIEW, once=f"{hold.id}:{hold.review_on}", object_id=hold.id)
    return told


def _tell(version: PeriodVersion, kind: str, *, at: datetime, by: Actor | None) -> int:
    counts: dict[str, Any] = {"n": version.n, "unit": version.unit, "rows": version.preview_rows}
    return notices.tell(
        version.organization_id,
        kind,
        once=str(version.id),
        object_id=version.id,
        about=version.category,
        at=at,
        by=by,
        counts=counts,
    )
