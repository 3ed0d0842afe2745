"""The staff site: which e-mails wait, went or failed. Never to whom, never what; sending again is all staff can do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.models import Organization
from delivery.exceptions import DeliveryError
from delivery.models import Email, EmailState
from delivery.services import emails
from ground.tenancy import Actor

SHOWN = 100

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Email]
else:
    _Admin = admin.ModelAdmin


def counts() -> list[dict[str, Any]]:
    """By kind and state over all organizations, through the named crossing."""
    rows = _ask("SELECT kind, state, emails, attempts, oldest FROM delivery_email_counts()", [])
    return [{**row, "label": EmailState(row["state"]).label} for row in rows]


def latest(state: str) -> list[dict[str, Any]]:
    """The newest e-mails of a state, over all organizations, without recipient or content."""
    rows = _ask(
        "SELECT id, organization_id, kind, state, attempts, resends, last_error, queued_at, sent_at, readable "
        "FROM delivery_emails_latest(%s, %s)",
        [state, SHOWN],
    )
    names = dict(Organization.objects.filter(pk__in={row["organization_id"] for row in rows}).values_list("pk", "name"))
    return [{**row, "organization": names.get(row["organization_id"], "")} for row in rows]


def _ask(statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@admin.register(Email)
class EmailAdmin(_Admin):
    """Figures and lines of the log in place of the rows; no row can be opened, added, changed or removed."""

    def get_urls(self) -> list[URLPattern]:
        own = path("resend/", self.admin_site.admin_view(require_POST(self.resend)), name="delivery_email_resend")
        return [own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        state = request.GET.get("state", EmailState.FAILED)
        if state not in EmailState.values:
            state = EmailState.FAILED
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "counts": counts(),
            "states": EmailState.choices,
            "state": str(state),
            "emails": latest(str(state)),
            "shown": SHOWN,
        }
        return TemplateResponse(request, "delivery/staff_emails.html", context)

    def resend(self, request: HttpRequest) -> HttpResponse:
        """Queue the chosen e-mails again (`<organization>.<e-mail>`); each is an audit event of its organization."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        by, done, refused = Actor.staff(str(request.user.pk)), 0, 0
        for text in request.POST.getlist("email")[:SHOWN]:
            organization, _dot, email = text.partition(".")
            try:
                emails.resend(organization_id=UUID(organization), email_id=UUID(email), by=by)
                done += 1
            except (DeliveryError, ValueError):
                refused += 1
        if done:
            messages.success(
                request, ngettext("%d e-mail is queued again.", "%d e-mails are queued again.", done) % done
            )
        if refused:
            messages.warning(request, _("Some could not be sent again: their content is gone."))
        return redirect("admin:delivery_email_changelist")

    def has_view_permission(self, request: HttpRequest, obj: Email | None = None) -> bool:
        return obj is None and bool(request.user.is_active and request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Email | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Email | None = None) -> bool:
        return False
