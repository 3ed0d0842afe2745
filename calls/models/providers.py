"""The provider's side: what it sent, and the copy it keeps."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from calls.models.people import Findable, people_indexes
from ground.tenancy import uuid7


class EventSource(models.TextChoices):
    DELIVERED = "delivered", _("sent by the provider")
    PULLED = "pulled", _("asked from the provider")


class EventState(models.TextChoices):
    RECEIVED = "received", _("waits to be read")
    PROCESSED = "processed", pgettext_lazy("provider event", "read")
    DROPPED = "dropped", _("not kept: destroyed before, or past its period")
    QUARANTINED = "quarantined", _("makes no sense: needs a person")


class ProviderEvent(Findable):
    """One message of a provider, as it arrived less what must never be kept, under a seal for a few hours.

    `event_digest` is the blind digest of the message's id (or of its body): the same message counts once. `problems`
    are places and codes, never values.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    connection_id = models.UUIDField()
    provider = models.CharField(max_length=20)
    source = models.CharField(
        max_length=10, choices=EventSource.choices, default=EventSource.DELIVERED, db_default=EventSource.DELIVERED
    )
    event_digest = models.BinaryField()
    key_id = models.UUIDField()
    sealed = models.BinaryField()
    stored_bytes = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=EventState.choices, default=EventState.RECEIVED)
    problems = models.JSONField(default=list)
    call_id = models.UUIDField(null=True)
    held = models.BooleanField(default=False, db_default=False)
    set_aside_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("provider event")
        verbose_name_plural = _("provider events")
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "connection_id", "event_digest"], name="calls_event_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "received_at", "id"],
                name="calls_event_due",
                condition=Q(held=False, set_aside_at__isnull=True),
            ),
            models.Index(
                fields=["organization_id", "call_id"], name="calls_event_call", condition=Q(call_id__isnull=False)
            ),
            *people_indexes("event"),
        ]

    def __str__(self) -> str:
        return f"event {self.id}"


class CopyState(models.TextChoices):
    """Where the provider's own copy of a call stands."""

    HELD = "held", _("at the provider")
    DUE = "due", _("deletion due")
    ASKED = "asked", _("deletion asked, not yet confirmed")
    GONE = "gone", _("deletion requested and acknowledged")
    UNSUPPORTED = "unsupported", _("the provider has no way to delete it for us")
    CREDENTIALS = "credentials", _("the provider refused our key")
    FAILED = "failed", _("the provider could not delete it")


SETTLED_COPY_STATES = [CopyState.GONE, CopyState.UNSUPPORTED]


class ProviderCopy(models.Model):
    """The copy of one call that its provider keeps. It outlives the call, until the provider has answered.

    `sealed` holds the provider's ids and nothing else; its key is destroyed as soon as the copy is gone. What then
    remains (state, code, moments) names nobody. `settled_at` is the clock of the row's own period.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    call_id = models.UUIDField()
    connection_id = models.UUIDField()
    provider = models.CharField(max_length=20)
    identity = models.BinaryField()
    key_id = models.UUIDField(null=True)
    sealed = models.BinaryField(default=bytes)
    state = models.CharField(max_length=12, choices=CopyState.choices, default=CopyState.HELD)
    due_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    last_code = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    held = models.BooleanField(default=False, db_default=False)
    set_aside_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("provider copy")
        verbose_name_plural = _("provider copies")
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "call_id"], name="calls_copy_once"),
            models.UniqueConstraint(fields=["organization_id", "identity"], name="calls_copy_identity_once"),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "settled_at", "id"],
                name="calls_copy_due",
                condition=Q(held=False, set_aside_at__isnull=True),
            ),
            models.Index(
                fields=["organization_id", "due_at"],
                name="calls_copy_open",
                condition=Q(state__in=["due", "asked", "credentials", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"provider copy {self.id}"


class PollState(models.TextChoices):
    WORKING = "working", _("asks for missed calls")
    CREDENTIALS = "credentials", _("the provider refused our key")


class Poll(models.Model):
    """How far one connection's provider has been asked for calls that never arrived.

    Everything that changed until `read_until` has been seen. A round goes from a little before it to `round_until`,
    window by window; `round_at` is how far it came, so that a round that was stopped goes on where it was.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    connection_id = models.UUIDField()
    state = models.CharField(max_length=12, choices=PollState.choices, default=PollState.WORKING)
    read_until = models.DateTimeField()
    round_at = models.DateTimeField(null=True)
    round_until = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("poll of a provider")
        verbose_name_plural = _("polls of providers")
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "connection_id"], name="calls_poll_once"),
            models.CheckConstraint(
                condition=Q(round_at__isnull=True, round_until__isnull=True)
                | Q(round_at__isnull=False, round_until__isnull=False),
                name="calls_poll_round_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"poll {self.id}"
