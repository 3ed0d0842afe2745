"""The audit trail: events that nobody changes, and the signed blocks that prove it.

Events carry no foreign keys: evidence outlives what it describes. They are never marked either; an event belongs to
the block whose range of positions (epoch, transaction id, event id) covers it.
"""

from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from ground.audit.fields import TransactionIdField
from ground.audit.querysets import AlertQuerySet, BlockQuerySet, EventQuerySet
from ground.tenancy import uuid7


class Stream(models.TextChoices):
    """Each organization has two chains: they are kept for different periods."""

    EVIDENCE = "evidence", "Decisions and destructions"
    ACCESS = "access", "Who looked at what"


class Epoch(models.Model):
    """A stretch of history in which transaction ids only grow. A restore ends it; the next is begun and signed."""

    number = models.PositiveIntegerField(primary_key=True)
    reason = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    signature = models.BinaryField()
    signing_key = models.CharField(max_length=128)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"epoch {self.number} ({self.reason})"


class Event(models.Model):
    """One thing that happened: who, what kind, to what, with ids and counts. Written once by `audit.append`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    stream = models.CharField(max_length=16, choices=Stream.choices)
    kind = models.CharField(max_length=128)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=128)
    object_type = models.CharField(max_length=128, blank=True)
    object_id = models.CharField(max_length=128, blank=True)
    payload = models.TextField()
    occurred_at = models.DateTimeField(db_default=Now())
    epoch = models.PositiveIntegerField(db_default=RawSQL("audit_current_epoch()", []))
    transaction_id = TransactionIdField(db_default=RawSQL("pg_current_xact_id()", []))

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization_id", "stream", "epoch", "transaction_id", "id"], name="audit_event_chain"
            ),
            models.Index(fields=["organization_id", "id"], name="audit_event_recent"),
            models.Index(
                fields=["organization_id", "object_id", "id"],
                name="audit_event_object",
                condition=~models.Q(object_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Block(models.Model):
    """The signed header over up to 5,000 events of one chain. It stays when its events expire.

    It covers every position after the previous block's `through` up to its own. Only `Expiry` says that its events
    are gone; the header itself never changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    stream = models.CharField(max_length=16, choices=Stream.choices)
    number = models.PositiveBigIntegerField()
    epoch = models.PositiveIntegerField()
    through_transaction = TransactionIdField()
    through_event = models.UUIDField()
    first_event = models.UUIDField()
    last_event = models.UUIDField()
    event_count = models.PositiveIntegerField()
    latest_at = models.DateTimeField(help_text="occurred_at of the youngest event in the block")
    merkle_root = models.BinaryField()
    previous_hash = models.BinaryField()
    block_hash = models.BinaryField()
    signature = models.BinaryField()
    signing_key = models.CharField(max_length=128)
    sealed_at = models.DateTimeField()

    objects = BlockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "stream", "number"], name="audit_block_number"),
            models.CheckConstraint(condition=models.Q(number__gte=1, event_count__gte=1), name="audit_block_not_empty"),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "stream", "epoch", "through_transaction", "through_event"],
                name="audit_block_position",
            ),
            models.Index(fields=["organization_id", "stream", "latest_at"], name="audit_block_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} block {self.number}"


class Expiry(models.Model):
    """The signed statement that the events of one block were expired. Without it, missing events are an alarm."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    stream = models.CharField(max_length=16, choices=Stream.choices)
    number = models.PositiveBigIntegerField()
    block_hash = models.BinaryField()
    older_than = models.DateTimeField()
    expired_at = models.DateTimeField()
    signature = models.BinaryField()
    signing_key = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "stream", "number"], name="audit_expiry_block")
        ]

    def __str__(self) -> str:
        return f"expiry of {self.stream} block {self.number}"


class Alert(models.Model):
    """Something an organization must know about. At most one is open per kind and key; repetition counts up."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    kind = models.CharField(max_length=128)
    key = models.CharField(max_length=128, blank=True)
    details = models.TextField(default="{}")
    count = models.PositiveIntegerField(default=1)
    raised_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "kind", "key"],
                condition=models.Q(resolved_at__isnull=True),
                name="audit_alert_one_open",
            )
        ]
        indexes = [models.Index(fields=["organization_id", "-raised_at"], name="audit_alert_recent")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}".strip()
