"""Purge runs: the list, one run (live while it runs), approval of a large one, another try for what was set aside."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Max, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import lists
from accounts.access import OrganizationContext, require
from accounts.progress import Work
from ground.inventory.models import DestructionBatch
from ground.profiles import Category
from retention import forecast, listing, people, table, words
from retention.forms import TypedForm
from retention.models import Certificate, OverdueMeasure, PurgeLine, PurgeRun, RunState, SweepState
from retention.services import guard, overdue, plan, runs, setaside

_RECENT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Shown:
    """A run as the list shows it."""

    run: PurgeRun
    certificate: Certificate | None


@require_GET
def purges(request: HttpRequest) -> HttpResponse:
    context = require(request, "purges.read")
    organization_id = context.organization.pk
    now = timezone.now()
    applying = table.applying(operator=context.organization.is_operator)
    asked = lists.read(listing.runs(organization_id, applying), request.GET)
    page = asked.show(PurgeRun.objects.filter(organization_id=organization_id))
    certificates = Certificate.objects.filter(
        organization_id=organization_id, run_id__in=[run.pk for run in page.rows]
    ).in_bulk(field_name="id")
    by_run = {certificate.run_id: certificate for certificate in certificates.values()}
    return render(
        request,
        "retention/purges.html",
        {
            "runs": [Shown(run, by_run.get(run.pk)) for run in page.rows],
            "shown": page,
            "figures": _figures(organization_id),
            "waiting": _waiting(organization_id),
            "aside": setaside.waiting(organization_id),
            "has_certificates": Certificate.objects.filter(organization_id=organization_id).exists(),
            "archive_since": timezone.localdate() - _RECENT,
            "archive_until": timezone.localdate(),
            "running": PurgeRun.objects.filter(organization_id=organization_id, state=RunState.RUNNING)
            .order_by("-started_at")
            .first(),
            "sweeping": SweepState.objects.filter(organization_id=organization_id, leased_until__gt=now).first(),
            "may_change": context.may("retention.change"),
        },
    )


def _figures(organization_id: UUID) -> list[dict[str, Any]]:
    now = timezone.now()
    recent = PurgeRun.objects.filter(organization_id=organization_id, started_at__gte=now - _RECENT)
    sums = recent.aggregate(rows=Sum("rows"), bytes=Sum("bytes"))
    late = overdue.shown(
        OverdueMeasure.objects.filter(organization_id=organization_id).aggregate(most=Max("seconds"))["most"] or 0
    )
    state = SweepState.objects.filter(organization_id=organization_id).first()
    certificates = Certificate.objects.filter(organization_id=organization_id).aggregate(last=Max("number"))["last"]
    return [
        {"kind": "count", "label": _("Destroyed in 30 days"), "value": sums["rows"] or 0, "bytes": sums["bytes"] or 0},
        {"kind": "moment", "label": _("Last sweep"), "moment": state.finished_at if state else None},
        {"kind": "plain", "label": _("Certificates"), "value": certificates or 0},
        {"kind": "overdue", "label": _("Overdue"), "value": late},
    ]


def _waiting(organization_id: UUID) -> list[PurgeLine]:
    """Lines that wait for a person, newest of each category."""
    lines = PurgeLine.objects.filter(organization_id=organization_id, state=RunState.WAITING).order_by("-id")
    newest: dict[str, PurgeLine] = {}
    for line in lines[:100]:
        newest.setdefault(line.category, line)
    return list(newest.values())


def _run_or_404(context: OrganizationContext, run_id: UUID) -> PurgeRun:
    run = PurgeRun.objects.filter(organization_id=context.organization.pk, id=run_id).first()
    if run is None:
        raise Http404
    return run


@require_GET
def purge(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run. While it runs, htmx asks for the progress alone; without script, reload."""
    context = require(request, "purges.read")
    run = _run_or_404(context, run_id)
    if getattr(request, "htmx", False):
        response = render(request, "retention/_progress.html", {"run": run, **_progress(run)})
        if run.state != RunState.RUNNING:
            response["HX-Refresh"] = "true"
        return response
    return _page(request, context, run)


