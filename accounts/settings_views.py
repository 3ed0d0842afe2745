"""Settings of an organization, and closing it: what happens, a typed word, a fortnight in which it can be undone."""

from dataclasses import asdict
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access, toasts
from accounts.access import OrganizationContext, require
from accounts.exceptions import OperatorStays, OrganizationClosed
from accounts.forms import CloseOrganizationForm, OrganizationForm
from accounts.services import organizations
from accounts.services.organizations import Settings
from ground.inventory import holds, tally

BEFORE = "settings_before"  # in the session: what the last change replaced, for its Undo
UNDO_FOR = timedelta(minutes=30)


@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    context = require(request, "settings.manage" if request.method == "POST" else "settings.read")
    form = OrganizationForm(request.POST or None, initial=asdict(Settings.of(context.organization)))
    if request.method == "POST" and form.is_valid():
        _change(request, context, Settings(**form.cleaned_data))
        return redirect("accounts:settings", slug=context.organization.slug)
    return render(
        request,
        "accounts/settings.html",
        {"form": form, "closes_days": organizations.GRACE.days},
    )


@require_POST
def undo_settings(request: HttpRequest) -> HttpResponse:
    """Back to what the last change of this session replaced."""
    context = require(request, "settings.manage")
    before = _undoable(request, context)
    if before is None:
        messages.error(request, _("There is nothing to undo any more. Nothing was changed."))
    else:
        request.session.pop(BEFORE, None)
        organizations.change_settings(
            organization_id=context.organization.pk, settings=before, by=context.actor, at=timezone.now()
        )
        messages.success(request, _("Undone. The settings are what they were before."))
    return redirect("accounts:settings", slug=context.organization.slug)


def _change(request: HttpRequest, context: OrganizationContext, wanted: Settings) -> None:
    now = timezone.now()
    before = organizations.change_settings(
        organization_id=context.organization.pk, settings=wanted, by=context.actor, at=now
    )
    if before == wanted:
        messages.info(request, _("Nothing was changed."))
        return
    request.session[BEFORE] = {
        "organization": str(context.organization.pk),
        "at": now.isoformat(),
        "settings": asdict(before),
    }
    address = reverse("accounts:settings_undo", args=[context.organization.slug])
    toasts.undoable(request, _("Saved."), address)


def _undoable(request: HttpRequest, context: OrganizationContext) -> Settings | None:
    kept = request.session.get(BEFORE)
    if not kept or kept["organization"] != str(context.organization.pk):
        return None
    if datetime.fromisoformat(kept["at"]) + UNDO_FOR < timezone.now():
        return None
    return Settings(**kept["settings"])


@require_http_methods(["GET", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    """What will happen, and the typed word that starts the fortnight."""
    context = require(request, "team.own")
    form = CloseOrganizationForm(request.POST or None, word=context.organization.slug)
    if request.method == "POST" and form.is_valid():
        try:
            closing = organizations.start_closing(
                organization_id=context.organization.pk, by=context.actor, at=timezone.now()
            )
        except OperatorStays:
            messages.error(request, _("The operator’s own organization is not closed here. Nothing was changed."))
        except OrganizationClosed:
            messages.info(request, _("It is closing already."))
        else:
            access.set_place(request, closing, context.place)
            messages.success(request, _("Closing has begun. Until its day every owner can take it back."))
        return redirect("accounts:settings", slug=context.organization.slug)
    held = tally.totals(context.organization.pk)
    return render(
        request,
        "accounts/close.html",
        {
            "form": form,
            "word": context.organization.slug,
            "closes_at": timezone.now() + organizations.GRACE,
            "records": sum(amount.rows for amount in held.values()),
            "bytes": sum(amount.bytes for amount in held.values()),
            "holds": holds.in_force(context.organization.pk).count(),
        },
        status=422 if form.errors else 200,
    )


@require_POST
def keep_open(request: HttpRequest) -> HttpResponse:
    context = require(request, "team.own")
    try:
        organizations.keep_open(organization_id=context.organization.pk, by=context.actor, at=timezone.now())
    except OrganizationClosed:
        messages.info(request, _("It is not closing. Nothing was changed."))
    else:
        messages.success(request, _("The organization stays open. Nothing was lost."))
    return redirect("accounts:settings", slug=context.organization.slug)
