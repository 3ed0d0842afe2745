"""What beat wakes: fan out one job per organization. Safe to run twice and from two beats (slots are unique)."""

from datetime import UTC, datetime

from celery import shared_task

from accounts.models import Organization
from ground import jobs
from ground.tenancy import acting_for


def _slot(minutes: int) -> str:
    """The time slot we are in, as text: beats that tick together name the same."""
    now = datetime.now(UTC)
    minute = now.hour * 60 + now.minute
    return f"every{minutes}m/{now:%Y-%m-%d}/{minute // minutes}"


def _fan_out(kind: str, slot: str) -> int:
    count = 0
    for organization_id in Organization.objects.order_by("id").values_list("id", flat=True):
        with acting_for(organization_id):
            count += jobs.slot(kind, organization_id, slot) is not None
    return count


@shared_task(name="retention.sweep")
def sweep() -> int:
    """Every quarter of an hour: purge what is due, one job per organization."""
    return _fan_out("retention.sweep", _slot(15))


@shared_task(name="retention.settle")
def settle() -> int:
    """Every five minutes: later moments, strays, tallies, and the overdue figure."""
    return _fan_out("retention.settle", _slot(5))


@shared_task(name="retention.daily")
def daily() -> int:
    """Asked every hour, done once a day: reconciliation."""
    return _fan_out("retention.daily", _slot(24 * 60))
