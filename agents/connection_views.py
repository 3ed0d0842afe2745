"""Connections: making one, its ingest address and steps, rotating its secret. A secret is shown in one answer only."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import toasts
from accounts.access import OrganizationContext, require
from agents import connections
from agents.examples import first_delivery
from agents.exceptions import (
    AgentsError,
    InvalidAddress,
    InvalidSecret,
    RotationUnderway,
    UnfitProof,
    UnknownConnection,
)
from agents.forms import ConnectionForm, RotateForm
from agents.hooks import line_of
from agents.models import ConnectionState, ProviderConnection
from agents.providers import facts_of


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    context = require(request, "agents.manage")
    form = ConnectionForm(request.POST or None, initial={"provider": request.GET.get("provider", "")})
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = connections.create(
                organization_id=context.organization.pk, by=context.actor, at=timezone.now(), **form.cleaned_data
            )
        except InvalidSecret as error:
            form.add_error("secret", str(error))
        except InvalidAddress as error:
            form.add_error("base_url", str(error))
        except UnfitProof as error:
            form.add_error("auth_mode", str(error))
        except AgentsError as error:
            form.add_error(None, str(error))
        else:
            return _shown(request, context, made, secret, fresh=True)
    return render(request, "agents/connection_new.html", {"form": form})


@require_GET
def connection(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    context = require(request, "agents.read")
    return _shown(request, context, _connection(context, connection_id), "")


@require_POST
def rotate(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    context = require(request, "agents.manage")
    row = _connection(context, connection_id)
    form = RotateForm(request.POST)
    hours = form.cleaned_data.get("overlap_hours") if form.is_valid() else None
    try:
        row, secret = connections.rotate_secret(
            organization_id=context.organization.pk,
            connection_id=row.id,
            secret=request.POST.get("secret", ""),
            overlap_hours=connections.OVERLAP_HOURS if hours is None else hours,
            by=context.actor,
            at=timezone.now(),
        )
    except RotationUnderway:
        messages.error(request, _("Two secrets are in use already. End the older one first; nothing was changed."))
    except AgentsError as error:
        messages.error(request, str(error))
    else:
        return _shown(request, context, row, secret, fresh=not secret)
    return _back(context, row)


@require_POST
def end_overlap(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    context = require(request, "agents.manage")
    row = _connection(context, connection_id)
    connections.end_overlap(
        organization_id=context.organization.pk, connection_id=row.id, by=context.actor, at=timezone.now()
    )
    messages.success(request, _("Only the newest secret is accepted now."))
    return _back(context, row)


@require_POST
def api_key(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    context = require(request, "agents.manage")
    row = _connection(context, connection_id)
    key = request.POST.get("api_key", "").strip()[:500]
    if not key:
        messages.error(request, _("Type the key first. Nothing was changed."))
        return _back(context, row)
    connections.set_api_key(
        organization_id=context.organization.pk,
        connection_id=row.id,
        api_key=key,
        by=context.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Sealed. It is never shown again."))
    return _back(context, row)


@require_POST
def switch(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    context = require(request, "agents.manage")
    row = _connection(context, connection_id)
    state = ConnectionState.DISABLED if row.is_active else ConnectionState.ACTIVE
    connections.set_state(
        organization_id=context.organization.pk,
        connection_id=row.id,
        state=state,
        by=context.actor,
        at=timezone.now(),
    )
    words = _("Calls are refused now.") if row.is_active else _("Calls are received again.")
    toasts.undoable(
        request, words, reverse("agents:connection_switch", args=[context.organization.slug, connection_id])
    )
    return _back(context, row)


def _connection(context: OrganizationContext, connection_id: UUID) -> ProviderConnection:
    try:
        return connections.find(context.organization.pk, connection_id)
    except UnknownConnection as error:
        raise Http404 from error


def _back(context: OrganizationContext, row: ProviderConnection) -> HttpResponse:
    return redirect("agents:connection", context.organization.slug, row.id)


def _shown(
    request: HttpRequest, context: OrganizationContext, row: ProviderConnection, secret: str, *, fresh: bool = False
) -> HttpResponse:
    facts = facts_of(row.provider)
    now = timezone.now()
    in_overlap = row.overlap_ends_at is not None and row.overlap_ends_at > now
    response = render(
        request,
        "agents/connection_detail.html",
        {
            "connection": row,
            "line": line_of(row, now),
            "facts": facts,
            "ingest_url": settings.PUBLIC_BASE_URL + row.ingest_path,
            "first_delivery": first_delivery(row.provider, settings.PUBLIC_BASE_URL + row.ingest_path),
            "secret": secret,
            "fresh": fresh,
            "in_overlap": in_overlap,
            "overlap_hours": int(timedelta(hours=connections.OVERLAP_HOURS).total_seconds() // 3600),
            "manages": context.may("agents.manage"),
        },
    )
    response["Cache-Control"] = "no-store"
    return response
