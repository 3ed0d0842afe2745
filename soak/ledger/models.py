"""What the jobs of a soak did: one row per effect, deliberately without a unique key, so that a second one shows."""

from django.db import models
from django.db.models.functions import Now


class Effect(models.Model):
    """A job had its effect, in the transaction that completed it."""

    organization_id = models.UUIDField()
    job_id = models.UUIDField()
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["organization_id", "job_id"], name="ledger_effect_of_job")]

    def __str__(self) -> str:
        return f"effect of {self.job_id}, attempt {self.attempt}"


class Begun(models.Model):
    """An attempt began; written before the work, so that an attempt that died is seen."""

    organization_id = models.UUIDField()
    job_id = models.UUIDField()
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["organization_id", "job_id"], name="ledger_begun_of_job")]

    def __str__(self) -> str:
        return f"attempt {self.attempt} of {self.job_id}"
