"""Files of contacts on their way in."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ground.tenancy import uuid7


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("columns to be named")
    CHECKING = "checking", _("being checked")
    CHECKED = "checked", _("checked, nothing stored yet")
    RUNNING = "running", _("being stored")
    FINISHED = "finished", _("finished")
    FAILED = "failed", _("stopped")


class OnMatch(models.TextChoices):
    UPDATE = "update", _("complete the contact we have")
    SKIP = "skip", _("leave the contact we have as it is")


class ContactImport(models.Model):
    """One uploaded CSV file, sealed, and how far its import is. The file goes a day after the end.

    `mapping`: column number -> field, nothing from the file itself. The header is sealed in `sealed` (a file without
    header would otherwise leave a person's line here). `rows_done` moves in the transaction that stores the rows.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=8, choices=ImportState.choices, default=ImportState.UPLOADED)
    key_id = models.UUIDField(editable=False)
    object_name = models.CharField(max_length=160, editable=False)
    stored_bytes = models.BigIntegerField(default=0, editable=False)
    plain_bytes = models.BigIntegerField(default=0, editable=False)
    sealed = models.BinaryField(editable=False)
    encoding = models.CharField(max_length=16, default="utf-8")
    delimiter = models.CharField(max_length=1, default=",")
    has_header = models.BooleanField(default=True)
    mapping = models.JSONField(default=dict)
    region = models.CharField(max_length=2, blank=True)
    legal_basis = models.CharField(max_length=24, blank=True)
    on_match = models.CharField(max_length=8, choices=OnMatch.choices, default=OnMatch.UPDATE)
    list_id = models.UUIDField(null=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    held = models.BooleanField(default=False, db_default=False, editable=False)
    set_aside_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("contact import")
        verbose_name_plural = _("contact imports")
        indexes = [
            models.Index(
                fields=["organization_id", "created_at", "id"],
                condition=Q(held=False, set_aside_at__isnull=True),
                name="contacts_import_due",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "id"], name="contacts_import_of_organization"),
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="contacts_import_state_known"),
            models.CheckConstraint(
                condition=Q(rows_done__lte=F("rows_total")), name="contacts_import_done_within_total"
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.id}"

    @property
    def is_underway(self) -> bool:
        return self.state in (ImportState.CHECKING, ImportState.RUNNING)


class ImportProblem(models.Model):
    """One line of a file that cannot be stored as it is: which line, which field, which kind of problem. No value."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField(editable=False)
    contact_import = models.ForeignKey(
        ContactImport, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    row_number = models.PositiveIntegerField()
    field = models.CharField(max_length=24, blank=True)
    code = models.CharField(max_length=32)

    class Meta:
        verbose_name = _("import problem")
        verbose_name_plural = _("import problems")
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "contact_import", "row_number", "field"], name="contacts_problem_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.row_number}: {self.code}"
