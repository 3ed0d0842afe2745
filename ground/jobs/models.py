"""Work that must not be lost: rows with leases. Celery only wakes; the row decides whether anything is to be done."""

from django.db import models
from django.db.models.functions import Now

from ground.jobs.querysets import JobQuerySet
from ground.tenancy import uuid7


class State(models.TextChoices):
    READY = "ready", "Waits for its time or a worker"
    RUNNING = "running", "A worker holds the lease"
    DONE = "done", "Done"
    FAILED = "failed", "Gave up"
    QUARANTINED = "quarantined", "Set aside: workers died with it"
    CANCELLED = "cancelled", "Cancelled before it ran"


UNFINISHED = [State.READY, State.RUNNING]


class Job(models.Model):
    """One piece of work for one organization. `arguments` are ids and counts, never personal data.

    Whoever runs it holds a lease until `leased_until`; `lease_token` grows with every lease, and only the holder of the
    current one may write an outcome. `deaths` counts holders that vanished.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    kind = models.CharField(max_length=128)
    arguments = models.JSONField(default=dict)
    unique_key = models.CharField(max_length=128, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.READY)
    attempts = models.PositiveIntegerField(default=0)
    deaths = models.PositiveIntegerField(default=0)
    run_at = models.DateTimeField(db_default=Now())
    woken_at = models.DateTimeField(null=True, blank=True, help_text="when a worker was last told")
    leased_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.PositiveBigIntegerField(default=0)
    last_error = models.CharField(max_length=128, blank=True, help_text="class name and short code, never a message")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "kind", "unique_key"],
                condition=models.Q(state__in=["ready", "running"]) & ~models.Q(unique_key=""),
                name="jobs_job_one_unfinished",
            ),
            models.CheckConstraint(
                condition=models.Q(state="running", leased_until__isnull=False)
                | (~models.Q(state="running") & models.Q(leased_until__isnull=True)),
                name="jobs_job_lease_while_running",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["ready", "running"], finished_at__isnull=True)
                | (~models.Q(state__in=["ready", "running"]) & models.Q(finished_at__isnull=False)),
                name="jobs_job_finished_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "run_at", "id"], name="jobs_job_due", condition=models.Q(state="ready")
            ),
            models.Index(
                fields=["organization_id", "leased_until", "id"],
                name="jobs_job_leases",
                condition=models.Q(state="running"),
            ),
            models.Index(
                fields=["organization_id", "finished_at", "id"],
                name="jobs_job_finished",
                condition=models.Q(finished_at__isnull=False),
            ),
            models.Index(
                fields=["organization_id", "kind"],
                name="jobs_job_quarantine",
                condition=models.Q(state="quarantined"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.state})"


class Slot(models.Model):
    """A moment of a schedule for which work was already enqueued: several beats, one run."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    kind = models.CharField(max_length=128)
    slot = models.CharField(max_length=64)
    job_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "kind", "slot"], name="jobs_slot_once")]
        indexes = [models.Index(fields=["organization_id", "created_at"], name="jobs_slot_created")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.slot}"
