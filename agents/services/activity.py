"""Writing down what happened to an agent, in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from agents.models import AgentActivity
from ground import inventory
from ground.inventory import holds, tally
from ground.profiles import Category
from ground.tenancy import Actor


def note(
    kind: str,
    *,
    organization_id: UUID,
    agent_id: UUID,
    by: Actor,
    at: datetime,
    revision_number: int | None = None,
    count: int | None = None,
) -> None:
    """Append one activity row. `kind` is one of our own words (`published`, …), never text of a person."""
    inventory.ingest_lock(organization_id)
    row = AgentActivity.objects.create(
        organization_id=organization_id,
        agent_id=agent_id,
        kind=kind,
        at=at,
        actor_kind=by.kind,
        actor_id=by.id,
        revision_number=revision_number,
        count=count,
    )
    holds.mark(AgentActivity, organization_id, [row.id])
    tally.add(organization_id, Category.AGENT_ACTIVITY, at)