def _page(
    request: HttpRequest, context: OrganizationContext, run: PurgeRun, *, refused: str = "", status: int = 200
) -> HttpResponse:
    organization_id, now = context.organization.pk, timezone.now()
    lines = list(PurgeLine.objects.filter(organization_id=organization_id, run_id=run.pk).order_by("id"))
    may_change = context.may("retention.change")
    asked = []
    for line in lines:
        if line.state != RunState.WAITING or line.category not in list(Category):
            continue
        current = plan.line_for(organization_id, Category(line.category), now)
        approved = guard.approval_in_force(organization_id, line.category, 0, now)
        asked.append({"line": line, "due": current.due, "bytes": current.due_bytes, "approved": approved})
    return render(
        request,
        "retention/purge.html",
        {
            "run": run,
            "seconds": run.seconds,
            "lines": lines,
            "by": people.names(organization_id, [run.by])[run.by],
            "certificate": Certificate.objects.filter(organization_id=organization_id, run_id=run.pk).first(),
            "asked": asked,
            "refused": refused,
            "aside": setaside.waiting(organization_id) if run.set_aside else {},
            "may_change": may_change,
            **_progress(run),
        },
        status=status,
    )


def _progress(run: PurgeRun) -> dict[str, Any]:
    """n of m, and the time left at this pace. m: what is gone and what the tallies still call due."""
    if run.state != RunState.RUNNING:
        return {}
    batches = DestructionBatch.objects.filter(organization_id=run.organization_id, run_id=run.pk)
    done = batches.aggregate(rows=Sum("rows"))["rows"] or 0
    now = timezone.now()
    return {"work": Work(done, done + forecast.due_now(run.organization_id, now), run.started_at, now)}


@require_POST
def approve(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """A person types how many may go; the run follows at once."""
    context = require(request, "retention.change")
    run = _run_or_404(context, run_id)
    category = request.POST.get("category", "")
    line = PurgeLine.objects.filter(
        organization_id=context.organization.pk, run_id=run.pk, category=category, state=RunState.WAITING
    ).first()
    if line is None:
        raise Http404
    form = TypedForm(request.POST)
    shown = request.POST.get("shown", "")
    if not form.is_valid() or str(form.cleaned_data["typed"]) != shown:
        refused = _("The number typed is not the number shown. Nothing was approved.")
        return _page(request, context, run, refused=refused, status=422)
    current = plan.line_for(context.organization.pk, Category(category), timezone.now())
    rows = int(shown)
    if rows == 0 or rows > current.due:
        refused = _("The number has changed since. Nothing was approved; look again.")
        return _page(request, context, run, refused=refused, status=409)
    guard.approve(
        organization_id=context.organization.pk, category=category, rows=rows, by=context.actor, at=timezone.now()
    )
    messages.success(
        request,
        _("Approved: %(records)s of %(category)s. The purge begins within a minute.")
        % {"records": words.records(rows), "category": words.category(category)},
    )
    return redirect("retention:purge", slug=context.organization.slug, run_id=run.pk)


@require_POST
def retry(request: HttpRequest, record_id: UUID | None = None) -> HttpResponse:
    """What was set aside is tried again: one record, or all of them."""
    context = require(request, "retention.change")
    freed = setaside.retry(organization_id=context.organization.pk, by=context.actor, record_id=record_id)
    if freed:
        sentence = ngettext("%(n)d record is tried again.", "%(n)d records are tried again.", freed) % {"n": freed}
        messages.success(request, sentence)
    else:
        messages.info(request, _("Nothing is set aside."))
    if record_id is not None and setaside.any_open(context.organization.pk):
        return redirect("retention:set_aside", slug=context.organization.slug)
    return redirect("retention:purges", slug=context.organization.slug)


@require_POST
def purge_now(request: HttpRequest) -> HttpResponse:
    """Not at the next quarter of an hour but now: what is due goes, nothing else."""
    context = require(request, "retention.change")
    runs.ask_for_sweep(context.organization.pk, by=context.actor)
    messages.success(request, _("Asked for. What is due goes within a minute; the run appears here."))
    return redirect("retention:purges", slug=context.organization.slug)
