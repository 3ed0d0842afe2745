"""What the agents app holds about people, and what it does not."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from agents.models import Agent, AgentActivity, AgentRevision, ProviderConnection
from ground.inventory import HoldScope, PersonalData, Subject, declare, no_personal_data
from ground.inventory.declarations import ScopeKind


def _export(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {"agent": str(row.agent_id), "what": row.kind, "when": row.at.isoformat(), "revision": row.revision_number}
        for row in rows
    ]


def _nobody(subject: Subject) -> Q | None:
    return None


def _held_activity(scope: HoldScope) -> Q | None:
    if scope.kind == ScopeKind.AGENT and scope.agent_id:
        return Q(agent_id=scope.agent_id)
    if scope.kind == ScopeKind.PERIOD and scope.start and scope.end:
        return Q(at__gte=scope.start, at__lt=scope.end)
    return None


declare(
    PersonalData(
        model=AgentActivity,
        category="agent_activity",
        subjects="members of the organization who change agents",
        holds="which agent was changed, published or first seen, when, and the id of who did it",
        purpose="so that an organization can see how its agents came to behave as they do",
        legal_basis="legitimate interests: accountability for automated calls",
        recipients=("the organization",),
        clock="at",
        find=_nobody,
        export=_export,
        hold=_held_activity,
        agent="agent_id",
    )
)


def _export_connection(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"provider": row.provider, "name": row.name} for row in rows]


declare(
    PersonalData(
        model=ProviderConnection,
        category="agent_configuration",
        subjects="nobody in particular: credentials of the organization with its voice provider",
        holds="sealed signing secrets and the sealed key for the provider's API",
        purpose="receiving calls and asking the provider to destroy its own copies",
        legal_basis="contract with the organization",
        recipients=("the voice provider that issued them",),
        clock="closed_at",
        key="key_id",
        find=_nobody,
        export=_export_connection,
        expirable=Q(closed_at__isnull=False),
    )
)


def _export_agent(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"name": row.name, "provider": row.provider, "language": row.language} for row in rows]


declare(
    PersonalData(
        model=Agent,
        category="agent_configuration",
        subjects="nobody in particular: the organization's own configuration",
        holds="an agent's name, provider id, language and draft; its published revisions leave with it",
        purpose="knowing what an agent may keep of its calls",
        legal_basis="contract with the organization",
        recipients=("the organization",),
        clock="closed_at",
        find=_nobody,
        export=_export_agent,
        expirable=Q(closed_at__isnull=False),
    )
)
no_personal_data(
    AgentRevision,
    "switches, disclosure texts and day counts; leaves with its agent (foreign key, category of the agent)",
)
