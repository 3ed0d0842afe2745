"""Legal holds: what is in force, placing one (with its counts before), reading its reason, releasing it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import dates, lists, navigation, toasts
from accounts.access import OrganizationContext, own_transactions, require
from agents.models import Agent
from contacts.models import Contact
from ground import audit
from ground.inventory import HoldScope
from ground.inventory import holds as service
from ground.inventory.declarations import ScopeKind
from ground.inventory.exceptions import InventoryError
from ground.inventory.models import Hold, Nature
from retention import listing, people
from retention.forms import HoldForm
from retention.services import keeping
from retention.views.refusals import sentence


@navigation.counter("retention:holds")
def in_force(organization_id: UUID) -> int:
    """The figure beside the entry of the rail."""
    return int(service.in_force(organization_id).count())


def _words(hold: Hold, agents: dict[UUID, str]) -> str:
    """What a hold covers. A person is never named: the hold itself knows only digests."""
    if hold.scope_kind == ScopeKind.CALL:
        return _("Call %(id)s") % {"id": str(hold.call_id)[:13]}
    if hold.scope_kind == ScopeKind.AGENT and hold.agent_id:
        return _("Agent %(name)s") % {"name": agents.get(hold.agent_id, str(hold.agent_id)[:13])}
    if hold.scope_kind == ScopeKind.PERIOD and hold.start and hold.end:
        return _("%(start)s to %(end)s") % {
            "start": dates.day(hold.start),
            "end": dates.day(hold.end - timedelta(microseconds=1)),
        }
    return _("One person")


def _agents(organization_id: UUID) -> dict[UUID, str]:
    return dict(Agent.objects.filter(organization_id=organization_id).order_by("name").values_list("id", "name"))


def _shown(organization_id: UUID, found: list[Hold], *, counts: bool) -> list[dict[str, Any]]:
    agents = _agents(organization_id)
    actors = {hold.placed_by for hold in found} | {hold.released_by for hold in found if hold.released_by}
    known = people.names(organization_id, actors)
    today, now = timezone.localdate(), timezone.now()
    return [
        {
            "hold": hold,
            "words": _words(hold, agents),
            "by": known[hold.placed_by],
            "released_by": known.get(hold.released_by, ""),
            "restriction": hold.nature == Nature.RESTRICTION,
            "review_over": hold.released_at is None and hold.review_on <= today,
            "kept": keeping.kept(organization_id, service.scope_of(hold), now) if counts else [],
        }
        for hold in found
    ]


@require_GET
def holds(request: HttpRequest) -> HttpResponse:
    context = require(request, "holds.read")
    organization_id = context.organization.pk
    asked = lists.read(listing.HOLDS, request.GET)
    shown = asked.show(_rows(organization_id, asked))
    return render(
        request,
        "retention/holds.html",
        {
            "holds": _shown(organization_id, shown.rows, counts=not asked.tab),
            "shown": shown,
            "released": bool(asked.tab),
            "count": in_force(organization_id),
            "may_place": context.may("holds.place"),
        },
    )


def _rows(organization_id: UUID, asked: lists.Asked) -> QuerySet[Hold]:
    return Hold.objects.filter(organization_id=organization_id, released_at__isnull=not asked.tab)


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """What is filtered, without reasons: those are sealed, and each look at one is recorded."""
    context = require(request, "holds.read")
    organization_id = context.organization.pk
    asked = lists.read(listing.HOLDS, request.GET)

    def cells(found: Sequence[Hold]) -> list[list[object]]:
        agents = _agents(organization_id)
        return [
            [
                hold.pk,
                hold.nature,
                hold.scope_kind,
                _words(hold, agents),
                hold.placed_at,
                hold.placed_by,
                hold.review_on,
                hold.released_at,
                hold.released_by,
            ]
            for hold in found
        ]

    return lists.csv_file(
        request,
        asked,
        _rows(organization_id, asked),
        page=reverse("retention:holds", args=[context.organization.slug]),
        name=f"holds-{context.organization.slug}",
        organization_id=organization_id,
        kind="retention.holds_exported",
        by=context.actor,
        columns=[
            "hold",
            "nature",
            "scope",
            "what",
            "placed_at",
            "placed_by",
            "review_on",
            "released_at",
            "released_by",
        ],
        cells=cells,
    )


def _hold_or_404(context: OrganizationContext, hold_id: UUID) -> Hold:
    found = Hold.objects.filter(organization_id=context.organization.pk, id=hold_id).first()
    if found is None:
        raise Http404
    return found


@require_GET
def hold(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    context = require(request, "holds.read")
    return _page(request, context, _hold_or_404(context, hold_id))


def _page(request: HttpRequest, context: OrganizationContext, found: Hold, reason: str | None = None) -> HttpResponse:
    response = render(
        request,
        "retention/hold.html",
        {
            **_shown(context.organization.pk, [found], counts=True)[0],
            "reason": reason,
            "may_place": context.may("holds.place"),
        },
    )
    if reason is not None:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
def reason(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    """Open the sealed reason; that somebody read it stands in the access log."""
    context = require(request, "holds.read")
    found = _hold_or_404(context, hold_id)
    opened = service.reason_of(found)
    audit.append(
        "retention.hold_reason_read",
        organization_id=context.organization.pk,
        actor=context.actor,
        object_type="hold",
        object_id=found.pk,
        stream=audit.ACCESS,
    )
    return _page(request, context, found, opened)


def scope_from(organization_id: UUID, form: HoldForm) -> HoldScope:
    """The scope a valid form describes. Raises NotAnIdentifier. Needs the organization's context."""
    entered = form.cleaned_data
    if entered["scope"] == "call":
        return HoldScope(kind=ScopeKind.CALL, call_id=entered["call"])
    if entered["scope"] == "agent":
        return HoldScope(kind=ScopeKind.AGENT, agent_id=form.agent_id())
    if entered["scope"] == "period":
        start, end = form.moments()
        return HoldScope(kind=ScopeKind.PERIOD, start=start, end=end)
    if entered["contact"]:
        return keeping.scope_of_contact(organization_id, entered["contact"])
    return keeping.scope_of_person(organization_id, entered["kind"] or "phone", entered["value"], form.country or None)


