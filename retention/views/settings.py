"""How long each kind of data is kept: the table, the preview of a change, the change, its undo, the history."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import toasts
from accounts.access import OrganizationContext, require
from ground.profiles import Period
from retention import chart, forecast, periods, table, words
from retention.exceptions import RetentionError, WrongConfirmation
from retention.forms import ConfirmForm, PeriodsForm
from retention.services import settings as service
from retention.views.refusals import sentence

MOMENT = "%Y-%m-%dT%H:%M:%S.%f%z"


def _rows(context: OrganizationContext, at: datetime) -> list[table.Row]:
    return table.rows(context.organization.pk, at, operator=context.organization.is_operator)


def _previews(
    context: OrganizationContext, changes: dict[str, Period], at: datetime
) -> tuple[list[service.Preview], dict[str, str]]:
    """What each change would do, and by category why one is refused."""
    found, refused = [], {}
    for category, period in changes.items():
        try:
            found.append(service.preview(context.organization.pk, category, period, at=at))
        except RetentionError as error:
            refused[category] = sentence(error)
    return found, refused


def _charts(context: OrganizationContext, previews: list[service.Preview], at: datetime) -> chart.Chart:
    """Today's plan, or the new one over today's outlines."""
    today = forecast.forecast(context.organization.pk, at)
    if not previews:
        return chart.draw(today)
    changes = {}
    for seen in previews:
        before = [(at, seen.before)] if seen.before else []
        changes[seen.category] = [*before, (seen.effective_at, seen.after)] if seen.shortens else [(at, seen.after)]
    return chart.draw(forecast.forecast(context.organization.pk, at, changes=changes), today)


def _page(
    request: HttpRequest, context: OrganizationContext, form: PeriodsForm, rows: list[table.Row], *, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    editable = [(row, form[f"{row.category}-n"], form[f"{row.category}-unit"]) for row in rows if row.editable]
    return render(
        request,
        "retention/settings.html",
        {
            "form": form,
            "editable": editable,
            "fixed": [row for row in rows if not row.editable],
            "chart": _charts(context, [], now),
            "grace_hours": int(service.grace().total_seconds() // 3600),
            "may_change": context.may("retention.change"),
            "shortened_by_agents": sum(row.agents for row in rows),
        },
        status=status,
    )


@require_GET
def settings(request: HttpRequest) -> HttpResponse:
    context = require(request, "retention.read")
    rows = _rows(context, timezone.now())
    return _page(request, context, PeriodsForm(rows=rows), rows)


@require_GET
def effect(request: HttpRequest) -> HttpResponse:
    """The chart, the counts and a note in each row, for what stands in the form now: htmx asks while somebody types."""
    context = require(request, "retention.read")
    now = timezone.now()
    form = PeriodsForm(request.GET, rows=_rows(context, now))
    form.full_clean()
    previews, refused = _previews(context, form.changes(), now)
    seen = {found.category: found for found in previews}
    wrong = {name.removesuffix("-n"): errors[0] for name, errors in form.errors.items()}
    notes = [
        (row.category, seen.get(row.category), wrong.get(row.category) or refused.get(row.category, ""))
        for row in form.rows
    ]
    return render(request, "retention/_effect.html", {**_effect(context, previews, now), "notes": notes})


def _effect(context: OrganizationContext, previews: list[service.Preview], at: datetime) -> dict[str, Any]:
    return {
        "previews": previews,
        "rows_leaving": sum(seen.rows for seen in previews),
        "bytes_leaving": sum(seen.bytes for seen in previews),
        "held": sum(seen.held for seen in previews),
        "shortens": any(seen.shortens for seen in previews),
        "effective_at": max((seen.effective_at for seen in previews), default=at),
        "chart": _charts(context, previews, at),
    }


@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """Exactly what a change would take, and when; confirming needs the number."""
    context = require(request, "retention.change")
    now = timezone.now()
    rows = _rows(context, now)
    form = PeriodsForm(request.GET, rows=rows)
    if not form.is_valid():
        return _page(request, context, form, rows, status=422)
    changes = form.changes()
    if not changes:
        messages.info(request, _("Nothing differs from what is in force. Change a period first."))
        return redirect("retention:settings", slug=context.organization.slug)
    return _preview(request, context, changes, now, ConfirmForm(initial={"counted_at": now.strftime(MOMENT)}))


def _preview(
    request: HttpRequest,
    context: OrganizationContext,
    changes: dict[str, Period],
    at: datetime,
    form: ConfirmForm,
    *,
    status: int = 200,
    refusal: str = "",
) -> HttpResponse:
    previews, refused = _previews(context, changes, at)
    for category, why in refused.items():
        messages.error(request, f"{words.category(category)}: {why}")
    if not previews:
        if refusal:
            messages.error(request, refusal)
        return redirect("retention:settings", slug=context.organization.slug)
    facts = _effect(context, previews, at)
    return render(request, "retention/preview.html", {**facts, "form": form, "refusal": refusal}, status=status)


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """All previewed changes or none."""
    context = require(request, "retention.change")
    now = timezone.now()
    entered = PeriodsForm(request.POST, rows=_rows(context, now))
    form = ConfirmForm(request.POST)
    if not entered.is_valid() or not entered.changes():
        messages.error(request, _("This change is not possible any more. Nothing was changed; look again."))
        return redirect("retention:settings", slug=context.organization.slug)
    changes = entered.changes()
    if not form.is_valid():
        return _preview(request, context, changes, now, form, status=422)
    try:
        with transaction.atomic():
            _carry_out(context, request.POST, changes, form, now)
    except RetentionError as error:
        again = ConfirmForm(initial={"counted_at": now.strftime(MOMENT), "reason": form.cleaned_data["reason"]})
        return _preview(request, context, changes, now, again, status=409, refusal=sentence(error))
    count = len(changes)
    said = ngettext("The change is saved.", "%(n)d changes are saved.", count) % {"n": count}
    waiting = [each for each in changes if periods.waiting_version(context.organization.pk, each, now)]
    if not waiting:
        messages.success(request, said)
    elif count == 1:
        address = reverse("retention:change_undo", args=[context.organization.slug, waiting[0]])
        toasts.undoable(request, f"{said} " + _("It can be undone until it takes effect."), address)
    else:
        messages.success(request, f"{said} " + _("Each can be undone below until it takes effect."))
    return redirect("retention:settings", slug=context.organization.slug)


def _carry_out(
    context: OrganizationContext, posted: QueryDict, changes: dict[str, Period], form: ConfirmForm, now: datetime
) -> None:
    """Each change with the number its preview showed; together they must be the number that was typed."""
    shown = {category: _number(posted.get(f"{category}-rows", "")) for category in changes}
    if sum(shown.values()) != (form.cleaned_data["typed"] or 0):
        raise WrongConfirmation("the typed number is not the sum shown")
    for category, period in changes.items():
        service.change(
            organization_id=context.organization.pk,
            category=category,
            period=period,
            by=context.actor,
            at=now,
            reason=form.cleaned_data["reason"],
            confirmed_rows=shown[category],
            counted_at=form.cleaned_data["counted_at"],
        )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


@require_POST
def undo(request: HttpRequest, category: str) -> HttpResponse:
    context = require(request, "retention.change")
    try:
        service.undo(organization_id=context.organization.pk, category=category, by=context.actor, at=timezone.now())
    except RetentionError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, _("The change is undone; nothing of it took effect."))
    return redirect("retention:settings", slug=context.organization.slug)
