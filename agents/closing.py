"""What happens to agents when their organization closes: nothing comes in any more, and their period begins."""

from datetime import datetime
from uuid import UUID

from accounts.services.organizations import on_organization_closed
from agents.models import Agent, ConnectionState, ProviderConnection
from ground.inventory import tally
from ground.profiles import Category


@on_organization_closed("agents")
def end_connections(organization_id: UUID, at: datetime) -> None:
    """Connections are switched off; connections and agents leave their period after `at`. Runs while closing."""
    ours = {"organization_id": organization_id, "closed_at__isnull": True}
    connections = ProviderConnection.objects.filter(**ours).update(
        state=ConnectionState.DISABLED, closed_at=at, changed_at=at
    )
    agents = Agent.objects.filter(**ours).update(closed_at=at)
    if connections + agents:
        tally.add(organization_id, Category.AGENT_CONFIGURATION, at, rows=connections + agents)
