"""What agents ask of floors above: the period an organization has set for a category.

Retention registers one function at start: `agents.hooks.periods_in_force.append(function)`.
"""

from collections.abc import Callable
from uuid import UUID

from ground.profiles import Category, Period

# (organization, category) -> the organization's own period now, or None when it has set none.
PeriodInForce = Callable[[UUID, Category], Period | None]

periods_in_force: list[PeriodInForce] = []


def period_in_force(organization_id: UUID, category: Category) -> Period | None:
    """The first answer of the registered functions, in their order."""
    for ask in periods_in_force:
        period = ask(organization_id, category)
        if period is not None:
            return period
    return None
