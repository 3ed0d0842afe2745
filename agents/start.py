"""The first steps that are about agents: where calls come in, and what may be kept of them."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.start import Action, Step, step
from agents.models import Agent, AgentRevision, ProviderConnection


@step(10)
def connect(organization_id: UUID, slug: str) -> Step:
    """Done with the first connection."""
    done = ProviderConnection.objects.filter(organization_id=organization_id, closed_at=None).exists()
    href = reverse("agents:connection_new", args=[slug])
    return Step(
        _("Connect a provider"),
        _("Calls come in signed, at an address of your own. Without a provider: any system that can send a webhook."),
        done,
        "agents.manage",
        (Action(_("Connect a provider"), href), Action(_("Any system"), f"{href}?provider=generic")),
    )


@step(20)
def allow(organization_id: UUID, slug: str) -> Step:
    """Done with the first published revision."""
    done = AgentRevision.objects.filter(organization_id=organization_id).exists()
    agent = Agent.objects.filter(organization_id=organization_id).order_by("created_at").first()
    actions: tuple[Action, ...] = ()
    if agent is not None:
        actions = (
            Action(_("Decide for %(name)s") % {"name": agent.name}, reverse("agents:draft", args=[slug, agent.id])),
        )
    elif ProviderConnection.objects.filter(organization_id=organization_id, closed_at=None).exists():
        actions = (Action(_("Enter an agent"), reverse("agents:new", args=[slug])),)
    return Step(
        _("Say what your agent may keep"),
        _("Its recordings are refused until a revision allows them. Recording needs words that callers hear first."),
        done,
        "agents.manage",
        actions,
    )
