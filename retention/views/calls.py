"""Destroying one call before its time: what exactly, the number typed, a grace with Undo, then the certificate.

Also what a call's own pages show of it: the band that counts down on top, and the page that stands where a destroyed
call stood.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrganizationContext, own_transactions, require
from calls import hooks
from ground.inventory.exceptions import OnLegalHold
from ground.inventory.models import Hold
from retention import due, people, remains, words
from retention.exceptions import NothingToUndo, RetentionError
from retention.forms import TypedForm
from retention.models import Certificate, PurgeLine, PurgeRun
from retention.planned import PlannedDestruction, PlanState
from retention.services import destroy as preview
from retention.services import grace
from retention.views.refusals import sentence

_REFUSAL_SHOWN_DAYS = 7


@require_http_methods(["GET", "POST"])
@own_transactions
def destroy(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """The preview; a POST with its number lets the grace begin."""
    context = require(request, "calls.destroy")
    organization_id = context.organization.pk
    with context.acting():
        standing = grace.newest(organization_id, call_id)
    if standing is not None and standing.state in (PlanState.WAITING, PlanState.STARTED):
        return _to_call(context, call_id)
    selection = preview.selection_of_call(organization_id, call_id)
    if not selection:
        raise Http404
    free = sum(part.free for part in selection)
    held = sum(part.held for part in selection)
    refused = ""
    form = TypedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            grace.plan(
                organization_id=organization_id,
                call_id=call_id,
                confirmed_rows=form.cleaned_data["typed"] or 0,
                by=context.actor,
            )
        except (RetentionError, OnLegalHold) as error:
            refused = sentence(error)
        else:
            return _to_call(context, call_id)
    with context.acting():
        return render(
            request,
            "retention/destroy_call.html",
            {
                "form": form,
                "call_id": call_id,
                "selection": selection,
                "free": free,
                "held": held,
                "refused": refused,
                "grace_minutes": max(1, round(grace.grace().total_seconds() / 60)),
            },
            status=422 if request.method == "POST" else 200,
        )


@require_POST
def undo(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Nothing is destroyed; too late is said."""
    context = require(request, "calls.destroy")
    try:
        grace.undo(organization_id=context.organization.pk, call_id=call_id, by=context.actor)
    except NothingToUndo:
        messages.error(request, _("There is nothing to undo: the destruction has begun, or was undone already."))
    else:
        messages.success(request, _("Undone. Nothing was destroyed; the call stays until its time."))
    return _to_call(context, call_id)


@require_GET
def state(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """How far it is, for the band that asks again; without script it is the call's page itself."""
    context = require(request, "calls.read")
    if not getattr(request, "htmx", False):
        return _to_call(context, call_id)
    band = band_of(context, call_id)
    if band is not None and band.values["planned"].state in (PlanState.WAITING, PlanState.STARTED):
        return render(request, band.template, dict(band.values))
    answer = HttpResponse()
    answer["HX-Redirect"] = _address(context, call_id)
    return answer


def band_of(context: OrganizationContext, call_id: UUID) -> hooks.Band | None:
    """On top of a call's page: the grace with Undo, the progress, or why nothing was destroyed."""
    organization_id = context.organization.pk
    planned = grace.newest(organization_id, call_id)
    if planned is None or planned.state in (PlanState.UNDONE, PlanState.DESTROYED):
        return None
    now = due.database_now()
    if planned.state == PlanState.REFUSED and (
        planned.ended_at is None or (now - planned.ended_at).days >= _REFUSAL_SHOWN_DAYS
    ):
        return None
    return hooks.Band(
        "retention/_planned.html",
        {
            "planned": planned,
            "call_id": call_id,
            "who": people.names(organization_id, [planned.planned_by])[planned.planned_by],
            "over": planned.due_at <= now,
            "done": grace.destroyed_so_far(planned) if planned.state == PlanState.STARTED else 0,
            "may_undo": context.may("calls.destroy"),
        },
    )


def page_of_destroyed(request: HttpRequest, context: OrganizationContext, call_id: UUID) -> HttpResponse | None:
    """What was here, when it was destroyed and why, and the proof: never content."""
    organization_id = context.organization.pk
    batch = remains.batch_with(organization_id, call_id)
    if batch is None:
        return None
    run = PurgeRun.objects.filter(organization_id=organization_id, id=batch.run_id).first() if batch.run_id else None
    alone = run is not None and _only_this_call(organization_id, run, call_id)
    values: dict[str, Any] = {
        "call_id": call_id,
        "batch": batch,
        "run": run if context.may("purges.read") else None,
        "why": words.REASONS.get(batch.reason, ""),
        "who": people.names(organization_id, [batch.by])[batch.by],
        "line": remains.line(batch, stored_at=stored_at(call_id)),
        "parts": list(PurgeLine.objects.filter(run_id=run.id).order_by("category")) if run and alone else [],
        "certificate": Certificate.objects.filter(organization_id=organization_id, run_id=batch.run_id).first()
        if batch.run_id and context.may("purges.read")
        else None,
    }
    return render(request, "retention/call_gone.html", values, status=410)


def things_with(organization_id: UUID, identifier: UUID) -> list[hooks.Thing]:
    """Certificates, purges, holds and destroyed calls with this id."""
    found = []
    certificate = Certificate.objects.filter(organization_id=organization_id, id=identifier).first()
    if certificate is not None:
        title = _("Certificate %(number)d") % {"number": certificate.number}
        found.append(hooks.Thing("seal", title, "retention:certificate", "certificate_id", identifier))
    if PurgeRun.objects.filter(organization_id=organization_id, id=identifier).exists():
        found.append(hooks.Thing("list", _("A purge"), "retention:purge", "run_id", identifier))
    if Hold.objects.filter(organization_id=organization_id, id=identifier).exists():
        found.append(hooks.Thing("lock", _("A legal hold"), "retention:hold", "hold_id", identifier))
    if remains.batch_with(organization_id, identifier) is not None:
        found.append(
            hooks.Thing(
                "trash", _("A call that was destroyed"), "calls:call", "call_id", identifier, _("what was here")
            )
        )
    return found


def stored_at(call_id: UUID) -> datetime | None:
    """When a call was stored, from its id (UUID version 7, RFC 9562 section 5.7)."""
    return datetime.fromtimestamp((call_id.int >> 80) / 1000, UTC) if call_id.version == 7 else None


def _only_this_call(organization_id: UUID, run: PurgeRun, call_id: UUID) -> bool:
    """Whether a run was about this call alone, so that its figures are the call's."""
    return PlannedDestruction.objects.filter(
        organization_id=organization_id,
        call_id=call_id,
        run_id=run.id,
        state__in=[PlanState.DESTROYED, PlanState.STARTED],
    ).exists()


def _address(context: OrganizationContext, call_id: UUID) -> str:
    return reverse("calls:call", kwargs={"slug": context.organization.slug, "call_id": call_id})


def _to_call(context: OrganizationContext, call_id: UUID) -> HttpResponse:
    return redirect(_address(context, call_id))
