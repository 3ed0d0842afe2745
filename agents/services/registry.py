"""Adding agents by hand, naming them, retiring them."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from agents.exceptions import AgentExists, InvalidSettings, UnknownAgent, UnknownConnection
from agents.models import Agent, AgentState, ProviderConnection
from agents.services.activity import note
from agents.services.settings import Settings
from ground import audit
from ground.tenancy import Actor, acting_for

NAME_LENGTH = 120
PROVIDER_ID_LENGTH = 128


def find(organization_id: UUID, agent_id: UUID, *, lock: bool = False) -> Agent:
    """The agent; raises UnknownAgent. The caller acts for the organization."""
    agents = Agent.objects.select_for_update(of=("self",)) if lock else Agent.objects
    found: Agent | None = agents.filter(organization_id=organization_id, id=agent_id).first()
    if found is None:
        raise UnknownAgent(str(agent_id))
    return found


def create(
    *,
    organization_id: UUID,
    connection_id: UUID,
    provider_agent_id: str,
    name: str,
    language: str = "",
    by: Actor,
    at: datetime,
) -> Agent:
    """A new agent without any revision: its recordings stay forbidden until one is published. Raises AgentExists."""
    provider_agent_id, name = provider_agent_id.strip(), _name(name)
    if not provider_agent_id or len(provider_agent_id) > PROVIDER_ID_LENGTH or not provider_agent_id.isprintable():
        raise InvalidSettings("the provider's id of the agent is missing, too long or unprintable")
    with acting_for(organization_id):
        connection = ProviderConnection.objects.filter(organization_id=organization_id, id=connection_id).first()
        if connection is None:
            raise UnknownConnection(str(connection_id))
        try:
            with transaction.atomic():
                agent = Agent.objects.create(
                    organization_id=organization_id,
                    connection=connection,
                    provider=connection.provider,
                    provider_agent_id=provider_agent_id,
                    name=name,
                    language=language[:35],
                    created_at=at,
                )
        except IntegrityError as error:
            raise AgentExists("This connection already has an agent with that id.") from error
        note("created", organization_id=organization_id, agent_id=agent.id, by=by, at=at)
        audit.append(
            "agents.created", organization_id=organization_id, actor=by, object_type="agent", object_id=agent.id
        )
    return agent


def change(
    *,
    organization_id: UUID,
    agent_id: UUID,
    name: str | None = None,
    language: str | None = None,
    by: Actor,
    at: datetime,
) -> Agent:
    """Another name or language; what the agent may keep is changed by publishing only."""
    with acting_for(organization_id):
        agent = find(organization_id, agent_id, lock=True)
        if name is not None:
            agent.name = _name(name)
        if language is not None:
            agent.language = language.strip()[:35]
        agent.save(update_fields=["name", "language"])
        note("changed", organization_id=organization_id, agent_id=agent.id, by=by, at=at)
        audit.append(
            "agents.changed", organization_id=organization_id, actor=by, object_type="agent", object_id=agent.id
        )
    return agent


def save_draft(*, organization_id: UUID, agent_id: UUID, settings: Settings, by: Actor, at: datetime) -> Agent:
    """Keep settings for later; nothing acts on them before they are published."""
    with acting_for(organization_id):
        agent = find(organization_id, agent_id, lock=True)
        agent.draft = settings.to_json()
        agent.save(update_fields=["draft"])
        note("draft_saved", organization_id=organization_id, agent_id=agent.id, by=by, at=at)
    return agent


def discard_draft(*, organization_id: UUID, agent_id: UUID, by: Actor, at: datetime) -> Agent:
    """Forget the draft; without one nothing happens."""
    with acting_for(organization_id):
        agent = find(organization_id, agent_id, lock=True)
        if agent.draft:
            agent.draft = {}
            agent.save(update_fields=["draft"])
            note("draft_discarded", organization_id=organization_id, agent_id=agent.id, by=by, at=at)
    return agent


def retire(*, organization_id: UUID, agent_id: UUID, by: Actor, at: datetime) -> Agent:
    """No new revision any more; calls that still come in are kept by the last one. Retiring twice changes nothing."""
    with acting_for(organization_id):
        agent = find(organization_id, agent_id, lock=True)
        if agent.state == AgentState.RETIRED:
            return agent
        agent.state, agent.retired_at = AgentState.RETIRED, at
        agent.save(update_fields=["state", "retired_at"])
        note("retired", organization_id=organization_id, agent_id=agent.id, by=by, at=at)
        audit.append(
            "agents.retired", organization_id=organization_id, actor=by, object_type="agent", object_id=agent.id
        )
    return agent


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidSettings(f"the name is missing, longer than {NAME_LENGTH} characters or unprintable")
    return name
