"""What agents ask floors above, and tell them. Named, ordered lists; whoever listens registers at start.

`agents.hooks.periods_in_force.append(function)`: the period an organization has set for a category (retention).

`agents.hooks.on_api_key_changed.append(function)`: function(organization_id, connection_id, by) runs in the
transaction that stores another key for a connection's provider (calls asks again for what the old key could not do).

`agents.hooks.lines.append(function)`: function(connection, now) -> Line: what has come in lately, for its page (calls).

`agents.hooks.seen.append(function)`: function(organization_id, agent_ids) -> Seen by agent: its calls (calls).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from ground.profiles import Category, Period
from ground.tenancy import Actor

if TYPE_CHECKING:
    from agents.models import ProviderConnection

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


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a provider: `state` colours its pill, `call_id` leads to what it told."""

    at: datetime
    state: str
    icon: str
    words: str
    asked: bool
    problems: Sequence[str] = ()
    call_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """How far the provider has been asked for calls whose delivery never arrived."""

    read_until: datetime | None
    asked_at: datetime | None
    window: tuple[datetime, datetime] | None
    next_at: datetime | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What a connection's page shows of its calls. `asking` None: this provider has no list to ask for."""

    deliveries: Sequence[Delivery]
    asking: Asking | None
    can_try: bool


lines: list[Callable[["ProviderConnection", datetime], Line]] = []


def line_of(connection: "ProviderConnection", now: datetime) -> Line | None:
    """The first answer; None while nobody listens. Needs the organization's context."""
    return next((ask(connection, now) for ask in lines), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """An agent's calls that are held, counted up to `calls.lines.COUNTED`, and when the last one ended."""

    calls: int
    more: bool
    last_at: datetime | None


seen: list[Callable[[UUID, Sequence[UUID]], Mapping[UUID, Seen]]] = []


def seen_of(organization_id: UUID, agent_ids: Iterable[UUID]) -> dict[UUID, Seen]:
    """What is held of each agent's calls. Needs the organization's context."""
    wanted = list(agent_ids)
    found: dict[UUID, Seen] = {}
    for ask in seen:
        found |= ask(organization_id, wanted)
    return found
