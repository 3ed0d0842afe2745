"""What runs out by itself: answers kept for repeated requests, invitations nobody answered, the grace of a closing."""

from celery import shared_task
from django.utils import timezone

from accounts.api import idempotency
from accounts.models import Organization
from accounts.services import invitations, organizations, staff_access


@shared_task(name="accounts.tidy")
def tidy() -> None:
    """Once an hour; safe to run twice."""
    organizations.close_due(at=timezone.now())
    for organization_id in Organization.objects.values_list("pk", flat=True).iterator():
        idempotency.forget(organization_id)
        invitations.forget_over(organization_id, at=timezone.now())


@shared_task(name="accounts.end_staff_sessions")
def end_staff_sessions() -> None:
    """Once a minute; writes down what the clock has ended already. Safe to run twice."""
    staff_access.end_over()
