"""What happened to agents, for the organization to read; it leaves after its period."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ground.tenancy import uuid7


class AgentActivity(models.Model):
    """One thing that happened to one agent: what kind, when, by whom, and counts. Never words of a person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    agent_id = models.UUIDField(editable=False)
    kind = models.CharField(_("what"), max_length=40)
    at = models.DateTimeField(_("when"))
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64)
    revision_number = models.PositiveIntegerField(null=True)
    count = models.PositiveIntegerField(null=True)
    held = models.BooleanField(default=False, db_default=False, editable=False)
    set_aside_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("agent activity")
        verbose_name_plural = _("agent activity")
        indexes = [
            models.Index(
                fields=["organization_id", "at", "id"],
                condition=Q(held=False, set_aside_at__isnull=True),
                name="agents_activity_due",
            ),
            models.Index(fields=["organization_id", "agent_id", "-at"], name="agents_activity_of_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.agent_id}"
