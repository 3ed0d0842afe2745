"""What the pages and the API read: agents with what is in force."""

from collections.abc import Iterable
from uuid import UUID

from agents.models import AgentRevision


def current_revisions(organization_id: UUID, agent_ids: Iterable[UUID]) -> dict[UUID, AgentRevision]:
    """Agent id -> newest revision, in one query. The caller acts for the organization."""
    rows = (
        AgentRevision.objects.filter(organization_id=organization_id, agent_id__in=list(agent_ids))
        .order_by("agent_id", "-number")
        .distinct("agent_id")
    )
    return {row.agent_id: row for row in rows}
