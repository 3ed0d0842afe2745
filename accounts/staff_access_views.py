"""What an organization sees and decides about the operator's staff: who looked, when, how long, why, how much."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import lists, people
from accounts.access import OrganizationContext, own_transactions, require
from accounts.exceptions import SessionOver
from accounts.forms import StaffRuleForm
from accounts.models import StaffPurpose, StaffRule, StaffSession, StaffSessionState
from accounts.services import staff_access

_State = StaffSessionState
_LIVING = Q(state__in=(_State.ASKED, _State.OPEN), runs_out_at__gt=Now())
_ENDINGS = {  # one whose time is over has ended or lapsed, whether or not somebody has written it down
    _State.ENDED: Q(state__in=(_State.ENDED, _State.OPEN)),
    _State.REFUSED: Q(state=_State.REFUSED),
    _State.WITHDRAWN: Q(state=_State.WITHDRAWN),
    _State.LAPSED: Q(state__in=(_State.LAPSED, _State.ASKED)),
}

SESSIONS = lists.Declaration(
    named=lists.Named(
        rows=gettext_lazy("Earlier looks"),
        ask=gettext_lazy("Filter earlier looks"),
        count=ngettext_lazy("%(n)s session", "%(n)s sessions", "counter"),
        csv="accounts:staff_access_csv",
    ),
    sorts=(lists.Sort("asked", gettext_lazy("When"), "asked_at"),),
    filters=(
        lists.choice("purpose", gettext_lazy("Why"), StaffPurpose.choices, column="purpose"),
        lists.choice(
            "ending",
            gettext_lazy("How it ended"),
            [(state.value, state.label) for state in _ENDINGS],
            where=lambda value: _ENDINGS[_State(value)],
        ),
        lists.yes_no(
            "content", gettext_lazy("Content"), "content", yes=gettext_lazy("with content"), no=gettext_lazy("without")
        ),
        lists.since(gettext_lazy("From"), "asked_at"),
        lists.until(gettext_lazy("To"), "asked_at"),
    ),
)


def _rows(organization_id: UUID) -> QuerySet[StaffSession]:
    return StaffSession.objects.filter(organization_id=organization_id).select_related("staff")


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    context = require(request, "staff.read")
    organization_id, now = context.organization.pk, staff_access.database_now()
    living = _described(organization_id, list(_rows(organization_id).filter(_LIVING).order_by("-asked_at", "-pk")), now)
    shown = lists.read(SESSIONS, request.GET).show(_rows(organization_id).exclude(_LIVING))
    shown.rows = _described(organization_id, shown.rows, now)
    rule = staff_access.rule_of(organization_id)
    return render(
        request,
        "accounts/staff_access.html",
        {
            "waiting": [each for each in living if each["waits"]],
            "live": [each for each in living if each["live"]],
            "shown": shown,
            "rule": rule,
            "decides": context.may("staff.decide"),
            "reads_log": context.may("audit.read"),
            "form": StaffRuleForm(initial={"rule": rule}),
        },
    )


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Sessions that are over, as filtered: what the page says of each."""
    context = require(request, "staff.read")
    organization = context.organization

    def cells(found: Sequence[StaffSession]) -> list[list[object]]:
        return [_cells(each) for each in _described(organization.pk, found, staff_access.database_now())]

    columns = ["session", "who", "why", "reason", "reference", "content_reason", "despite_the_setting", "asked_at"]
    return lists.csv_file(
        request,
        lists.read(SESSIONS, request.GET),
        _rows(organization.pk).exclude(_LIVING),
        page=reverse("accounts:staff_access", args=[organization.slug]),
        name=f"staff-access-{organization.slug}",
        organization_id=organization.pk,
        kind="accounts.staff_access_exported",
        by=context.actor,
        columns=[*columns, "opened_at", "minutes", "looks", "ending", "ended_by"],
        cells=cells,
    )


