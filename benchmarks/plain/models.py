"""What people would write otherwise: models without keys, walls or evidence. Only measurements know them."""

import uuid

from django.db import models


class PlainCall(models.Model):
    """A call with its facts in the clear."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.UUIDField(db_index=True)
    external_id = models.CharField(max_length=64, unique=True)
    phone = models.CharField(max_length=32, db_index=True)
    direction = models.CharField(max_length=10)
    outcome = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_index=True)
    duration_ms = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"plain call {self.id}"


class PlainTurn(models.Model):
    """One turn of a call, as a row."""

    call = models.ForeignKey(PlainCall, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    speaker = models.CharField(max_length=10)
    text = models.TextField()

    def __str__(self) -> str:
        return f"plain turn {self.id}"
