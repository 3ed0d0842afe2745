"""What an organization sees and decides about the operator's staff: who looked, when, how long, why, how much."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import people
from accounts.access import OrganizationContext, require
from accounts.exceptions import SessionOver
from accounts.forms import StaffRuleForm
from accounts.models import StaffRule, StaffSession, StaffSessionState
from accounts.services import staff_access

SHOWN = 100


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    context = require(request, "staff.read")
    organization_id, now = context.organization.pk, staff_access.database_now()
    rows = StaffSession.objects.filter(organization_id=organization_id).select_related("staff")
    found = list(rows.order_by("-asked_at", "-pk")[:SHOWN])
    actors = {row.ended_by for row in found if row.ended_by}
    actors |= {f"member:{row.decided_by_id}" for row in found if row.decided_by_id}
    names = people.names(organization_id, actors)
    shown = [_shown(row, names, row.runs_out_at <= now) for row in found]
    rule = staff_access.rule_of(organization_id)
    return render(
        request,
        "accounts/staff_access.html",
        {
            "waiting": [each for each in shown if each["waits"]],
            "live": [each for each in shown if each["live"]],
            "past": [each for each in shown if not (each["waits"] or each["live"])],
            "rule": rule,
            "decides": context.may("staff.decide"),
            "reads_log": context.may("audit.read"),
            "form": StaffRuleForm(initial={"rule": rule}),
            "most": SHOWN,
        },
    )


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
