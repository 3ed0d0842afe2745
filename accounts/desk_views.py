"""The staff desk: organizations in figures, asking to look at one, sessions that run and that ran.

Nothing here shows anything of an organization but its name, state and counts. Looking happens on the organization's
own pages, which a session opens (`accounts.middleware`).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import lists
from accounts.exceptions import (
    AccountsError,
    AlreadyExtended,
    NotStaff,
    OrganizationClosed,
    SessionOver,
    StaffBusy,
    StaffNotWelcome,
)
from accounts.forms import StaffAskForm
from accounts.models import Organization, OrganizationState, StaffPurpose, StaffSessionState, User
from accounts.models.organizations import operator_id
from accounts.services import staff_access
from accounts.staff_gate import has_recent_second_factor, staff_only, to_second_factor
from accounts.views import signed_in
from ground.tenancy import Actor

SHOWN = 100


ORGANIZATIONS = lists.Declaration(
    named=lists.Named(
        rows=gettext_lazy("Organizations"),
        ask=gettext_lazy("Filter organizations"),
        count=ngettext_lazy("%(n)s organization", "%(n)s organizations", "counter"),
        csv="desk:organizations_csv",
        arguments=(),
    ),
    sorts=(
        lists.Sort("name", gettext_lazy("Organization"), "name", "text"),
        lists.Sort("opened", gettext_lazy("Opened"), "created_at"),
    ),
    filters=(
        lists.Words(
            name="q", label=gettext_lazy("Name"), where=lambda text: Q(name__icontains=text) | Q(slug__icontains=text)
        ),
        lists.choice("state", gettext_lazy("State"), OrganizationState.choices, column="state"),
    ),
    rising=True,
)


@require_GET
@staff_only
def home(request: HttpRequest) -> HttpResponse:
    """Every organization by name, with its state and counts; and the session of one's own."""
    shown = lists.read(ORGANIZATIONS, request.GET).show(Organization.objects.all())
    figures = staff_access.figures([row.pk for row in shown.rows])
    shown.rows = [(row, figures[row.pk]) for row in shown.rows]
    own = _named(staff_access.staff_sessions(signed_in(request).pk, limit=3))
    return render(
        request,
        "accounts/desk/home.html",
        {"shown": shown, "own": next((each for each in own if each["row"].is_live or each["row"].waits), None)},
    )


@require_GET
@staff_only
def organizations_csv(request: HttpRequest) -> HttpResponseBase:
    """The organizations as filtered: names, states and counts. That it was taken stands in the operator's own log."""

    def cells(found: Sequence[Organization]) -> list[list[object]]:
        figures = staff_access.figures([row.pk for row in found])
        return [_cells(row, figures[row.pk]) for row in found]

    columns = ["organization", "name", "short_name", "state", "opened_at", "members", "calls", "bytes", "alerts"]
    return lists.csv_file(
        request,
        lists.read(ORGANIZATIONS, request.GET),
        Organization.objects.all(),
        page=reverse("desk:home"),
        name="organizations",
        organization_id=operator_id(),
        kind="accounts.organizations_exported",
        by=Actor.staff(signed_in(request).pk),
        columns=[*columns, "staff_access"],
        cells=cells,
    )


def _cells(row: Organization, figures: staff_access.Figures) -> list[object]:
    return [
        row.pk,
        row.name,
        row.slug,
        row.state,
        row.created_at,
        figures.members,
        figures.calls,
        figures.bytes,
        figures.alerts,
        figures.rule.value,
    ]


