"""The audit log: who did what, and whether the chain still proves it. Reading it is itself an event."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import OrganizationContext, own_transactions, require
from accounts.services import members
from ground import audit, jobs
from ground.audit.models import Block
from ground.audit.querysets import EventQuerySet
from ground.inventory.spreadsheets import csv_lines
from ground.tenancy import acting_for
from retention import keyset, kinds, people
from retention.forms import LogFilterForm
from retention.services import evidence
from retention.views.chips import chips, day_end, day_start

_SLACK = timedelta(days=1)  # ids and moments are made a transaction apart
_EXPORT_STEP = 1000


def _form(request: HttpRequest, context: OrganizationContext) -> LogFilterForm:
    team = [
        (f"member:{person.user_id}", person.name or person.email)
        for person in members.people_of(context.organization.pk)
    ]
    others = [
        ("system", _("the platform")),
        ("api_key", _("API keys")),
        ("staff", _("staff of the operator")),
        ("provider", _("voice providers")),
    ]
    return LogFilterForm(request.GET, actors=[*team, *others])


def _filtered(organization_id: UUID, form: LogFilterForm) -> EventQuerySet:
    if not form.is_valid():
        return audit.events(organization_id)
    wanted = form.cleaned_data
    found = audit.events(organization_id, stream=wanted["stream"], object_id=wanted["about"])
    if wanted["kind"]:
        found = found.filter(kind__startswith=wanted["kind"])
    if wanted["actor"]:
        kind, _colon, identifier = wanted["actor"].partition(":")
        found = found.filter(actor_kind=kind)
        if identifier:
            found = found.filter(actor_id=identifier)
    if wanted["since"]:
        start = day_start(wanted["since"])
        found = found.filter(id__gte=_first_id(start - _SLACK), occurred_at__gte=start)
    if wanted["until"]:
        end = day_end(wanted["until"])
        found = found.filter(id__lt=_first_id(end + _SLACK), occurred_at__lt=end)
    return found


def _first_id(moment: datetime) -> UUID:
    """The smallest id of version 7 that can have been made at this moment (RFC 9562, section 5.7)."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    context = require(request, "audit.read")
    organization_id = context.organization.pk
    form = _form(request, context)
    page = keyset.page(_filtered(organization_id, form), request.GET, clock="id")
    known = people.names(organization_id, {f"{event.actor_kind}:{event.actor_id}" for event in page.rows})
    events = [
        {
            "event": event,
            "words": kinds.words(event.kind),
            "who": known[f"{event.actor_kind}:{event.actor_id}"],
            "facts": kinds.facts(event.payload),
        }
        for event in page.rows
    ]
    audit.append(
        "audit.log_read",
        organization_id=organization_id,
        actor=context.actor,
        stream=audit.ACCESS,
        events=len(events),
    )
    return render(
        request,
        "audit/log.html",
        {
            "events": events,
            "page": page,
            "filters": form,
            "chips": chips(form, request.GET) if form.is_valid() else [],
            "query": request.GET.urlencode(),
            **_seals(organization_id),
        },
    )


def _seals(organization_id: UUID) -> dict[str, Any]:
    """How much is sealed, and what the last verification said."""
    return {
        "sealed_events": _sealed_events(organization_id),
        "verified": evidence.last_verification(organization_id),
    }


def _sealed_events(organization_id: UUID) -> int:
    blocks = Block.objects.filter(organization_id=organization_id)
    return int(blocks.aggregate(events=Sum("event_count"))["events"] or 0)


@require_POST
@own_transactions
def verify(request: HttpRequest) -> HttpResponse:
    """Read the whole chain again: at once when it is short, by a job when it is long."""
    context = require(request, "audit.read")
    organization_id = context.organization.pk
    with context.acting():
        if _sealed_events(organization_id) > evidence.MOST_EVENTS_ON_A_PAGE:
            arguments = {"by": str(context.actor)}
            jobs.enqueue(
                "retention.verify_audit", organization_id=organization_id, arguments=arguments, unique="verify"
            )
            messages.info(request, _("The log is long: it is being verified, and the result appears here."))
            return redirect("audit:log", slug=context.organization.slug)
    report = evidence.verify(organization_id, by=context.actor)
    if report.ok:
        messages.success(
            request,
            _("Verified: %(events)d events in %(blocks)d signed blocks; nothing was changed, removed or inserted.")
            % {"events": report.events, "blocks": report.blocks},
        )
    else:
        problem = report.problems[0] if report.problems else None
        messages.error(request, kinds.fault(problem))
    return redirect("audit:log", slug=context.organization.slug)


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered log as CSV; streamed in steps, each its own transaction."""
    context = require(request, "audit.read")
    organization_id = context.organization.pk
    form = _form(request, context)
    rows = _filtered(organization_id, form)
    audit.append("audit.log_exported", organization_id=organization_id, actor=context.actor, stream=audit.ACCESS)
    header = ["occurred_at", "stream", "kind", "actor", "object_type", "object_id", "payload", "id"]
    lines = csv_lines(header, _steps(organization_id, rows))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-log-{timezone.localdate()}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _steps(organization_id: UUID, rows: EventQuerySet) -> Iterator[list[object]]:
    last: UUID | None = None
    while True:
        with acting_for(organization_id):
            step = list((rows.filter(id__lt=last) if last else rows)[:_EXPORT_STEP])
        for event in step:
            yield [
                event.occurred_at,
                event.stream,
                event.kind,
                f"{event.actor_kind}:{event.actor_id}",
                event.object_type,
                event.object_id,
                event.payload,
                event.id,
            ]
        if len(step) < _EXPORT_STEP:
            return
        last = step[-1].id
