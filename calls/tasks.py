"""What beat wakes. Safe to run twice and from two beats: slots are unique."""

from datetime import UTC, datetime

from celery import shared_task

from accounts.models import Organization
from calls.services import polling
from ground import jobs
from ground.tenancy import acting_for

POLL_MINUTES = 10


@shared_task(name="calls.poll")
def poll() -> int:
    """Every ten minutes: ask providers for calls that never arrived, one job per organization that has whom to ask."""
    now = datetime.now(UTC)
    slot = f"every{POLL_MINUTES}m/{now:%Y-%m-%d}/{(now.hour * 60 + now.minute) // POLL_MINUTES}"
    planned = 0
    for organization_id in Organization.objects.order_by("id").values_list("id", flat=True):
        with acting_for(organization_id):
            if polling.connections_to_poll(organization_id):
                planned += jobs.slot("calls.poll", organization_id, slot) is not None
    return planned