@require_http_methods(["GET", "POST"])
@own_transactions
def place(request: HttpRequest) -> HttpResponse:
    """First the counts, then the hold. What was typed travels in the form's body, never in an address."""
    context = require(request, "holds.place")
    organization_id = context.organization.pk
    with context.acting():
        choices = [(str(agent_id), name) for agent_id, name in _agents(organization_id).items()]
        form = HoldForm(
            request.POST if request.method == "POST" else None,
            agents=choices,
            country=context.organization.country,
            initial=_given(request),
        )
        if request.method != "POST" or not form.is_valid():
            status = 422 if request.method == "POST" else 200
            return render(request, "retention/hold_place.html", {"form": form}, status=status)
        scope = scope_from(organization_id, form)
        if _unknown(organization_id, scope):
            form.add_error(None, _("There is no such call, person or agent here. Nothing was placed."))
            return render(request, "retention/hold_place.html", {"form": form}, status=422)
        kept = keeping.kept(organization_id, scope, timezone.now())
        if request.POST.get("step") != "confirm":
            total = sum(entry.rows for entry in kept)
            return render(request, "retention/hold_preview.html", {"form": form, "kept": kept, "total": total})
    return _placed(request, context, form, scope)


def _placed(request: HttpRequest, context: OrganizationContext, form: HoldForm, scope: HoldScope) -> HttpResponse:
    try:
        made = service.place(
            organization_id=context.organization.pk,
            scope=scope,
            reason=form.cleaned_data["reason"],
            review_on=form.cleaned_data["review_on"],
            by=context.actor,
            at=timezone.now(),
        )
    except InventoryError as error:
        messages.error(request, sentence(error))
        return redirect("retention:hold_place", slug=context.organization.slug)
    address = reverse("retention:hold_release", args=[context.organization.slug, made.pk])
    words = _("The hold is in force. What it covers stays until somebody releases it.")
    toasts.undoable(request, words, address, confirm="release")
    return redirect("retention:hold", slug=context.organization.slug, hold_id=made.pk)


def _given(request: HttpRequest) -> dict[str, str]:
    """What a link says beforehand: opaque ids only."""
    given = {name: request.GET[name] for name in ("call", "contact", "agent") if request.GET.get(name)}
    return {**given, "scope": next(iter(given), "call")}


def _unknown(organization_id: UUID, scope: HoldScope) -> bool:
    """Whether the scope names something that is not there. A person not known yet may be held: calls may come."""
    if scope.agent_id is not None:
        return not Agent.objects.filter(organization_id=organization_id, id=scope.agent_id).exists()
    if scope.contact_id is not None:
        return not Contact.objects.filter(organization_id=organization_id, id=scope.contact_id).exists()
    if scope.kind == ScopeKind.CALL:
        return not keeping.kept(organization_id, scope, timezone.now())
    return False


@require_http_methods(["GET", "POST"])
@own_transactions
def release(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    """What becomes free is counted first; what is past its period leaves with the next sweep."""
    context = require(request, "holds.place")
    with context.acting():
        found = _hold_or_404(context, hold_id)
        shown = _shown(context.organization.pk, [found], counts=True)[0]
        past = sum(entry.past for entry in shown["kept"])
        if request.method != "POST" and found.released_at is None:
            return render(request, "retention/hold_release.html", {**shown, "past": past})
        if request.method == "POST" and request.POST.get("confirm") != "release":
            return render(request, "retention/hold_release.html", {**shown, "past": past, "missing": True}, status=422)
    return _released(request, context, found.pk, timezone.now())


def _released(request: HttpRequest, context: OrganizationContext, hold_id: UUID, now: datetime) -> HttpResponse:
    try:
        if request.method == "POST":
            service.release(organization_id=context.organization.pk, hold_id=hold_id, by=context.actor, at=now)
            messages.success(request, _("Released. What is past its period leaves with the next sweep."))
        else:
            messages.info(request, _("This hold was released already."))
    except InventoryError as error:
        messages.error(request, sentence(error))
    return redirect("retention:hold", slug=context.organization.slug, hold_id=hold_id)
