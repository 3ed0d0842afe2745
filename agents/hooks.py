"""What agents ask floors above, and tell them. Named, ordered lists; whoever listens registers at start.

`agents.hooks.periods_in_force.append(function)`: the period an organization has set for a category (retention).

`agents.hooks.on_api_key_changed.append(function)`: function(organization_id, connection_id, by) runs in the
transaction that stores another key for a connection's provider (calls asks again for what the old key could not do).
"""

from collections.abc import Callable
from uuid import UUID

from ground.profiles import Category, Period
from ground.tenancy import Actor

# (organization, category) -> the organization's own period now, or None when it has set none.
PeriodInForce = Callable[[UUID, Category], Period | None]

periods_in_force: list[PeriodInForce] = []


# (organization, connection, who put in the key). Raises nothing but what must undo the change.
ApiKeyChanged = Callable[[UUID, UUID, Actor], None]

on_api_key_changed: list[ApiKeyChanged] = []


def api_key_changed(organization_id: UUID, connection_id: UUID, by: Actor) -> None:
    """Tell all registered functions, in their order, inside the caller's transaction."""
    for tell in on_api_key_changed:
        tell(organization_id, connection_id, by)


def period_in_force(organization_id: UUID, category: Category) -> Period | None:
    """The first answer of the registered functions, in their order."""
    for ask in periods_in_force:
        period = ask(organization_id, category)
        if period is not None:
            return period
    return None
