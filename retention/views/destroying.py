"""Destroying one call or contact before its time: what exactly, the number typed, a grace with Undo, the certificate.

Also what their own pages show of it: the band that counts down on top, and the page that stands where a destroyed one
stood.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrganizationContext, own_transactions, require
from accounts.bands import Band
from calls import hooks
from calls.models import Call
from contacts.models import Contact
from ground.inventory.exceptions import OnLegalHold
from ground.inventory.models import Hold
from retention import due, people, remains, words
from retention.exceptions import NothingToUndo, RetentionError
from retention.forms import TypedForm
from retention.models import Certificate, PurgeLine, PurgeRun
from retention.planned import Kind, PlannedDestruction, PlanState, Thing
from retention.services import destroy as preview
from retention.services import grace
from retention.views.refusals import sentence

_REFUSAL_SHOWN_DAYS = 7


@dataclass(frozen=True, slots=True)
class Door:
    """Where a kind of thing is read, who may destroy it, and what the page of its end tells."""

    kind: Kind
    model: type[Call] | type[Contact]
    reads: str  # a permission, as `destroys`
    destroys: str
    page: str  # its own; `argument`: what its address calls the id
    argument: str
    undone: str | Promise

    def thing(self, object_id: UUID) -> Thing:
        return Thing(self.kind, object_id)

    def address(self, context: OrganizationContext, object_id: UUID) -> str:
        """The thing's own page."""
        return reverse(self.page, kwargs={"slug": context.organization.slug, self.argument: object_id})

    def addresses(self, context: OrganizationContext, object_id: UUID) -> dict[str, str]:
        """Of every step, as templates name them."""
        values = {"slug": context.organization.slug, "object_id": object_id}
        names = {"undo_at": "undo", "state_at": "state"}
        found = {name: reverse(f"retention:{self.kind}_destroy_{view}", kwargs=values) for name, view in names.items()}
        return {**found, "page_at": self.address(context, object_id)}


CALL = Door(
    Kind.CALL,
    Call,
    "calls.read",
    "calls.destroy",
    "calls:call",
    "call_id",
    gettext_lazy("Undone. Nothing was destroyed; the call stays until its time."),
)
CONTACT = Door(
    Kind.CONTACT,
    Contact,
    "contacts.read",
    "contacts.manage",
    "contacts:contact",
    "contact_id",
    gettext_lazy("Undone. Nothing was destroyed; the contact stays until its time."),
)


@require_http_methods(["GET", "POST"])
@own_transactions
def destroy(request: HttpRequest, door: Door, object_id: UUID) -> HttpResponse:
    """The preview; a POST with the number in it lets the grace begin."""
    context = require(request, door.destroys)
    organization_id, thing = context.organization.pk, door.thing(object_id)
    with context.acting():
        standing = grace.newest(organization_id, thing)
    if standing is not None and standing.state in (PlanState.WAITING, PlanState.STARTED):
        return redirect(door.address(context, object_id))
    selection = preview.selection_of(organization_id, thing)
    if not selection:
        raise Http404
    refused = ""
    form = TypedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            grace.plan(
                organization_id=organization_id,
                thing=thing,
                confirmed_rows=form.cleaned_data["typed"] or 0,
                by=context.actor,
            )
        except (RetentionError, OnLegalHold) as error:
            refused = sentence(error)
        else:
            return redirect(door.address(context, object_id))
    with context.acting():
        return render(
            request,
            "retention/destroy.html",
            {
                "form": form,
                "kind": door.kind,
                "object_id": object_id,
                "page_at": door.address(context, object_id),
                "selection": selection,
                "free": sum(part.free for part in selection),
                "held": sum(part.held for part in selection),
                "refused": refused,
                "grace_minutes": max(1, round(grace.grace().total_seconds() / 60)),
            },
            status=422 if request.method == "POST" else 200,
        )


@require_POST
def undo(request: HttpRequest, door: Door, object_id: UUID) -> HttpResponse:
    """Nothing of it is destroyed; too late is said."""
    context = require(request, door.destroys)
    try:
        grace.undo(organization_id=context.organization.pk, thing=door.thing(object_id), by=context.actor)
    except NothingToUndo:
        messages.error(request, _("There is nothing to undo: the destruction has begun, or was undone already."))
    else:
        messages.success(request, str(door.undone))
    return redirect(door.address(context, object_id))


