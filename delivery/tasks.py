"""What beat wakes: fan out one job per organization. Slots are unique, so two beats do it once."""

from datetime import datetime
from zoneinfo import ZoneInfo

from celery import shared_task
from django.utils import timezone

from accounts.models import Organization, OrganizationState
from delivery.services import digests
from ground import jobs

FORGET = "delivery.forget_contents"


@shared_task(name="delivery.tend")
def tend() -> None:
    """Asked every quarter of an hour: the digest once a day in each organization's morning; forgetting once an hour."""
    now = timezone.now()
    for organization in Organization.objects.exclude(state=OrganizationState.CLOSED).order_by("id").iterator():
        local = now.astimezone(ZoneInfo(organization.time_zone))
        if slot := digest_slot(local):
            jobs.slot(digests.JOB, organization.pk, slot)
    for organization_id in Organization.objects.order_by("id").values_list("id", flat=True).iterator():
        jobs.slot(FORGET, organization_id, f"hourly/{now:%Y-%m-%dT%H}")


def digest_slot(local: datetime) -> str:
    """The slot of a day's digest, from the organization's morning on; "" before it."""
    return f"daily/{local:%Y-%m-%d}" if local.hour >= digests.MORNING else ""
