"""One person, sealed, and the digests by which the person is found."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ground.tenancy import uuid7


class LegalBasis(models.TextChoices):
    """Why the organization may hold this person's details (GDPR Art. 6(1), points a to f)."""

    UNSTATED = "unstated", _("not stated yet")
    CONSENT = "consent", _("consent")
    CONTRACT = "contract", _("contract")
    LEGAL_OBLIGATION = "legal_obligation", _("legal obligation")
    VITAL_INTERESTS = "vital_interests", _("vital interests")
    PUBLIC_TASK = "public_task", _("public task")
    LEGITIMATE_INTERESTS = "legitimate_interests", _("legitimate interests")


class Source(models.TextChoices):
    """Where the details come from (GDPR Art. 14(2)(f))."""

    MEMBER = "member", _("entered by a member")
    IMPORT = "import", _("imported from a file")
    API = "api", _("sent by the organization's systems")
    CALL = "call", _("given during a call")
    OTHER = "other", _("another source")


class ContactState(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("contact", "active")
    ARCHIVED = "archived", pgettext_lazy("contact", "archived")


class IdentifierKind(models.TextChoices):
    PHONE = "phone", _("phone number")
    EMAIL = "email", _("e-mail address")
    EXTERNAL_ID = "external_id", _("own reference")
    NAME = "name", _("name")


class Contact(models.Model):
    """One person an organization knows. Name, numbers, addresses, reference and note are sealed in `sealed`.

    Every change of them is sealed under a new data key (`sealed_version` counts) and the old key is destroyed. The
    retention clock is `last_contact_at`: it starts when the person is added and moves forward with every call.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    key_id = models.UUIDField(editable=False)
    sealed = models.BinaryField(editable=False)
    sealed_version = models.PositiveIntegerField(default=1, editable=False)
    legal_basis = models.CharField(
        _("legal basis"), max_length=24, choices=LegalBasis.choices, default=LegalBasis.UNSTATED
    )
    source = models.CharField(_("source"), max_length=8, choices=Source.choices, default=Source.MEMBER)
    has_consent_reference = models.BooleanField(default=False, editable=False)
    language = models.CharField(_("language (BCP 47)"), max_length=35, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=ContactState.choices, default=ContactState.ACTIVE)
    last_contact_at = models.DateTimeField(_("last contact"), default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    held = models.BooleanField(default=False, db_default=False, editable=False)
    set_aside_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            models.Index(fields=["organization_id", "-id"], name="contacts_contact_list"),
            models.Index(fields=["organization_id", "last_contact_at", "id"], name="contacts_contact_by_contact"),
            models.Index(
                fields=["organization_id", "last_contact_at", "id"],
                condition=Q(held=False, set_aside_at__isnull=True),
                name="contacts_contact_due",
            ),
            models.Index(fields=["organization_id", "key_id"], name="contacts_contact_key"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "id"], name="contacts_contact_of_organization"),
            models.CheckConstraint(condition=Q(legal_basis__in=LegalBasis.values), name="contacts_contact_basis_known"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="contacts_contact_source_known"),
            models.CheckConstraint(condition=Q(state__in=ContactState.values), name="contacts_contact_state_known"),
        ]

    def __str__(self) -> str:
        return f"contact {self.id}"

    @property
    def is_active(self) -> bool:
        return self.state == ContactState.ACTIVE


class ContactIdentifier(models.Model):
    """One way to find one contact: a keyed digest of a number, address, reference or name. Leaves with the contact."""

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField(editable=False)
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=12, choices=IdentifierKind.choices)
    digest = models.BinaryField(max_length=16)

    class Meta:
        verbose_name = _("contact identifier")
        verbose_name_plural = _("contact identifiers")
        indexes = [models.Index(fields=["organization_id", "digest"], name="contacts_identifier_find")]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "contact", "digest"], name="contacts_identifier_once"),
            models.UniqueConstraint(
                fields=["organization_id", "digest"],
                condition=Q(kind="external_id"),
                name="contacts_identifier_reference_unique",
            ),
            models.CheckConstraint(condition=Q(kind__in=IdentifierKind.values), name="contacts_identifier_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.contact_id}"
