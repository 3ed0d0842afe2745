"""The list of agents with their connections, and the same as a file."""

from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import own_transactions, require
from agents.hooks import seen_of
from agents.models import Agent, AgentRevision, ProviderConnection
from agents.models.agents import AgentState
from agents.reading import current_revisions


def asking(connections: Iterable[ProviderConnection]) -> lists.Declaration:
    """What may be asked of the list of agents."""
    return lists.Declaration(
        named=lists.Named(
            rows=_("Agents"),
            ask=_("Filter agents"),
            count=ngettext_lazy("%(n)s agent", "%(n)s agents", "counter"),
            csv="agents:csv",
        ),
        sorts=(lists.Sort("name", _("Agent"), "name", "text"), lists.Sort("added", _("Added"), kind="id")),
        filters=(
            lists.choice(
                "connection",
                _("Connection"),
                [(each.id, each.name) for each in connections],
                column="connection_id",
                any_words=_("Any connection"),
            ),
            lists.choice("state", _("State"), AgentState.choices, column="state", any_words=_("Any")),
        ),
        rising=True,
    )


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    context = require(request, "agents.read")
    organization_id = context.organization.pk
    connections = list(ProviderConnection.objects.filter(organization_id=organization_id).order_by("name", "id"))
    shown = lists.read(asking(connections), request.GET).show(Agent.objects.filter(organization_id=organization_id))
    revisions = current_revisions(organization_id, [agent.id for agent in shown.rows])
    named = {connection.id: connection.name for connection in connections}
    seen = seen_of(organization_id, [agent.id for agent in shown.rows])
    return render(
        request,
        "agents/agent_list.html",
        {
            "agents": [
                {
                    "row": agent,
                    "revision": revisions.get(agent.id),
                    "connection": named.get(agent.connection_id, ""),
                    "seen": seen.get(agent.id),
                }
                for agent in shown.rows
            ],
            "shown": shown,
            "connections": connections,
            "now": timezone.now(),
        },
    )


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """What is filtered: agents and what is in force for them; nothing of anybody who was called."""
    context = require(request, "agents.read")
    organization_id = context.organization.pk
    with context.acting():
        connections = list(ProviderConnection.objects.filter(organization_id=organization_id).order_by("name", "id"))
    named = {connection.id: connection.name for connection in connections}

    def cells(found: Sequence[Agent]) -> list[list[object]]:
        revisions = current_revisions(organization_id, [agent.id for agent in found])
        return [_cells(agent, revisions.get(agent.id), named.get(agent.connection_id, "")) for agent in found]

    columns = ["agent", "name", "provider", "connection", "language", "state", "recording", "transcript", "revision"]
    return lists.csv_file(
        request,
        lists.read(asking(connections), request.GET),
        Agent.objects.filter(organization_id=organization_id),
        page=reverse("agents:list", args=[context.organization.slug]),
        name=f"agents-{context.organization.slug}",
        organization_id=organization_id,
        kind="agents.list_exported",
        by=context.actor,
        columns=columns,
        cells=cells,
    )


def _cells(agent: Agent, revision: AgentRevision | None, connection: str) -> list[object]:
    return [
        agent.id,
        agent.name,
        agent.provider,
        connection,
        agent.language,
        agent.state,
        "kept" if revision and revision.recording_enabled else "forbidden",
        "kept" if revision is None or revision.transcript_enabled else "forbidden",
        revision.number if revision else "",
    ]
