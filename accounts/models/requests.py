"""What programs asked: the request log."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ground.tenancy import uuid7


class Door(models.TextChoices):
    API = "api", _("API")
    INGEST = "ingest", _("Deliveries")


class ApiRequest(models.Model):
    """One answered request of a program of one organization: to the API by a key, or a delivery by a connection.

    `route` is the address as written in our own table of addresses (`/api/v1/calls/{call_id}`), never the address that
    was asked for: identifiers, query and body are not kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(editable=False)
    at = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    door = models.CharField(_("door"), max_length=6, choices=Door.choices)
    caller_id = models.UUIDField(editable=False)  # the API key or the connection
    method = models.CharField(_("method"), max_length=8)
    route = models.CharField(_("address"), max_length=200)
    status = models.PositiveSmallIntegerField(_("status"))
    duration_ms = models.PositiveIntegerField(_("took"))
    request_bytes = models.PositiveBigIntegerField(default=0)
    response_bytes = models.PositiveBigIntegerField(default=0)
    request_id = models.CharField(_("request id"), max_length=64)
    problem = models.CharField(_("problem"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        indexes = [
            models.Index(fields=["organization_id", "at", "id"], name="accounts_request_list"),
            models.Index(fields=["organization_id", "caller_id", "at"], name="accounts_request_caller"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(door__in=Door.values), name="accounts_request_door_known"),
            models.CheckConstraint(condition=Q(status__gte=100, status__lt=600), name="accounts_request_status_real"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def failed(self) -> bool:
        return self.status >= 400