@require_http_methods(["GET", "POST"])
@staff_only
def ask(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """The reason, the minutes, and content only with a reason of its own; behind a fresh second factor."""
    user = signed_in(request)
    organization = Organization.objects.filter(pk=organization_id).exclude(state=OrganizationState.CLOSED).first()
    if organization is None:
        raise Http404
    if not has_recent_second_factor(request):
        return to_second_factor(request, reverse("desk:ask", args=[organization_id]))
    form = StaffAskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            session = staff_access.ask(
                organization_id=organization.pk,
                staff=user,
                purpose=StaffPurpose(values["purpose"]),
                reason=values["reason"],
                reference=values["reference"],
                content_reason=values["content_reason"],
                minutes=values["minutes"],
                at=timezone.now(),
            )
        except (NotStaff, OrganizationClosed, StaffBusy, StaffNotWelcome) as error:
            form.add_error(None, _refusal(error))
        else:
            if session.state == StaffSessionState.OPEN:
                return redirect("accounts:overview", slug=organization.slug)
            messages.success(request, _("Asked. %(name)s decides within 24 hours.") % {"name": organization.name})
            return redirect("desk:home")
    return render(
        request,
        "accounts/desk/ask.html",
        {"form": form, "asked": organization, "figures": staff_access.figures([organization.pk])[organization.pk]},
    )


def _refusal(error: AccountsError) -> str:
    words: dict[type[AccountsError], str] = {
        NotStaff: _("You belong to this organization yourself; use your own place in it. Nothing was opened."),
        OrganizationClosed: _("This organization is closed. Nothing was opened."),
        StaffBusy: _("You have another session or request. End or withdraw it first; nothing was opened."),
        StaffNotWelcome: _("This organization lets nobody look, except where the law obliges. Nothing was opened."),
    }
    return words[type(error)]


@require_GET
@staff_only
def sessions(request: HttpRequest) -> HttpResponse:
    """Sessions of all staff, newest first; reasons are the organization's to read."""
    found = _named(staff_access.staff_sessions(limit=SHOWN))
    living = [each for each in found if each["row"].is_live or each["row"].waits]
    return render(
        request,
        "accounts/desk/sessions.html",
        {"living": living, "over": [each for each in found if each not in living], "most": SHOWN},
    )


@require_POST
@staff_only
def end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One's own session or request, now."""
    user = signed_in(request)
    try:
        staff_access.end(
            organization_id=_own(user, session_id).organization_id,
            session_id=session_id,
            by=Actor.staff(user.pk),
            staff=user,
        )
    except SessionOver:
        messages.info(request, _("This session is over already."))
    else:
        messages.success(request, _("Ended. You see nothing of this organization any more."))
    return redirect("desk:home")


@require_POST
@staff_only
def extend(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Once, behind a fresh second factor."""
    user = signed_in(request)
    own = _own(user, session_id)
    if not has_recent_second_factor(request):
        return to_second_factor(request, reverse("desk:home"))
    try:
        staff_access.extend(organization_id=own.organization_id, session_id=session_id, staff=user, at=timezone.now())
    except AlreadyExtended:
        messages.error(request, _("A session is extended once, and not where the organization approves each one."))
    except SessionOver:
        messages.info(request, _("This session is over already."))
    else:
        messages.success(request, _("Extended. The organization was told."))
    return redirect("desk:home")


def _own(user: User, session_id: UUID) -> staff_access.Sighting:
    """A session of this person, alive or not; Http404 for everybody else's."""
    for each in staff_access.staff_sessions(user.pk):
        if each.id == session_id:
            return each
    raise Http404


def _named(found: list[staff_access.Sighting]) -> list[dict[str, Any]]:
    organizations = Organization.objects.in_bulk({each.organization_id for each in found})
    people = User.objects.in_bulk({each.staff_id for each in found})
    return [
        {
            "row": each,
            "organization": organizations[each.organization_id],
            "who": people[each.staff_id].get_full_name() if each.staff_id in people else "",
            "purpose": StaffPurpose(each.purpose).label,
            "state": _state(each),
        }
        for each in found
    ]


def _state(each: staff_access.Sighting) -> str:
    if each.state == StaffSessionState.OPEN and each.over:
        return str(StaffSessionState.ENDED.label)
    if each.state == StaffSessionState.ASKED and each.over:
        return str(StaffSessionState.LAPSED.label)
    return str(StaffSessionState(each.state).label)
