"""Secrets that people use to sign in."""

from django.db import models
from django.utils import timezone

from ground.tenancy import uuid7


class SignInSecret(models.Model):
    """One sealed secret of a second factor (TOTP secret, seed of recovery codes).

    Belongs to the operator, whose user the person is; allauth's own row holds only this row's id.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    key_id = models.UUIDField(editable=False)
    sealed = models.BinaryField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "created_at"], name="accounts_secret_list")]

    def __str__(self) -> str:
        return str(self.pk)
