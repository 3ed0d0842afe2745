"""What an agent was allowed to keep when a call happened.

Nothing is lost and nothing forbidden is kept: an agent nobody has entered yet gets a row at its first call, and until a
person publishes a revision its recordings are refused (promise KLARIQO-REC-01: no recording by default).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from agents.models import Agent, ProviderConnection
from agents.services.activity import note
from agents.services.registry import PROVIDER_ID_LENGTH
from agents.services.revisions import in_force
from ground.tenancy import Actor, acting_for, reading_for, uuid7

_NEWEST_DAYS = """
    SELECT agent_id, retention_days::text FROM (
        SELECT DISTINCT ON (agent_id) agent_id, retention_days FROM agents_agentrevision
        WHERE organization_id = %s ORDER BY agent_id, number DESC) AS newest
    WHERE retention_days <> '{}'
"""  # asked at every ingest
AGENTS_FROM_CALLS_AT_MOST = 2000  # per connection; calls of further unknown agents are stored without one


@dataclass(frozen=True, slots=True)
class AgentAtCall:
    """`agent_id` None: the call names no agent. `revision_number` None: nothing was published by then."""

    agent_id: UUID | None
    revision_number: int | None
    recording_enabled: bool
    transcript_enabled: bool
    disclosure_version: int


NOTHING_PUBLISHED = (None, False, True, 0)


def resolve(organization_id: UUID, connection_id: UUID, provider_agent_id: str | None, at: datetime) -> AgentAtCall:
    """The agent of a call and the revision in force at `at` (the call's start). Safe to call at the same time.

    A first sight inserts the agent and its activity row in the caller's transaction (or its own).
    """
    known_as = provider_id(provider_agent_id)
    if not known_as:
        return AgentAtCall(None, *NOTHING_PUBLISHED)
    with acting_for(organization_id):
        agent_id = _agent(organization_id, connection_id, known_as) or _first_seen(
            organization_id, connection_id, known_as
        )
        revision = in_force(organization_id, agent_id, at) if agent_id else None
    if revision is None:
        return AgentAtCall(agent_id, *NOTHING_PUBLISHED)
    return AgentAtCall(
        agent_id,
        revision.number,
        revision.recording_enabled,
        revision.transcript_enabled,
        revision.disclosure_version,
    )


def provider_id(value: str | None) -> str:
    """A provider's agent id as we store it: trimmed; one that is too long or unprintable becomes its SHA-256."""
    value = (value or "").strip()
    if len(value) <= PROVIDER_ID_LENGTH and value.isprintable():
        return value
    return "sha256:" + hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()


def _agent(organization_id: UUID, connection_id: UUID, known_as: str) -> UUID | None:
    found: UUID | None = (
        Agent.objects.filter(organization_id=organization_id, connection_id=connection_id, provider_agent_id=known_as)
        .values_list("id", flat=True)
        .first()
    )
    return found


def _first_seen(organization_id: UUID, connection_id: UUID, known_as: str) -> UUID | None:
    """Insert the agent, or find the one another call has just inserted."""
    ours = Agent.objects.filter(organization_id=organization_id, connection_id=connection_id, seen_first=True)
    if ours.values("id")[AGENTS_FROM_CALLS_AT_MOST - 1 :].exists():
        return None
    connection = ProviderConnection.objects.filter(organization_id=organization_id, id=connection_id).first()
    if connection is None:
        return None
    agent_id, now = uuid7(), timezone.now()
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO agents_agent (id, organization_id, name, provider, connection_id, provider_agent_id, "
            "language, state, seen_first, draft, created_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, '', 'active', true, '{}', %s) "
            "ON CONFLICT (organization_id, connection_id, provider_agent_id) DO NOTHING",
            [agent_id, organization_id, known_as[:60], connection.provider, connection_id, known_as, now],
        )
        inserted = cursor.rowcount == 1
    if not inserted:
        return _agent(organization_id, connection_id, known_as)
    by = Actor.provider(connection_id)
    note("first_seen", organization_id=organization_id, agent_id=agent_id, by=by, at=now)
    return agent_id


def shorter_periods(organization_id: UUID, categories: Iterable[str] | None = None) -> dict[str, dict[UUID, int]]:
    """By category, days by agent, from each agent's newest revision. For the sweep. Acts for the organization."""
    with reading_for(organization_id), database.cursor() as cursor:
        cursor.execute(_NEWEST_DAYS, [organization_id])
        newest = cursor.fetchall()
    wanted = None if categories is None else set(categories)
    found: dict[str, dict[UUID, int]] = {}
    for agent_id, days in newest:
        for category, n in json.loads(days).items():
            if wanted is None or category in wanted:
                found.setdefault(category, {})[agent_id] = n
    return found
