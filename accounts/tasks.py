"""What runs out by itself: answers kept for repeated requests, and invitations nobody answered."""

from celery import shared_task
from django.utils import timezone

from accounts.api import idempotency
from accounts.models import Organization
from accounts.services import invitations


@shared_task(name="accounts.tidy")
def tidy() -> None:
    """Once an hour; safe to run twice."""
    for organization_id in Organization.objects.values_list("pk", flat=True).iterator():
        idempotency.forget(organization_id)
        invitations.forget_over(organization_id, at=timezone.now())
