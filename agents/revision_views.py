"""An agent's published revisions as a list; on the page and as a file."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import own_transactions, require
from accounts.people import names
from agents.models import AgentRevision
from agents.reading import current_revisions
from agents.services import revisions_of
from agents.views import agent_or_404

_KEPT = {"yes": _("kept"), "no": _("refused")}

REVISIONS = lists.Declaration(
    named=lists.Named(
        rows=_("Revisions"),
        ask=_("Filter revisions"),
        count=ngettext_lazy("%(n)s revision", "%(n)s revisions", "counter"),
        csv="agents:revisions_csv",
        arguments=("slug", "agent_id"),
    ),
    sorts=(lists.Sort("published", _("From"), "published_at"),),
    filters=(
        lists.yes_no("recording", _("Recording"), "recording_enabled", **_KEPT),
        lists.yes_no("transcript", _("Transcript"), "transcript_enabled", **_KEPT),
        lists.since(_("From"), "published_at"),
        lists.until(_("To"), "published_at"),
    ),
)


@require_GET
def listing(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    context = require(request, "agents.read")
    organization_id = context.organization.pk
    agent = agent_or_404(context, agent_id)
    shown = lists.read(REVISIONS, request.GET).show(revisions_of(organization_id, agent.id))
    people = names(organization_id, {each.published_by for each in shown.rows})
    shown.rows = [(each, people[each.published_by]) for each in shown.rows]
    return render(
        request,
        "agents/revision_list.html",
        {"agent": agent, "shown": shown, "revision": current_revisions(organization_id, [agent.id]).get(agent.id)},
    )


@require_GET
@own_transactions
def as_csv(request: HttpRequest, agent_id: UUID) -> HttpResponseBase:
    """The revisions as filtered, with the words callers hear."""
    context = require(request, "agents.read")
    organization = context.organization
    with context.acting():
        agent = agent_or_404(context, agent_id)

    def cells(found: Sequence[AgentRevision]) -> list[list[object]]:
        return [
            [
                row.id,
                row.number,
                row.published_at,
                row.published_by,
                "kept" if row.recording_enabled else "refused",
                "kept" if row.transcript_enabled else "refused",
                row.disclosures,
                row.retention_days,
                row.reason,
            ]
            for row in found
        ]

    columns = ["revision", "number", "published_at", "published_by", "recording", "transcript", "disclosures"]
    return lists.csv_file(
        request,
        lists.read(REVISIONS, request.GET),
        revisions_of(organization.pk, agent.id),
        page=reverse("agents:revisions", args=[organization.slug, agent.id]),
        name=f"revisions-{organization.slug}",
        organization_id=organization.pk,
        kind="agents.revisions_exported",
        by=context.actor,
        columns=[*columns, "shorter_periods_days", "why"],
        cells=cells,
        agent=agent.id,
    )
