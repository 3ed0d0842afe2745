"""Requests that a program may send twice."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.organizations import Organization
from ground.tenancy import uuid7


class IdempotentRequest(models.Model):
    """One `Idempotency-Key` of one organization, for 24 hours: in flight (no status) or answered.

    The stored answer holds ids, counts and states only; views that answer with more must not be idempotent this way.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    attempt = models.UUIDField(default=uuid7)
    lease_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    # As it was written, member by member: jsonb would sort them.
    answer = models.TextField(null=True)  # noqa: DJ001  (null as long as there is no status)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["organization", "created_at"], name="accounts_idempotent_due")]
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="accounts_idempotent_once"),
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__gte=200, status__lt=300),
                name="accounts_idempotent_only_success",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
