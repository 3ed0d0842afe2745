"""Agents: the list, one agent with its revisions, publishing, retiring."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import toasts
from accounts.access import OrganizationContext, require
from accounts.people import names
from agents.drafts import draft_of, stamp_of
from agents.exceptions import (
    AgentExists,
    AgentRetired,
    AgentsError,
    DisclosureMissing,
    InvalidSettings,
    NothingChanged,
    OnlyShorter,
    OutsideOperatorBounds,
    UnknownAgent,
)
from agents.forms import AgentForm
from agents.hooks import seen_of
from agents.models import Agent, AgentActivity, ProviderConnection
from agents.services import change, create, find, retire, revisions_of

_ACTIVITY_SHOWN = 20
_REVISIONS_SHOWN = 10


def refusal_words(error: AgentsError) -> str:
    """Why something was refused, for people."""
    words = {
        DisclosureMissing: _(
            "Recording needs words that callers hear first. Add a disclosure, or switch recording off."
        ),
        NothingChanged: _("These settings are already in force. Nothing was published."),
        AgentRetired: _("This agent is retired and takes no new revision."),
        AgentExists: _("This connection already has an agent with that id."),
    }
    if isinstance(error, OnlyShorter | OutsideOperatorBounds | InvalidSettings):
        return str(error)
    return words.get(type(error), str(error) or _("This is not possible now. Nothing was changed."))


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    context = require(request, "agents.manage")
    organization_id = context.organization.pk
    connections = ProviderConnection.objects.filter(organization_id=organization_id).order_by("name", "id")
    choices = [(str(each.id), f"{each.name} ({each.get_provider_display()})") for each in connections]
    form = AgentForm(request.POST or None, connections=choices)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            agent = create(
                organization_id=organization_id,
                connection_id=UUID(values["connection"]),
                provider_agent_id=values["provider_agent_id"],
                name=values["name"],
                language=values["language"],
                by=context.actor,
                at=timezone.now(),
            )
        except AgentsError as error:
            form.add_error(None, refusal_words(error))
        else:
            return redirect("agents:agent", context.organization.slug, agent.id)
    return render(request, "agents/agent_new.html", {"form": form, "has_connections": bool(choices)})


@require_GET
def agent(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """One agent: what is in force, the draft beside it, what was published before."""
    context = require(request, "agents.read")
    row = agent_or_404(context, agent_id)
    organization_id = context.organization.pk
    found = draft_of(row)
    revisions = list(revisions_of(organization_id, row.id)[: _REVISIONS_SHOWN + 1])
    revisions, more = revisions[:_REVISIONS_SHOWN], len(revisions) > _REVISIONS_SHOWN
    activity = list(
        AgentActivity.objects.filter(organization_id=organization_id, agent_id=row.id).order_by("-at", "-id")[
            :_ACTIVITY_SHOWN
        ]
    )
    did = {f"{each.actor_kind}:{each.actor_id}" for each in activity}
    people = names(organization_id, {each.published_by for each in revisions} | did)
    return render(
        request,
        "agents/agent_detail.html",
        {
            "agent": row,
            "connection": ProviderConnection.objects.filter(
                organization_id=organization_id, id=row.connection_id
            ).first(),
            "revision": found.revision,
            "draft": found if row.draft else None,
            "obstacle": refusal_words(found.obstacle) if found.obstacle else "",
            "stamp": stamp_of(row.draft),
            "revisions": [(each, people[each.published_by]) for each in revisions],
            "more_revisions": more,
            "activity": [(each, people[f"{each.actor_kind}:{each.actor_id}"]) for each in activity],
            "seen": seen_of(organization_id, [row.id]).get(row.id),
        },
    )


@require_POST
def rename(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    context = require(request, "agents.manage")
    row = agent_or_404(context, agent_id)
    before = {"name": row.name, "language": row.language}
    try:
        change(
            organization_id=context.organization.pk,
            agent_id=row.id,
            name=request.POST.get("name", ""),
            language=request.POST.get("language", ""),
            by=context.actor,
            at=timezone.now(),
        )
    except AgentsError as error:
        messages.error(request, refusal_words(error))
    else:
        address = reverse("agents:rename", args=[context.organization.slug, row.id])
        toasts.undoable(request, _("Saved."), address, **before)
    return redirect("agents:agent", context.organization.slug, row.id)


@require_POST
def put_to_rest(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    context = require(request, "agents.manage")
    row = agent_or_404(context, agent_id)
    retire(organization_id=context.organization.pk, agent_id=row.id, by=context.actor, at=timezone.now())
    messages.success(request, _("The agent is retired. Calls that still come in are kept by its last revision."))
    return redirect("agents:agent", context.organization.slug, row.id)


def agent_or_404(context: OrganizationContext, agent_id: UUID) -> Agent:
    """The organization's agent, or Http404."""
    try:
        return find(context.organization.pk, agent_id)
    except UnknownAgent as error:
        raise Http404 from error
