"""The operator's staff at an organization's data: every session of looking, and what the organization allows."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.organizations import Organization
from ground.tenancy import uuid7

MOST_MINUTES = 24 * 60  # the database's own bound; the operator's setting is far below


class StaffRule(models.TextChoices):
    """What an organization allows. A duty by law passes every one of them, and is told like every other session."""

    NOTICE = "notice", _("Allowed, with notice")
    APPROVAL = "approval", _("Only after our approval")
    NEVER = "never", _("Never, except where the law obliges the operator")


class StaffPurpose(models.TextChoices):
    QUESTION = "question", _("A question of the organization")
    FAULT = "fault", _("Mending a fault")
    SECURITY = "security", _("Security or abuse")
    LAW = "law", _("A duty of the operator by law")


class StaffSessionState(models.TextChoices):
    """`asked` waits for the organization; `open` lets in while the database's clock is before `runs_out_at`."""

    ASKED = "asked", _("waits for approval")
    OPEN = "open", pgettext_lazy("staff session", "open")
    ENDED = "ended", pgettext_lazy("staff session", "ended")
    REFUSED = "refused", pgettext_lazy("staff session", "refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("staff session", "withdrawn")
    LAPSED = "lapsed", pgettext_lazy("staff session", "lapsed")


LIVING = (StaffSessionState.ASKED, StaffSessionState.OPEN)


class StaffSession(models.Model):
    """One person of the operator at one organization's data: why, from when, until when, how many looks.

    A person has at most one that is asked or open, over all organizations. The reasons are written for the
    organization, which reads them; they name no subject. The row leaves with the access log's period.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(_("occasion"), max_length=10, choices=StaffPurpose.choices)
    reason = models.CharField(_("reason"), max_length=500)
    reference = models.CharField(_("reference"), max_length=64, blank=True)
    content = models.BooleanField(_("sound, words and identifiers too"), default=False)
    content_reason = models.CharField(_("why content is needed"), max_length=500, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    state = models.CharField(_("state"), max_length=9, choices=StaffSessionState.choices)
    against_rule = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    opened_at = models.DateTimeField(null=True)
    runs_out_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=128, blank=True)  # an actor: member:…, staff:…, system:…
    extended = models.BooleanField(default=False)
    looks = models.PositiveIntegerField(default=0)
    last_look_at = models.DateTimeField(null=True)
    last_address = models.CharField(max_length=64, blank=True, editable=False)  # digest of the last address looked at

    class Meta:
        verbose_name = _("staff session")
        verbose_name_plural = _("staff sessions")
        indexes = [
            models.Index(fields=["organization", "-asked_at"], name="accounts_staffsession_list"),
            models.Index(
                fields=["runs_out_at"], name="accounts_staffsession_over", condition=Q(state__in=["asked", "open"])
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["staff"], condition=Q(state__in=["asked", "open"]), name="accounts_staffsession_one_each"
            ),
            models.CheckConstraint(
                condition=Q(state__in=StaffSessionState.values), name="accounts_staffsession_state_known"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=StaffPurpose.values), name="accounts_staffsession_purpose_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="accounts_staffsession_has_reason"),
            models.CheckConstraint(
                condition=Q(content=True) & ~Q(content_reason="") | Q(content=False, content_reason=""),
                name="accounts_staffsession_content_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=MOST_MINUTES), name="accounts_staffsession_minutes_bound"
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | Q(opened_at__isnull=False, runs_out_at__gt=F("opened_at")),
                name="accounts_staffsession_open_until",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "open"], ended_at__isnull=True)
                | ~Q(state__in=["asked", "open"]) & Q(ended_at__isnull=False),
                name="accounts_staffsession_ended_when",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class StaffAccess(models.Model):
    """What one organization allows the operator's staff. Without a row: allowed with notice."""

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="+", primary_key=True)
    rule = models.CharField(_("rule"), max_length=8, choices=StaffRule.choices, default=StaffRule.NOTICE)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("staff access")
        verbose_name_plural = _("staff access")
        constraints = [
            models.CheckConstraint(condition=Q(rule__in=StaffRule.values), name="accounts_staffaccess_rule_known")
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.rule}"
