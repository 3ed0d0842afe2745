"""People who were asked to join and have not answered."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.organizations import Organization, Role
from ground.tenancy import uuid7


class Invitation(models.Model):
    """One open invitation. The address is sealed; of the link's token only the SHA-256 is kept.

    An answered or withdrawn invitation is deleted and its key destroyed; what remains is the audit event.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(_("role"), max_length=8, choices=Role.choices)
    key_id = models.UUIDField(editable=False)
    address = models.BinaryField(editable=False)
    token_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(pgettext_lazy("invitation", "sent"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("runs out"))

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes = [models.Index(fields=["organization", "expires_at"], name="accounts_invitation_due")]
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_invitation_role_known")]

    def __str__(self) -> str:
        return str(self.pk)

    def is_open(self, at: datetime) -> bool:
        return self.expires_at > at
