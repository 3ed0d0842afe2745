"""Where calls come in: one organization's account with a voice provider."""

import secrets
import string

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ground.tenancy import uuid7

PUBLIC_ID_LENGTH = 24
_ALPHABET = string.ascii_letters + string.digits


class Provider(models.TextChoices):
    """A voice platform that sends calls; `generic` is anyone who signs with Standard Webhooks."""

    GENERIC = "generic", _("Any system (Standard Webhooks)")
    VAPI = "vapi", _("Vapi")
    RETELL = "retell", _("Retell AI")
    ELEVENLABS = "elevenlabs", _("ElevenLabs")
    TWILIO = "twilio", _("Twilio")
    TELNYX = "telnyx", _("Telnyx")
    BLAND = "bland", _("Bland AI")


class ConnectionState(models.TextChoices):
    ACTIVE = "active", _("receiving")
    DISABLED = "disabled", _("switched off")


class AuthMode(models.TextChoices):
    """How a delivery proves where it comes from."""

    STANDARD_WEBHOOKS = "standard_webhooks", _("Standard Webhooks signature")
    HMAC = "hmac", _("the provider's own signature")
    BEARER = "bearer", _("shared token")


def random_public_id() -> str:
    """24 letters and digits (142 bits): the part of an ingest address that nobody can guess."""
    return "".join(secrets.choice(_ALPHABET) for _place in range(PUBLIC_ID_LENGTH))


class ProviderConnection(models.Model):
    """One account with one provider: its ingest address, and its secrets, sealed.

    `sealed` holds the signing secrets (newest first, at most two) and the provider's API key. Every change seals all of
    them anew under another data key (`sealed_version` counts). `overlap_ends_at`: until when the older of two signing
    secrets is still accepted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    provider = models.CharField(_("provider"), max_length=16, choices=Provider.choices)
    name = models.CharField(_("name"), max_length=120)
    public_id = models.CharField(max_length=PUBLIC_ID_LENGTH, unique=True, default=random_public_id, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=ConnectionState.choices, default=ConnectionState.ACTIVE)
    auth_mode = models.CharField(_("proof of origin"), max_length=20, choices=AuthMode.choices)
    base_url = models.CharField(_("address of the provider's API"), max_length=300, blank=True)
    key_id = models.UUIDField(editable=False)
    sealed = models.BinaryField(editable=False)
    sealed_version = models.PositiveIntegerField(default=1, editable=False)
    signing_secrets = models.PositiveSmallIntegerField(default=0, editable=False)
    has_api_key = models.BooleanField(default=False, editable=False)
    overlap_ends_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    held = models.BooleanField(default=False, db_default=False, editable=False)
    set_aside_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("provider connection")
        verbose_name_plural = _("provider connections")
        indexes = [
            models.Index(fields=["organization_id", "name"], name="agents_connection_list"),
            models.Index(
                fields=["organization_id", "closed_at", "id"],
                condition=Q(held=False, set_aside_at__isnull=True),
                name="agents_connection_due",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "id"], name="agents_connection_of_organization"),
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="agents_connection_provider_known"),
            models.CheckConstraint(condition=Q(state__in=ConnectionState.values), name="agents_connection_state_known"),
            models.CheckConstraint(condition=Q(auth_mode__in=AuthMode.values), name="agents_connection_mode_known"),
            models.CheckConstraint(condition=Q(signing_secrets__lte=2), name="agents_connection_two_secrets_at_most"),
            models.CheckConstraint(
                condition=Q(overlap_ends_at__isnull=True) | Q(signing_secrets=2),
                name="agents_connection_overlap_needs_two",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.state == ConnectionState.ACTIVE

    @property
    def ingest_path(self) -> str:
        """Where the provider sends its calls, below the platform's address."""
        return f"/ingest/{self.provider}/{self.public_id}"
