"""What a person confirmed and may still undo: one call or one contact, waiting out its grace."""

from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models import Q

from ground.tenancy import uuid7


class Kind(models.TextChoices):
    """What can be destroyed before its time, one by one."""

    CALL = "call"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Thing:
    """Which one: `Thing.call(id)`, `Thing.contact(id)`."""

    kind: Kind
    id: UUID

    @classmethod
    def call(cls, call_id: UUID) -> "Thing":
        return cls(Kind.CALL, call_id)

    @classmethod
    def contact(cls, contact_id: UUID) -> "Thing":
        return cls(Kind.CONTACT, contact_id)


class PlanState(models.TextChoices):
    WAITING = "waiting", "Can still be undone"
    STARTED = "started", "Being destroyed"
    DESTROYED = "destroyed"
    UNDONE = "undone"
    REFUSED = "refused", "Nothing was destroyed"


class PlannedDestruction(models.Model):
    """Somebody confirmed that one thing goes: until `due_at` nothing happens and anyone who may destroy can undo it.

    `refusal`: why nothing was destroyed after all (`held`: a hold came, `changed`: more than was confirmed).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    object_type = models.CharField(max_length=12, choices=Kind.choices, default=Kind.CALL, db_default=Kind.CALL)
    object_id = models.UUIDField()
    records = models.PositiveIntegerField()  # what the person saw and typed
    planned_by = models.CharField(max_length=80)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=PlanState.choices, default=PlanState.WAITING)
    refusal = models.CharField(max_length=12, blank=True)
    run_id = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "object_type", "object_id"],
                condition=Q(state__in=["waiting", "started"]),
                name="one_plan_for_a_thing",
            ),
        ]
        indexes = [models.Index(fields=["organization_id", "object_type", "object_id", "-id"], name="plan_newest")]

    def __str__(self) -> str:
        return f"planned destruction of {self.object_type} {self.object_id}"

    @property
    def thing(self) -> Thing:
        return Thing(Kind(self.object_type), self.object_id)
