"""Declare once: what a model holds, about whom, how it is found, exported, kept and destroyed.

Invariant: every model of the project is either declared here or named in `no_personal_data` with a reason; the
system check `inventory.E001` fails otherwise, so a new model cannot be forgotten.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Model, Q

from ground.inventory.exceptions import DeclaredTwice, NotDeclared
from ground.profiles import Category

Row = dict[str, Any]


class ScopeKind(StrEnum):
    """What a hold or restriction covers."""

    CALL = "call"
    CONTACT = "contact"
    AGENT = "agent"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class HoldScope:
    """`digests`: find digests of the person's identifiers, by kind. `start` inclusive, `end` exclusive."""

    kind: ScopeKind
    call_id: UUID | None = None
    agent_id: UUID | None = None
    contact_id: UUID | None = None
    digests: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as one organization's rows know them: blind-index digests by kind, and calls known to be theirs."""

    organization_id: UUID
    by_kind: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    call_ids: Sequence[UUID] = ()

    def digests(self, kind: str) -> list[bytes]:
        return list(self.by_kind.get(kind, ()))


@dataclass(frozen=True, slots=True)
class PersonalData:
    """One model's declaration. Column names are database columns of the model; see the fields' comments."""

    model: type[Model]
    category: str
    subjects: str  # whose data: "the person on the call"
    holds: str  # what it contains, in words of the notice
    purpose: str
    legal_basis: str
    recipients: tuple[str, ...]
    clock: str | None  # moment the period counts from; None: never expires by itself, leaves with what owns it
    find: Callable[[Subject], Q | None]  # the person's rows; None: not findable by person (and the notice says so)
    export: Callable[[UUID, list[Any]], list[dict[str, Any]]]
    hold: Callable[[HoldScope], Q | None] = lambda scope: None
    key: str | None = None  # uuid of the data key
    objects: str | None = None  # name of the sealed object, "" for none
    size: str | None = None  # stored bytes
    tombstone: str | None = None  # 16-byte digest that must never come back
    agent: str | None = None
    carry: tuple[str, ...] = ()  # columns handed to on_destroyed
    on_destroyed: Callable[[UUID, list[Row]], None] | None = None  # inside the destruction's transaction
    expirable: Q = field(default_factory=Q)  # rows the period applies to (a job row only once it is finished)
    tenant: bool = True  # False: operator-owned table without organization_id
    holdable: bool = True  # has `held` and `set_aside_at`
    tallied: bool = True  # inserts are counted in the tally (contents of calls; not logs)

    def __post_init__(self) -> None:
        Category(self.category)

    @property
    def label(self) -> str:
        """`app.Model`, as stored in batches and printed by `manage.py inventory`."""
        return self.model._meta.label

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def expires(self) -> bool:
        """Whether a period applies to it at all."""
        return self.clock is not None

    @property
    def order(self) -> tuple[str, ...]:
        """Oldest first."""
        return (self.clock, "pk") if self.clock else ("pk",)

    @property
    def plain(self) -> bool:
        """Nothing sealed, no object, no hold, no tombstone, no count: one DELETE is the whole destruction."""
        return not (self.key or self.objects or self.holdable or self.tombstone or self.tallied)

    def free(self) -> Q:
        """Rows that no hold covers and that were not set aside."""
        return Q(held=False, set_aside_at__isnull=True) if self.holdable else Q()


_declared: dict[str, PersonalData] = {}
_without: dict[str, str] = {}


def declare(declaration: PersonalData) -> PersonalData:
    """Register a model's declaration. Raises DeclaredTwice."""
    if declaration.label in _declared or declaration.label in _without:
        raise DeclaredTwice(declaration.label)
    _declared[declaration.label] = declaration
    return declaration


def no_personal_data(model: type[Model], reason: str) -> None:
    """Say, with the reason, that a model holds nothing about a person."""
    label = model._meta.label
    if label in _declared or label in _without:
        raise DeclaredTwice(label)
    _without[label] = reason


def declarations(category: str | None = None) -> Iterator[PersonalData]:
    """All declarations in a stable order, or those of one category."""
    for label in sorted(_declared):
        if category is None or _declared[label].category == category:
            yield _declared[label]


def declaration_of(model: type[Model] | str) -> PersonalData:
    """The declaration of a model or of its label. Raises NotDeclared."""
    label = model if isinstance(model, str) else model._meta.label
    try:
        return _declared[label]
    except KeyError:
        raise NotDeclared(label) from None


def reasons_without() -> dict[str, str]:
    """Models that hold nothing about a person, with the reason."""
    return dict(sorted(_without.items()))
