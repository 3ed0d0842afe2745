"""Periods as versions, purge runs with their lines, certificates, measures: the evidence of retention."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ground.profiles import Category, NotAPeriod, Period, Unit
from ground.tenancy import uuid7
from retention.planned import PlannedDestruction as PlannedDestruction

CATEGORIES = [(category.value, category.value.replace("_", " ")) for category in Category]
UNITS = [(unit.value, unit.value) for unit in Unit]


class _PeriodColumns(models.Model):
    """A stored length of time. `period` fails closed: a damaged row is NotAPeriod, never a guess."""

    n = models.PositiveIntegerField()
    unit = models.CharField(max_length=8, choices=UNITS)

    class Meta:
        abstract = True

    @property
    def period(self) -> Period:
        """The stored period. Raises NotAPeriod."""
        try:
            return Period(self.n, Unit(self.unit))
        except ValueError as error:
            raise NotAPeriod(f"{self.n} {self.unit} is not a period") from error


class OperatorDecision(_PeriodColumns):
    """The operator's stored decision on a category whose period the company's text does not give."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    category = models.CharField(max_length=32, choices=CATEGORIES)
    reason = models.CharField(max_length=300)
    is_demo = models.BooleanField(default=False)
    decided_at = models.DateTimeField(db_default=Now())
    decided_by = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["category"], condition=Q(withdrawn_at__isnull=True), name="one_decision_in_force"
            ),
            models.CheckConstraint(condition=Q(n__gt=0), name="decision_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.category}: {self.n} {self.unit}"


class PeriodVersion(_PeriodColumns):
    """One version of an organization's period for a category: who set it, why, from when, if undone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    category = models.CharField(max_length=32, choices=CATEGORIES)
    version = models.PositiveIntegerField()
    reason = models.CharField(max_length=300, blank=True)
    set_by = models.CharField(max_length=80)
    set_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    preview_rows = models.BigIntegerField(default=0)  # what the person saw and confirmed would leave at once
    preview_bytes = models.BigIntegerField(default=0)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "category", "version"], name="period_version_once"),
            models.CheckConstraint(condition=Q(n__gt=0), name="period_is_positive"),
        ]
        indexes = [models.Index(fields=["organization_id", "category", "effective_at"], name="period_in_force")]

    def __str__(self) -> str:
        return f"{self.category} version {self.version}: {self.n} {self.unit}"


class SweepState(models.Model):
    """One organization's sweep: who runs it now (a lease: a dead worker blocks nobody) and when it last ended."""

    organization_id = models.UUIDField(primary_key=True)
    holder = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sweep of {self.organization_id}"


class SweepMark(models.Model):
    """How far the sweep of one category got: everything whose clock lies before `cutoff` had been looked at."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    category = models.CharField(max_length=32)
    cutoff = models.DateTimeField()
    swept_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "category"], name="sweep_mark_once")]

    def __str__(self) -> str:
        return f"{self.category} until {self.cutoff}"


class OverdueMeasure(models.Model):
    """The age of the oldest thing of a category that should be gone, when it was last looked for."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    category = models.CharField(max_length=32)
    seconds = models.PositiveBigIntegerField()
    oldest = models.DateTimeField(null=True)
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "category"], name="overdue_once")]

    def __str__(self) -> str:
        return f"{self.category} overdue {self.seconds} s"


class RunState(models.TextChoices):
    RUNNING = "running"
    WAITING = "waiting", "Waits for a person's approval"
    DONE = "done"
    FAILED = "failed"


class PurgeRun(models.Model):
    """One run that destroyed something, or would have: its lines say what, its certificate proves it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    trigger = models.CharField(max_length=24)  # schedule, command, member, approval, erasure
    by = models.CharField(max_length=80)
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(default=0)
    keys = models.BigIntegerField(default=0)
    objects_total = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    kept = models.BigIntegerField(default=0)
    set_aside = models.BigIntegerField(default=0)
    error = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-started_at"], name="run_newest")]

    def __str__(self) -> str:
        return f"purge run {self.id}"

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None


class PurgeLine(models.Model):
    """One category of one run: the period that applied, what was due, what went."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    run_id = models.UUIDField()
    category = models.CharField(max_length=32)
    period = models.CharField(max_length=24, blank=True)  # as people write it: "90 days"
    origin = models.CharField(max_length=24, blank=True)  # organization, operator decision, profile, agent
    cutoff = models.DateTimeField(null=True)
    due = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    keys = models.BigIntegerField(default=0)
    objects_total = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    kept = models.BigIntegerField(default=0)
    set_aside = models.BigIntegerField(default=0)
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.RUNNING)
    error = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "run_id"], name="line_of_run"),
            models.Index(
                fields=["organization_id", "category", "-id"],
                name="line_open",
                condition=Q(state__in=["waiting", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} of run {self.run_id}"


class Approval(models.Model):
    """A person's yes to one unusually large destruction, good for a day and for no more than was shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    category = models.CharField(max_length=32)
    most_rows = models.BigIntegerField()
    approved_by = models.CharField(max_length=80)
    approved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "category", "expires_at"], name="approval_open")]

    def __str__(self) -> str:
        return f"approval of {self.most_rows} {self.category}"


class Moment(models.TextChoices):
    UNREADABLE = "unreadable"
    BEYOND_RECOVERY = "beyond_recovery", "Beyond recovery"
    GONE_FROM_BACKUPS = "gone_from_backups", "Metadata gone from backups"


class Certificate(models.Model):
    """The proof of one run, numbered per organization. Its statements are added as their moments come."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    run_id = models.UUIDField()
    number = models.PositiveIntegerField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "number"], name="certificate_number_once"),
            models.UniqueConstraint(fields=["organization_id", "run_id"], name="certificate_of_run_once"),
        ]

    def __str__(self) -> str:
        return f"certificate {self.number}"


class Statement(models.Model):
    """One signed statement about one moment, issued only after it happened. Append-only in the database."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    certificate_id = models.UUIDField()
    moment = models.CharField(max_length=24, choices=Moment.choices)
    happened_at = models.DateTimeField()
    issued_at = models.DateTimeField()
    body = models.BinaryField()  # canonical JSON (RFC 8785)
    signature = models.BinaryField()  # 64 bytes, Ed25519
    signing_key_id = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "certificate_id", "moment"], name="statement_once")
        ]

    def __str__(self) -> str:
        return f"{self.moment} of {self.certificate_id}"


class Reconciliation(models.Model):
    """One daily comparison of rows, keys and objects of an organization, both ways."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    rows_seen = models.BigIntegerField(default=0)
    keys_seen = models.BigIntegerField(default=0)
    objects_seen = models.BigIntegerField(default=0)
    keys_lost = models.BigIntegerField(default=0)  # rows without key and without journal entry: an alarm
    finished_off = models.BigIntegerField(default=0)  # rows whose destruction a crash had left half done
    keys_quarantined = models.BigIntegerField(default=0)
    objects_missing = models.BigIntegerField(default=0)
    objects_quarantined = models.BigIntegerField(default=0)
    objects_released = models.BigIntegerField(default=0)  # quarantine was over and still nobody named them

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-started_at"], name="reconciliation_newest")]

    def __str__(self) -> str:
        return f"reconciliation {self.started_at}"


class QuarantinedObject(models.Model):
    """An object that no row names, seen by reconciliation; it leaves only after a second look, days later."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    object_name = models.CharField(max_length=200)
    seen_at = models.DateTimeField()
    not_before = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "object_name"], name="quarantined_once")]

    def __str__(self) -> str:
        return f"quarantined object {self.id}"
