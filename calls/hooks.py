"""What calls ask floors above, and tell them. Named, ordered lists; retention registers at start.

`calls.hooks.periods.append(function)`: function(organization_id, categories) -> Kept by category. It is what pages say
about when something leaves; a category without an answer has no period.

`calls.hooks.may_store.append(function)`: function(organization_id, category, agent_id, clock) -> bool. All must say
yes. Retention answers no for what would already be past its period on arrival, so that nothing is stored to be
destroyed at once.

`calls.hooks.things.append(function)`: function(organization_id, id) -> Things of higher floors with exactly this id
(a certificate, a purge, a hold); the search shows them.

`calls.hooks.destruction`: which calls are about to be destroyed, and what stands where a destroyed one stood.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise

from accounts.bands import Destruction
from ground.profiles import Period

MayStore = Callable[[UUID, str, UUID | None, datetime], bool]

may_store: list[MayStore] = []


def is_admitted(organization_id: UUID, category: str, agent_id: UUID | None, clock: datetime) -> bool:
    """Whether something of this category whose period counts from `clock` may be stored now. Needs the context."""
    return all(ask(organization_id, category, agent_id, clock) for ask in may_store)


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a category is kept now. `origin`: organization, profile or operator decision; `since`: when the
    organization's own period took effect; `agents`: those that keep it shorter."""

    period: Period
    origin: str
    since: datetime | None = None
    agents: Mapping[UUID, Period] = field(default_factory=dict)


periods: list[Callable[[UUID, Iterable[str]], Mapping[str, Kept]]] = []


def kept(organization_id: UUID, categories: Iterable[str]) -> dict[str, Kept]:
    """The periods in force by category; absent while nobody has decided one. Needs the context."""
    wanted = list(categories)
    found: dict[str, Kept] = {}
    for ask in reversed(periods):
        found |= ask(organization_id, wanted)
    return found


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with an id of its own: what it is, in words, and the name and argument of its page."""

    icon: str
    words: str | Promise
    view: str
    argument: str
    id: UUID
    note: str | Promise = ""


things: list[Callable[[UUID, UUID], Iterable[Thing]]] = []


def things_with(organization_id: UUID, identifier: UUID) -> list[Thing]:
    """Everything of higher floors that has this id. Needs the context."""
    return [thing for ask in things for thing in ask(organization_id, identifier)]


destruction = Destruction()
