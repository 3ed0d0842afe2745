"""The call itself: its facts in columns, the people on it under a seal."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from calls.models.people import Findable, people_indexes
from calls.querysets import CallQuerySet
from calls.record import Channel, ConsentResult, Direction, Outcome
from calls.samples import END_REASON
from ground.tenancy import uuid7


class RecordingState(models.TextChoices):
    """What became of the recording of a call."""

    NONE = "none", _("none was made")
    EXPECTED = "expected", _("being fetched")
    STORED = "stored", _("stored")
    FORBIDDEN = "forbidden", _("not kept: recording was off")
    DECLINED = "declined", _("not kept: the caller declined")
    UNAVAILABLE = "unavailable", _("could not be fetched")
    DESTROYED = "destroyed", _("destroyed")


class Call(Findable):
    """One call between an AI agent and a person.

    `sealed` holds numbers, names, provider ids and the stamps by which later tellings merge; `ended_at` is the clock
    of every period. `tombstone` is the blind digest of the provider's id: the call's identity while it is here, and
    what keeps it from coming back afterwards."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    provider = models.CharField(_("provider"), max_length=20)
    connection_id = models.UUIDField(null=True)
    agent_id = models.UUIDField(null=True)
    agent_revision = models.PositiveIntegerField(null=True)
    direction = models.CharField(
        _("direction"), max_length=8, choices=[(each.value, each.value) for each in Direction], default="unknown"
    )
    channel = models.CharField(
        _("channel"), max_length=8, choices=[(each.value, each.value) for each in Channel], default="pstn"
    )
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=[(each.value, each.value) for each in Outcome], default="completed"
    )
    end_reason = models.CharField(_("how it ended, in the provider's word"), max_length=100, blank=True)
    started_at = models.DateTimeField(_("started"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    ended_at = models.DateTimeField(_("ended"))
    duration_ms = models.PositiveIntegerField(null=True)
    language = models.CharField(max_length=35, blank=True)
    cost_micros = models.BigIntegerField(null=True)
    cost_currency = models.CharField(max_length=3, blank=True)
    recording_allowed = models.BooleanField(default=False)
    transcript_allowed = models.BooleanField(default=True)
    disclosure_version = models.PositiveIntegerField(default=0)
    consent = models.CharField(
        _("consent to recording"),
        max_length=10,
        blank=True,
        choices=[(each.value, each.value) for each in ConsentResult],
    )
    consent_method = models.CharField(max_length=40, blank=True)
    consent_at = models.DateTimeField(null=True)
    consent_turn = models.PositiveIntegerField(null=True)
    recording_state = models.CharField(max_length=12, choices=RecordingState.choices, default=RecordingState.NONE)
    has_recording = models.BooleanField(default=False)
    has_transcript = models.BooleanField(default=False)
    has_report = models.BooleanField(default=False)
    provider_expires_at = models.DateTimeField(null=True)
    key_id = models.UUIDField()
    sealed = models.BinaryField()
    sealed_version = models.PositiveIntegerField(default=1)
    stored_bytes = models.BigIntegerField(default=0)
    tombstone = models.BinaryField()
    event_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    held = models.BooleanField(default=False, db_default=False)
    set_aside_at = models.DateTimeField(null=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "tombstone"], name="calls_call_once"),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="calls_call_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=[d.value for d in Direction]), name="calls_call_direction"
            ),
            models.CheckConstraint(condition=Q(channel__in=[c.value for c in Channel]), name="calls_call_channel"),
            models.CheckConstraint(condition=Q(outcome__in=[o.value for o in Outcome]), name="calls_call_outcome"),
        ]
        indexes = [
            models.Index(fields=["organization_id", "ended_at", "id"], name="calls_call_page"),
            models.Index(
                fields=["organization_id", "ended_at", "id"],
                name="calls_call_due",
                condition=Q(held=False, set_aside_at__isnull=True),
            ),
            models.Index(fields=["organization_id", "agent_id", "ended_at", "id"], name="calls_call_by_agent"),
            models.Index(
                F("organization_id"), F("duration_ms").asc(nulls_first=True), F("id"), name="calls_call_by_length"
            ),
            *people_indexes("call"),
        ]

    def __str__(self) -> str:
        return f"call {self.id}"

    @property
    def is_trial(self) -> bool:
        """Sent from our own pages to see a call arrive: nobody was called."""
        return bool(self.end_reason == END_REASON)
