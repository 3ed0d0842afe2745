"""Agents and what was published for them, revision by revision."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from agents.models.connections import Provider, ProviderConnection
from ground.tenancy import uuid7


class AgentState(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("agent", "active")
    RETIRED = "retired", pgettext_lazy("agent", "retired")


class Agent(models.Model):
    """One AI voice agent as its provider knows it. What it may keep stands in its revisions, never here.

    `seen_first`: made by its first call rather than by a person; until someone publishes, its recordings are forbidden.
    `draft`: settings being prepared, in the form of `agents.services.settings.Settings`; nothing acts on them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    name = models.CharField(_("name"), max_length=120)
    provider = models.CharField(_("provider"), max_length=16, choices=Provider.choices)
    connection = models.ForeignKey(
        ProviderConnection,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("connection"),
    )
    provider_agent_id = models.CharField(_("the provider's id of it"), max_length=128)
    language = models.CharField(_("language (BCP 47)"), max_length=35, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=AgentState.choices, default=AgentState.ACTIVE)
    seen_first = models.BooleanField(default=False, editable=False)
    draft = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    held = models.BooleanField(default=False, db_default=False, editable=False)
    set_aside_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        indexes = [
            models.Index(fields=["organization_id", "name", "id"], name="agents_agent_list"),
            models.Index(
                fields=["organization_id", "closed_at", "id"],
                condition=Q(held=False, set_aside_at__isnull=True),
                name="agents_agent_due",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "id"], name="agents_agent_of_organization"),
            models.UniqueConstraint(
                fields=["organization_id", "connection", "provider_agent_id"], name="agents_agent_once"
            ),
            models.CheckConstraint(condition=Q(state__in=AgentState.values), name="agents_agent_state_known"),
            models.CheckConstraint(
                condition=Q(state="retired", retired_at__isnull=False) | Q(state="active", retired_at__isnull=True),
                name="agents_agent_retired_when",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.state == AgentState.ACTIVE


class AgentRevision(models.Model):
    """What was decided for an agent, from `published_at` until the next revision. The database refuses every change.

    `disclosures`: what callers are told first, by language. `disclosure_version` rises when those words change.
    `retention_days`: by category, days shorter than the organization's own period. `recording_enabled` needs a
    disclosure (the database insists too).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    number = models.PositiveIntegerField()
    recording_enabled = models.BooleanField(_("recording"), default=False)
    transcript_enabled = models.BooleanField(_("transcript"), default=True)
    disclosures = models.JSONField(_("disclosure"), default=dict)
    disclosure_languages = ArrayField(models.CharField(max_length=35), default=list)
    disclosure_version = models.PositiveIntegerField(default=0)
    retention_days = models.JSONField(_("shorter periods"), default=dict)
    reason = models.CharField(_("reason"), max_length=300)
    published_by = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        verbose_name = _("agent revision")
        verbose_name_plural = _("agent revisions")
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "agent", "number"], name="agents_revision_numbered"),
            models.CheckConstraint(condition=Q(number__gte=1), name="agents_revision_from_one"),
            models.CheckConstraint(
                condition=Q(recording_enabled=False) | Q(disclosure_languages__len__gte=1),
                name="agents_revision_recording_is_disclosed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "agent", "-published_at", "-number"], name="agents_revision_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"revision {self.number}"
