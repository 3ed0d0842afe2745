"""From a draft to a revision: prepare settings, see in words what they change, publish them with a reason."""

from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import toasts
from accounts.access import OrganizationContext, require
from agents.drafts import draft_of, stamp_of
from agents.exceptions import AgentRetired, AgentsError
from agents.forms import DraftForm
from agents.models import Agent
from agents.services import discard_draft, publish, restore, save_draft
from agents.services.settings import Settings
from agents.views import agent_or_404, refusal_words

KEPT_SECONDS = 10 * 60  # a draft that was thrown away can be brought back so long


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """The form. Saving decides nothing: it leads to what would change."""
    context = require(request, "agents.manage")
    row = agent_or_404(context, agent_id)
    if not row.is_active:
        messages.error(request, refusal_words(AgentRetired()))
        return _back(context, row)
    found = draft_of(row)
    form = DraftForm(request.POST or None, current=found.settings)
    if request.method == "POST" and form.is_valid():
        save_draft(
            organization_id=context.organization.pk,
            agent_id=row.id,
            settings=form.settings(),
            by=context.actor,
            at=timezone.now(),
        )
        return _back(context, row, "#draft")
    return render(request, "agents/agent_draft.html", {"agent": row, "form": form, "in_force": found.revision})


@require_POST
def publish_draft(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Exactly the draft that was seen, or nothing."""
    context = require(request, "agents.manage")
    row = agent_or_404(context, agent_id)
    found = draft_of(row)
    if not row.draft or request.POST.get("stamp") != stamp_of(row.draft):
        messages.error(request, _("The draft is not the one you saw. Look again; nothing was published."))
        return _back(context, row, "#draft")
    try:
        published = publish(
            organization_id=context.organization.pk,
            agent_id=row.id,
            settings=found.settings,
            reason=request.POST.get("reason", ""),
            by=context.actor,
            at=timezone.now(),
        )
    except AgentsError as error:
        messages.error(request, refusal_words(error))
        return _back(context, row, "#draft")
    messages.success(
        request, _("Revision %(n)d is in force for calls that start from now on.") % {"n": published.number}
    )
    return _back(context, row)


@require_POST
def discard(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    context = require(request, "agents.manage")
    row = agent_or_404(context, agent_id)
    thrown_away = dict(row.draft)
    discard_draft(organization_id=context.organization.pk, agent_id=row.id, by=context.actor, at=timezone.now())
    if thrown_away:
        cache.set(_thrown_away(context, row), thrown_away, KEPT_SECONDS)
        address = reverse("agents:draft_bring_back", args=[context.organization.slug, row.id])
        toasts.undoable(request, _("The draft is gone. What is in force stays as it is."), address)
    return _back(context, row)


@require_POST
def bring_back(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """The draft that was thrown away a moment ago, unless somebody began another one."""
    context = require(request, "agents.manage")
    row = agent_or_404(context, agent_id)
    thrown_away = cache.get(_thrown_away(context, row))
    if thrown_away is None or row.draft or not row.is_active:
        messages.error(request, _("The draft cannot be brought back any more. Nothing was changed."))
        return _back(context, row)
    save_draft(
        organization_id=context.organization.pk,
        agent_id=row.id,
        settings=Settings.from_json(thrown_away),
        by=context.actor,
        at=timezone.now(),
    )
    cache.delete(_thrown_away(context, row))
    messages.success(request, _("The draft is back."))
    return _back(context, row, "#draft")


def _thrown_away(context: OrganizationContext, row: Agent) -> str:
    return f"agents:thrown-away:{context.organization.pk}:{row.id}"


@require_POST
def restore_revision(request: HttpRequest, agent_id: UUID, number: int) -> HttpResponse:
    """An earlier revision becomes the draft; it counts when somebody publishes it."""
    context = require(request, "agents.manage")
    row = agent_or_404(context, agent_id)
    try:
        restore(
            organization_id=context.organization.pk, agent_id=row.id, number=number, by=context.actor, at=timezone.now()
        )
    except AgentsError as error:
        messages.error(request, refusal_words(error))
        return _back(context, row)
    messages.success(
        request, _("Revision %(n)d is the draft now. Nothing changes before you publish it.") % {"n": number}
    )
    return _back(context, row, "#draft")


def _back(context: OrganizationContext, row: Agent, place: str = "") -> HttpResponse:
    response = redirect("agents:agent", context.organization.slug, row.id)
    response["Location"] += place
    return response