def _cells(each: dict[str, Any]) -> list[object]:
    row: StaffSession = each["row"]
    return [
        row.pk,
        each["who"],
        row.purpose,
        row.reason,
        row.reference,
        row.content_reason,
        "yes" if row.against_rule else "no",
        row.asked_at,
        row.opened_at,
        each["minutes"],
        row.looks,
        each["state"].value,
        "time" if each["by_itself"] else each["ended_by"],
    ]


def _described(organization_id: UUID, found: Sequence[StaffSession], now: datetime) -> list[dict[str, Any]]:
    """Needs the organization's context."""
    actors = {row.ended_by for row in found if row.ended_by}
    actors |= {f"member:{row.decided_by_id}" for row in found if row.decided_by_id}
    names = people.names(organization_id, actors)
    return [_shown(row, names, row.runs_out_at <= now) for row in found]


def _shown(row: StaffSession, names: dict[str, str], over: bool) -> dict[str, Any]:
    live = row.state == StaffSessionState.OPEN and not over
    waits = row.state == StaffSessionState.ASKED and not over
    state = StaffSessionState(row.state)
    if over and state == StaffSessionState.OPEN:
        state = StaffSessionState.ENDED
    elif over and state == StaffSessionState.ASKED:
        state = StaffSessionState.LAPSED
    ended_at = row.ended_at or (row.runs_out_at if over else None)
    minutes = None
    if row.opened_at and ended_at:
        minutes = max(1, round((ended_at - row.opened_at).total_seconds() / 60))
    return {
        "row": row,
        "who": row.staff.get_full_name(),
        "live": live,
        "waits": waits,
        "state": state,
        "minutes": minutes,
        "ended_by": names.get(row.ended_by, ""),
        "by_itself": row.ended_by.startswith("system:") or (over and not row.ended_by),
        "decided_by": names.get(f"member:{row.decided_by_id}", ""),
    }


def _back(context: OrganizationContext) -> HttpResponse:
    return redirect("accounts:staff_access", slug=context.organization.slug)


@require_POST
def rule(request: HttpRequest) -> HttpResponse:
    context = require(request, "staff.decide")
    form = StaffRuleForm(request.POST)
    if form.is_valid():
        staff_access.change_rule(
            organization_id=context.organization.pk,
            rule=StaffRule(form.cleaned_data["rule"]),
            by=context.actor,
            at=timezone.now(),
        )
        messages.success(request, _("Saved. It holds for whoever asks from now on."))
    else:
        messages.error(request, _("Choose one of the three. Nothing was changed."))
    return _back(context)


@require_POST
def approve(request: HttpRequest, session_id: UUID) -> HttpResponse:
    context = require(request, "staff.decide")
    try:
        row = staff_access.approve(
            organization_id=context.organization.pk, session_id=session_id, by=context.user, at=timezone.now()
        )
    except SessionOver:
        messages.info(request, _("This request waits no longer. Nothing was opened."))
    else:
        messages.success(
            request,
            _("Approved. %(name)s may look for %(n)d minutes from now; you can end it at any moment.")
            % {"name": row.staff.get_full_name(), "n": row.minutes},
        )
    return _back(context)


@require_POST
def refuse(request: HttpRequest, session_id: UUID) -> HttpResponse:
    context = require(request, "staff.decide")
    try:
        staff_access.refuse(
            organization_id=context.organization.pk, session_id=session_id, by=context.user, at=timezone.now()
        )
    except SessionOver:
        messages.info(request, _("This request waits no longer. Nothing was opened."))
    else:
        messages.success(request, _("Refused. Nobody looked."))
    return _back(context)


@require_POST
def end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    context = require(request, "staff.decide")
    try:
        staff_access.end(organization_id=context.organization.pk, session_id=session_id, by=context.actor)
    except SessionOver:
        messages.info(request, _("This session is over already."))
    else:
        messages.success(request, _("Ended. The next page they ask for is not there."))
    return _back(context)
