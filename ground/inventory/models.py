"""Holds, destruction batches, what is left to remove, tombstones and tallies: evidence and work, no content."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ground.tenancy import uuid7


class Nature(models.TextChoices):
    HOLD = "hold", "Legal hold"
    RESTRICTION = "restriction", "Restriction (Art. 18)"


class Hold(models.Model):
    """One decision that something must be kept: a legal hold, or a restriction under Art. 18 GDPR."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    nature = models.CharField(max_length=16, choices=Nature.choices, default=Nature.HOLD)
    scope_kind = models.CharField(max_length=16)
    call_id = models.UUIDField(null=True)
    agent_id = models.UUIDField(null=True)
    contact_id = models.UUIDField(null=True)
    digests = models.JSONField(default=dict)  # kind -> list of hex find digests
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    key_id = models.UUIDField()
    sealed = models.BinaryField()  # the reason, in words
    review_on = models.DateField()
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=80)
    marked_at = models.DateTimeField(null=True)  # all covered rows carry the flag; until then it is asked directly
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=80, blank=True)
    cleared_at = models.DateTimeField(null=True)  # rows no other hold covers are free again

    class Meta:
        indexes = [models.Index(fields=["organization_id", "released_at"], name="hold_in_force")]

    def __str__(self) -> str:
        return f"{self.get_nature_display()} {self.id}"


class BatchState(models.TextChoices):
    CLAIMED = "claimed"
    UNREADABLE = "unreadable", "Keys and rows gone, objects being removed"
    DONE = "done"
    CANCELLED = "cancelled"


class DestructionBatch(models.Model):
    """One bounded step of destruction: up to some thousand rows of one model, from claim to the last object."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    run_id = models.UUIDField(null=True)
    label = models.CharField(max_length=80)  # app.Model
    category = models.CharField(max_length=32)
    reason = models.CharField(max_length=32)
    by = models.CharField(max_length=80)
    state = models.CharField(max_length=16, choices=BatchState.choices, default=BatchState.CLAIMED)
    row_ids = ArrayField(models.UUIDField(), default=list)  # opaque; emptied when the last moment has passed
    attempts = models.PositiveSmallIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    keys = models.PositiveIntegerField(default=0)
    objects_total = models.PositiveIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    earliest = models.DateTimeField(null=True)
    latest = models.DateTimeField(null=True)
    digest = models.BinaryField(default=b"")  # SHA-256 over the sorted row ids
    shelf_versions = ArrayField(models.UUIDField(), default=list)
    claimed_at = models.DateTimeField(db_default=Now())
    unreadable_at = models.DateTimeField(null=True)
    objects_gone_at = models.DateTimeField(null=True)
    beyond_recovery_at = models.DateTimeField(null=True)
    left_backups_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "run_id"], name="batch_run"),
            models.Index(
                fields=["organization_id", "claimed_at"],
                name="batch_open",
                condition=Q(state__in=["claimed", "unreadable"]),
            ),
            models.Index(
                fields=["organization_id", "unreadable_at"],
                name="batch_moments",
                condition=Q(left_backups_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} batch {self.id}"


class ObjectRemoval(models.Model):
    """One sealed object (already unreadable) that must still leave the object store."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    batch_id = models.UUIDField()
    object_name = models.CharField(max_length=200)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=64, blank=True)
    next_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "next_at"], name="removal_due"),
            models.Index(fields=["organization_id", "batch_id"], name="removal_batch"),
        ]

    def __str__(self) -> str:
        return f"removal {self.id}"


class Tombstone(models.Model):
    """The digest of something destroyed: a late webhook, a poller or an old dump brings it back no more."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    digest = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "digest"], name="tombstone_once")]
        indexes = [models.Index(fields=["organization_id", "expires_at"], name="tombstone_expiry")]

    def __str__(self) -> str:
        return f"tombstone {self.id}"


class Tally(models.Model):
    """How many rows and bytes of a category an organization holds, by the UTC day of their clock."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    category = models.CharField(max_length=32)
    day = models.DateField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "category", "day"], name="tally_day")]

    def __str__(self) -> str:
        return f"{self.category} {self.day}"


class TallyDelta(models.Model):
    """A change to a tally, not yet folded in: appended by ingest and destruction without waiting for each other."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    category = models.CharField(max_length=32)
    day = models.DateField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["organization_id", "category", "day"], name="tally_delta")]

    def __str__(self) -> str:
        return f"{self.category} {self.day} {self.rows:+d}"
