"""What calls ask floors above, and tell them. Named, ordered lists; retention registers at start.

`calls.hooks.may_store.append(function)`: function(organization_id, category, agent_id, clock) -> bool. All must say
yes. Retention answers no for what would already be past its period on arrival, so that nothing is stored to be
destroyed at once.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

MayStore = Callable[[UUID, str, UUID | None, datetime], bool]

may_store: list[MayStore] = []


def is_admitted(organization_id: UUID, category: str, agent_id: UUID | None, clock: datetime) -> bool:
    """Whether something of this category whose period counts from `clock` may be stored now. Needs the context."""
    return all(ask(organization_id, category, agent_id, clock) for ask in may_store)
