"""The keyring: wrapped data keys and the shelves they stand on. Lives in the `keyring` database.

Invariant: a data key references its shelf version by a foreign key of (organization, version), so the row of a version
goes only when nothing stands on it any more; a straggler blocks the destruction until it has been re-wrapped. Wrapped
keys are useless without the shelf keys, which never enter PostgreSQL.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ground.tenancy import uuid7


class Shelf(models.Model):
    """One organization's keys of one category whose clock falls into one ISO week."""

    in_keyring = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    category = models.CharField(max_length=40)
    iso_week = models.IntegerField(help_text="ISO year and week of the clock moment in UTC: 202647")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "category", "iso_week"], name="vault_shelf_once"),
            models.UniqueConstraint(fields=["organization_id", "id"], name="vault_shelf_of_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.iso_week}"


class ShelfVersion(models.Model):
    """One shelf key, known here by id and check value only. New data keys go under the active version."""

    in_keyring = True

    class State(models.TextChoices):
        ACTIVE = "active"
        RETIRING = "retiring"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    # The database constraint is (organization_id, shelf_id), in the first migration.
    shelf = models.ForeignKey(Shelf, on_delete=models.RESTRICT, db_constraint=False, related_name="versions")
    number = models.IntegerField()
    key_check_value = models.BinaryField(max_length=8)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(db_default=Now())
    retiring_at = models.DateTimeField(null=True)
    dirty_at = models.DateTimeField(null=True, help_text="since when keys are missing from it; the night rotates it")

    class Meta:
        indexes = [
            models.Index(
                fields=["organization_id"],
                condition=Q(dirty_at__isnull=False) | Q(state="retiring"),
                name="vault_version_due",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "id"], name="vault_version_of_organization"),
            models.UniqueConstraint(fields=["organization_id", "shelf", "number"], name="vault_version_number_once"),
            models.UniqueConstraint(
                fields=["organization_id", "shelf"], condition=Q(state="active"), name="vault_one_active_version"
            ),
            models.CheckConstraint(condition=Q(state__in=["active", "retiring"]), name="vault_version_state"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of shelf {self.shelf_id}"


class DestroyedVersion(models.Model):
    """A shelf version that is gone: evidence, and work left while `key_destroyed_at` is empty."""

    in_keyring = True

    id = models.UUIDField(primary_key=True, editable=False, help_text="the id the shelf version had")
    organization_id = models.UUIDField()
    category = models.CharField(max_length=40)
    iso_week = models.IntegerField()
    number = models.IntegerField()
    row_deleted_at = models.DateTimeField(db_default=Now())
    key_destroyed_at = models.DateTimeField(null=True)
    beyond_recovery_at = models.DateTimeField(
        null=True, help_text="when also the keyring backups that still held keys under it were gone"
    )

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "row_deleted_at"], name="vault_destroyed_when"),
            models.Index(
                fields=["organization_id"], condition=Q(key_destroyed_at=None), name="vault_destroyed_unfinished"
            ),
            models.Index(
                fields=["organization_id"], condition=Q(beyond_recovery_at=None), name="vault_destroyed_recoverable"
            ),
        ]

    def __str__(self) -> str:
        return f"destroyed version {self.number} of {self.category} {self.iso_week}"


class DataKey(models.Model):
    """One wrapped data key.

    `deadline`: of a pending key, until when its row may commit; of a quarantined one, from when it may be destroyed;
    empty for a live one.
    """

    in_keyring = True

    class State(models.IntegerChoices):
        PENDING = 0
        LIVE = 1
        QUARANTINED = 2

    pk = models.CompositePrimaryKey("organization_id", "id")
    organization_id = models.UUIDField()
    id = models.UUIDField(editable=False)
    # The database constraint is (organization_id, shelf_version_id), in the first migration.
    shelf_version = models.ForeignKey(
        ShelfVersion, on_delete=models.RESTRICT, db_constraint=False, db_index=False, related_name="data_keys"
    )
    created_at = models.DateTimeField(db_default=Now())
    deadline = models.DateTimeField(null=True)
    state = models.SmallIntegerField(choices=State.choices, default=State.PENDING)
    wrapped = models.BinaryField(max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=1, deadline__isnull=True) | (~Q(state=1) & Q(deadline__isnull=False)),
                name="vault_key_deadline",
            ),
            models.CheckConstraint(condition=Q(state__in=[0, 1, 2]), name="vault_key_state"),
        ]
        indexes = [
            models.Index(fields=["organization_id", "shelf_version"], name="vault_key_shelf"),
            models.Index(
                fields=["organization_id", "state", "deadline"], condition=~Q(state=1), name="vault_key_unsettled"
            ),
        ]

    def __str__(self) -> str:
        return f"data key {self.id}"


class Checkpoint(models.Model):
    """Where this database stands: one row, written every minute, that the journal's memory is compared with.

    A database that is older than what the journal remembers, or was re-created, has been restored; see `gate`.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    number = models.BigIntegerField()
    token = models.UUIDField(help_text="random, new with every number")
    journal_sequence = models.BigIntegerField(help_text="the last journal entry when this was written")
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="%(class)s_one_row")]

    def __str__(self) -> str:
        return f"checkpoint {self.number}"


class KeyringCheckpoint(models.Model):
    """The same for the keyring database."""

    in_keyring = True

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    number = models.BigIntegerField()
    token = models.UUIDField(help_text="random, new with every number")
    journal_sequence = models.BigIntegerField(help_text="the last journal entry when this was written")
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="%(class)s_one_row")]

    def __str__(self) -> str:
        return f"keyring checkpoint {self.number}"


class Night(models.Model):
    """One night's work on keys and backups. Unfinished while `finished_at` is empty; the report holds counts only."""

    in_keyring = True

    on = models.DateField(primary_key=True, editable=False)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    report = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"night of {self.on}"