@require_GET
def state(request: HttpRequest, door: Door, object_id: UUID) -> HttpResponse:
    """How far it is, for the band that asks again; without script it is the thing's page itself."""
    context = require(request, door.reads)
    if not getattr(request, "htmx", False):
        return redirect(door.address(context, object_id))
    above = band(door, context, object_id)
    if above is not None and above.values["planned"].state in (PlanState.WAITING, PlanState.STARTED):
        return HttpResponse(above.render(request))
    answer = HttpResponse()
    answer["HX-Redirect"] = door.address(context, object_id)
    return answer


# ------------------------------------------------------------------ what pages of calls and contacts show
def band(door: Door, context: OrganizationContext, object_id: UUID) -> Band | None:
    """On top of the thing's page: the grace with Undo, the progress, or why nothing was destroyed."""
    organization_id = context.organization.pk
    planned = grace.newest(organization_id, door.thing(object_id))
    if planned is None or planned.state in (PlanState.UNDONE, PlanState.DESTROYED):
        return None
    now = due.database_now()
    if planned.state == PlanState.REFUSED and (
        planned.ended_at is None or (now - planned.ended_at).days >= _REFUSAL_SHOWN_DAYS
    ):
        return None
    return Band(
        "retention/_planned.html",
        {
            "planned": planned,
            "who": people.names(organization_id, [planned.planned_by])[planned.planned_by],
            "over": planned.due_at <= now,
            "done": grace.destroyed_so_far(planned) if planned.state == PlanState.STARTED else 0,
            "may_undo": context.may(door.destroys),
            **door.addresses(context, object_id),
        },
    )


def endings(door: Door, organization_id: UUID, ids: Iterable[UUID]) -> Mapping[UUID, datetime]:
    """When those of them whose destruction somebody confirmed will be destroyed."""
    return grace.endings(organization_id, door.kind, ids)


def page_of_destroyed(
    door: Door, request: HttpRequest, context: OrganizationContext, object_id: UUID
) -> HttpResponse | None:
    """What was here, when it was destroyed and why, and the proof: never content."""
    organization_id = context.organization.pk
    batch = remains.batch_with(organization_id, door.model, object_id)
    if batch is None:
        return None
    run = PurgeRun.objects.filter(organization_id=organization_id, id=batch.run_id).first() if batch.run_id else None
    alone = run is not None and _only_this(organization_id, run, door.thing(object_id))
    values: dict[str, Any] = {
        "kind": door.kind,
        "object_id": object_id,
        "batch": batch,
        "run": run if context.may("purges.read") else None,
        "why": words.REASONS.get(batch.reason, ""),
        "who": people.names(organization_id, [batch.by])[batch.by],
        "line": remains.line(batch, stored_at=stored_at(object_id)),
        "parts": list(PurgeLine.objects.filter(run_id=run.id).order_by("category")) if run and alone else [],
        "certificate": Certificate.objects.filter(organization_id=organization_id, run_id=batch.run_id).first()
        if batch.run_id and context.may("purges.read")
        else None,
    }
    return render(request, "retention/gone.html", values, status=410)


def things_with(organization_id: UUID, identifier: UUID) -> list[hooks.Thing]:
    """Certificates, purges, holds, destroyed calls and contacts with this id."""
    found = []
    certificate = Certificate.objects.filter(organization_id=organization_id, id=identifier).first()
    if certificate is not None:
        title = _("Certificate %(number)d") % {"number": certificate.number}
        found.append(hooks.Thing("seal", title, "retention:certificate", "certificate_id", identifier))
    if PurgeRun.objects.filter(organization_id=organization_id, id=identifier).exists():
        found.append(hooks.Thing("list", _("A purge"), "retention:purge", "run_id", identifier))
    if Hold.objects.filter(organization_id=organization_id, id=identifier).exists():
        found.append(hooks.Thing("lock", _("A legal hold"), "retention:hold", "hold_id", identifier))
    for door, title in ((CALL, _("A call that was destroyed")), (CONTACT, _("A contact that was destroyed"))):
        if remains.batch_with(organization_id, door.model, identifier) is not None:
            found.append(hooks.Thing("trash", title, door.page, door.argument, identifier, _("what was here")))
    return found


def stored_at(object_id: UUID) -> datetime | None:
    """When a call or contact was stored, from its id (UUID version 7, RFC 9562 section 5.7)."""
    return datetime.fromtimestamp((object_id.int >> 80) / 1000, UTC) if object_id.version == 7 else None


# ------------------------------------------------------------------ inside
def _only_this(organization_id: UUID, run: PurgeRun, thing: Thing) -> bool:
    """Whether a run was about this alone, so that its figures are this one's."""
    return PlannedDestruction.objects.filter(
        organization_id=organization_id,
        object_type=thing.kind,
        object_id=thing.id,
        run_id=run.id,
        state__in=[PlanState.DESTROYED, PlanState.STARTED],
    ).exists()
