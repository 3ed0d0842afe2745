"""The audit log: who did what, and whether the chain still proves it. Reading it is itself an event."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from accounts.services import members
from ground import audit, jobs
from ground.audit.models import Block, Event
from retention import kinds, listing, people
from retention.services import evidence

_EXPORT_STEP = 1000


def _asking(context: OrganizationContext) -> lists.Declaration:
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
    return listing.log([*team, *others])


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    context = require(request, "audit.read")
    organization_id = context.organization.pk
    page = lists.read(_asking(context), request.GET).show(audit.events(organization_id))
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
            "shown": page,
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
@own_transactions
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered log as CSV; streamed in steps, each its own transaction."""
    context = require(request, "audit.read")
    organization_id = context.organization.pk
    with context.acting():
        asked = lists.read(_asking(context), request.GET)
    return lists.csv_file(
        request,
        asked,
        audit.events(organization_id),
        page=reverse("audit:log", args=[context.organization.slug]),
        name=f"audit-log-{context.organization.slug}",
        organization_id=organization_id,
        kind="audit.log_exported",
        by=context.actor,
        columns=["occurred_at", "stream", "kind", "actor", "object_type", "object_id", "payload", "id"],
        cells=_cells,
        step=_EXPORT_STEP,
    )


def _cells(events: Sequence[Event]) -> list[list[object]]:
    return [
        [
            event.occurred_at,
            event.stream,
            event.kind,
            f"{event.actor_kind}:{event.actor_id}",
            event.object_type,
            event.object_id,
            event.payload,
            event.id,
        ]
        for event in events
    ]
