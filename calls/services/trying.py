"""A test call: written, signed and delivered as a stranger's system would, so that every step it takes is the real one.

It is labelled by how it ended (`test-call`), obeys the agent's settings, and leaves like every call: when its period is
over, or when somebody destroys it.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

from agents.connections import find, secrets_of
from agents.models import Agent, AgentState, Provider, ProviderConnection
from agents.services import in_force
from calls.exceptions import NothingToTry
from calls.samples import END_REASON, Sample, sample_for
from calls.services import receiving
from ground import audit
from ground.tenancy import Actor, acting_for, uuid7

CALLER = "+441632960000"  # kept free for fiction by Ofcom
AGO = timedelta(seconds=2)


def send(
    *, organization_id: UUID, connection_id: UUID, agent_id: UUID | None = None, language: str, by: Actor, at: datetime
) -> receiving.Receipt:
    """Deliver one test call to the connection's own address; the receipt is what a sender would be told.

    `agent_id` must be of this connection, else its first agent speaks; without any the call names none. Raises
    NothingToTry unless the connection takes calls in our own form, UnknownConnection, VaultError.
    """
    sample = sample_for(language)
    with acting_for(organization_id):
        connection = find(organization_id, connection_id)
        if connection.provider != Provider.GENERIC:
            raise NothingToTry("only a connection that takes our own form of a call can be tried from here")
        agent = _agent(connection, agent_id)
        starts = _start(connection.organization_id, agent, sample, at)
        [secret, *_older] = secrets_of(connection, at)
    name = f"test-{uuid7()}"
    body = json.dumps(_told(sample, name, agent, starts), ensure_ascii=False)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body),
    }
    receipt = receiving.receive(connection.provider, connection.public_id, headers, body.encode(), now=at)
    if receipt.event_id is not None:
        with acting_for(organization_id):
            audit.append(
                "calls.test_call_sent",
                organization_id=organization_id,
                actor=by,
                object_type="provider_event",
                object_id=receipt.event_id,
                connection=connection.id,
            )
    return receipt


def line_to_try(organization_id: UUID) -> ProviderConnection | None:
    """The connection a test call can be sent to from here. Needs the organization's context."""
    found: ProviderConnection | None = (
        ProviderConnection.objects.filter(
            organization_id=organization_id, provider=Provider.GENERIC, state="active", closed_at=None
        )
        .order_by("created_at")
        .first()
    )
    return found


def _agent(connection: ProviderConnection, agent_id: UUID | None) -> Agent | None:
    ours = Agent.objects.filter(
        organization_id=connection.organization_id, connection_id=connection.id, state=AgentState.ACTIVE
    ).order_by("created_at", "id")
    found: Agent | None = (ours.filter(id=agent_id) if agent_id else ours).first()
    return found


def _start(organization_id: UUID, agent: Agent | None, sample: Sample, at: datetime) -> datetime:
    """So that it has just ended; not before the revision in force, which is what somebody wants to try out."""
    starts = at - AGO - timedelta(milliseconds=sample.duration_ms)
    revision = in_force(organization_id, agent.id, at) if agent is not None else None
    return max(starts, revision.published_at) if revision is not None else starts


def _told(sample: Sample, name: str, agent: Agent | None, starts: datetime) -> dict[str, Any]:
    ends = starts + timedelta(milliseconds=sample.duration_ms)
    call: dict[str, Any] = {
        "call_id": name,
        "direction": "inbound",
        "channel": "web",
        "outcome": "completed",
        "end_reason": END_REASON,
        "started_at": starts.isoformat(),
        "answered_at": starts.isoformat(),
        "ended_at": ends.isoformat(),
        "language": sample.language,
        "from": CALLER,
        "recordings": [{"url": sample.address}],
        "turns": [
            {"speaker": "agent", "text": text, "start_ms": start, "end_ms": end} for text, start, end in sample.turns
        ],
        "summary": sample.summary,
    }
    if agent is not None:
        call["agent"] = agent.provider_agent_id
    return {"type": "call.ended", "timestamp": ends.isoformat(), "data": call}
