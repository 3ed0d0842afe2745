"""API keys of organizations."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.organizations import Organization
from ground.tenancy import uuid7


class ApiKey(models.Model):
    """One key of one organization's program: `sv_live_<prefix>_<secret>`.

    Only the SHA-256 of the secret is kept; 256 random bits need no salt and no slow hash. Rotation makes a second key
    and lets the first one run out.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    secret_digest = models.BinaryField(max_length=32, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used (to the hour)"), null=True, blank=True)
    replaced_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_constraint=False
    )  # a constraint of the database holds it, together with the organization

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes = [models.Index(fields=["organization", "-created_at"], name="accounts_apikey_list")]
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="accounts_apikey_of_organization"),
            models.CheckConstraint(condition=~Q(scopes=[]), name="accounts_apikey_has_scopes"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=models.F("created_at")),
                name="accounts_apikey_expires_after_created",
            ),
        ]

    def __str__(self) -> str:
        return f"sv_live_{self.prefix}_…"

    def is_live(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)
