"""What a call leaves behind. `call_id` is a plain id: each part is purged by itself and may outlive the others."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from calls.models.people import Findable, people_indexes
from calls.record import RecordingKind
from ground.tenancy import uuid7


class CallPart(Findable):
    """What every part has. `ended_at` is the call's: the clock of the part's period. `stamp`: which telling won."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    call_id = models.UUIDField()
    agent_id = models.UUIDField(null=True)
    ended_at = models.DateTimeField()
    key_id = models.UUIDField()
    stored_bytes = models.BigIntegerField(default=0)
    tombstone = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    held = models.BooleanField(default=False, db_default=False)
    set_aside_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


def _indexes(name: str) -> list[models.Index]:
    return [
        models.Index(
            fields=["organization_id", "ended_at", "id"],
            name=f"calls_{name}_due",
            condition=Q(held=False, set_aside_at__isnull=True),
        ),
        models.Index(fields=["organization_id", "agent_id", "ended_at"], name=f"calls_{name}_by_agent"),
        *people_indexes(name),
    ]


class Recording(CallPart):
    """The sound of a call: one sealed object. `sealed_peaks` is what the player draws, under the same key."""

    object_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=[(each.value, each.value) for each in RecordingKind])
    media_type = models.CharField(max_length=40)
    plain_bytes = models.BigIntegerField()
    duration_ms = models.PositiveIntegerField(null=True)
    sealed_peaks = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "call_id", "kind"], name="calls_recording_once"),
        ]
        indexes = _indexes("rec")

    def __str__(self) -> str:
        return f"recording {self.id}"


class Transcript(CallPart):
    """What was said, turn by turn: zlib-compressed JSON under a seal."""

    sealed = models.BinaryField()
    turn_count = models.PositiveIntegerField()
    stamp = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("transcript")
        verbose_name_plural = _("transcripts")
        constraints = [models.UniqueConstraint(fields=["organization_id", "call_id"], name="calls_transcript_once")]
        indexes = _indexes("text")

    def __str__(self) -> str:
        return f"transcript {self.id}"


class CallReport(CallPart):
    """Summary and analysis of a call, as the provider made them, under a seal together with their stamps."""

    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [models.UniqueConstraint(fields=["organization_id", "call_id"], name="calls_report_once")]
        indexes = _indexes("report")

    def __str__(self) -> str:
        return f"report {self.id}"
