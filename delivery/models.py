"""E-mails on their way, notices to people, and how people want to hear of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ground.tenancy import uuid7


class EmailState(models.TextChoices):
    QUEUED = "queued", _("waits to be sent")
    SENT = "sent", _("taken by the mail server")
    FAILED = "failed", _("given up")


class Email(models.Model):
    """One e-mail as a line of the log: kind, state, attempts. Nothing in it says to whom or what.

    Belongs to the organization it is about; what belongs to none (signing in) is the operator's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=EmailState.choices, default=EmailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    resends = models.PositiveSmallIntegerField(_("sent again"), default=0)
    last_error = models.CharField(_("last error"), max_length=64, blank=True, help_text="class name, never a message")
    queued_at = models.DateTimeField(_("queued"), db_default=Now())
    tried_at = models.DateTimeField(_("last tried"), null=True)
    sent_at = models.DateTimeField(pgettext_lazy("e-mail", "sent"), null=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        indexes = [models.Index(fields=["organization_id", "queued_at", "id"], name="delivery_email_due")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=EmailState.values), name="delivery_email_state_known"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_email_sent_when"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class EmailContent(models.Model):
    """Recipient, subject and bodies of one e-mail, sealed together. Gone some days later; the e-mail's line stays.

    Apart from `Email`, so that lines of a log expire as logs do, while this leaves with its key, much earlier.
    `recipient_index` is the blind index of the address, by which a person's own e-mails are found.
    """

    id = models.UUIDField(primary_key=True, editable=False)  # the e-mail's
    organization_id = models.UUIDField(editable=False)
    key_id = models.UUIDField(editable=False)
    sealed = models.BinaryField(editable=False)
    recipient_index = models.BinaryField(max_length=16, null=True, editable=False)
    leaves_at = models.DateTimeField(editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "leaves_at"], name="delivery_content_due"),
            models.Index(fields=["organization_id", "recipient_index"], name="delivery_content_person"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Channel(models.TextChoices):
    """How a person hears of a kind of notice besides the bell."""

    NOW = "now", _("At once")
    DAILY = "daily", _("Once a day")
    NEVER = "never", _("Not by e-mail")


class Notice(models.Model):
    """One thing one person should know in one organization: a kind, an object, counts. Nobody's name, number or text.

    `once` names what happened, so that telling it again changes nothing. `channel` is what the person wanted at the
    time; `mailed_at` says that the e-mail (or the day's digest) was queued.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    person_id = models.UUIDField(editable=False)
    kind = models.CharField(max_length=64)
    once = models.CharField(max_length=128)
    object_id = models.UUIDField(null=True)
    about = models.CharField(max_length=128, blank=True)
    counts = models.TextField(default="{}")
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.NEVER)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "person_id", "kind", "once"], name="delivery_notice_once"
            )
        ]
        indexes = [
            models.Index(fields=["organization_id", "at", "id"], name="delivery_notice_due"),
            models.Index(fields=["organization_id", "person_id", "-id"], name="delivery_notice_list"),
            models.Index(
                fields=["organization_id", "person_id"],
                condition=Q(read_at__isnull=True),
                name="delivery_notice_unread",
            ),
            models.Index(
                fields=["organization_id", "channel", "person_id"],
                condition=Q(mailed_at__isnull=True) & ~Q(channel="never"),
                name="delivery_notice_unmailed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Preference(models.Model):
    """How one person wants to hear of one kind of notice, in every organization; without a row, as the kind has it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=64)
    channel = models.CharField(max_length=8, choices=Channel.choices)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="delivery_preference_once"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="delivery_preference_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.channel}"
