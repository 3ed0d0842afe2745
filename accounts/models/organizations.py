"""Organizations and who belongs to them."""

from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ground.tenancy import uuid7

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"


def known_time_zone(name: str) -> None:
    """Refuse a name that the time zone database does not have: every page of the organization would fail."""
    if name not in available_time_zones():
        raise ValidationError(_("“%(name)s” is not a time zone."), params={"name": name})


@cache
def available_time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


class OrganizationState(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("organization", "active")
    CLOSING = "closing", pgettext_lazy("organization", "closing")
    CLOSED = "closed", pgettext_lazy("organization", "closed")


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")
    AUDITOR = "auditor", _("Auditor")


class Organization(models.Model):
    """One customer of the operator, or the operator itself (`is_operator`).

    Owned by the operator, so not behind row-level security: sign-in, webhooks and the sweep must find the row before a
    context exists. It therefore holds nothing an organization keeps about others; its name never leaves its own pages
    and the staff site.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(_("address"), max_length=63, unique=True, validators=[RegexValidator(SLUG)])
    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[known_time_zone])
    country = models.CharField(_("country (ISO 3166-1)"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=12, default="en", db_default="en")
    privacy_contact = models.EmailField(_("contact for privacy"), max_length=254, blank=True, default="", db_default="")
    state = models.CharField(
        _("state"), max_length=8, choices=OrganizationState.choices, default=OrganizationState.ACTIVE
    )
    is_operator = models.BooleanField(_("is the operator"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)  # end of the grace while `closing`
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=OrganizationState.values), name="accounts_organization_state_known"
            ),
            models.CheckConstraint(condition=Q(slug__regex=SLUG), name="accounts_organization_slug_plain"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="accounts_organization_closed_when",
            ),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True) | Q(state="closing"),
                name="accounts_organization_closes_while_closing",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("created_at")),
                name="accounts_organization_closed_after_created",
            ),
            models.UniqueConstraint(
                fields=["is_operator"], condition=Q(is_operator=True), name="accounts_organization_one_operator"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether it may still take in calls and members."""
        return self.state == OrganizationState.ACTIVE


class Membership(models.Model):
    """One person's place in one organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=8, choices=Role.choices)
    created_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="accounts_membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.user_id} {self.role}"


def operator_organization() -> Organization:
    """The operator's own organization row; DoesNotExist before the platform is set up."""
    return Organization.objects.get(is_operator=True)


def operator_id() -> UUID:
    """The id of the operator's organization; the reserved id 0 before the platform is set up."""
    found = Organization.objects.filter(is_operator=True).values_list("id", flat=True).first()
    return found or UUID(int=0)
