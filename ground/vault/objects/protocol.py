"""What every object store can do. Names are opaque: `<organization>/<category>/<object>`, two ids and a category key.

Sealed bytes only: a store never sees plaintext, and its names say nothing about a person.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(f"({_UUID})/([a-z][a-z_]{{0,39}})/({_UUID})")
_PREFIX = re.compile(f"(?:{_UUID}/(?:[a-z][a-z_]{{0,39}}/)?)?")
PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class ObjectName:
    """The parts of an object's name."""

    organization_id: UUID
    category: str
    object_id: UUID

    def __str__(self) -> str:
        return f"{self.organization_id}/{self.category}/{self.object_id}"

    @classmethod
    def parse(cls, name: str) -> "ObjectName":
        """Read a name; ValueError for anything that is not exactly one (so no name leaves the store's folder)."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError("an object's name is <organization id>/<category>/<object id>")
        return cls(UUID(match[1]), match[2], UUID(match[3]))


def checked_prefix(prefix: str) -> str:
    """`prefix` if it is empty, `<organization>/` or `<organization>/<category>/`; ValueError otherwise."""
    if _PREFIX.fullmatch(prefix) is None:
        raise ValueError("a prefix is empty, <organization id>/ or <organization id>/<category>/")
    return prefix


@dataclass(frozen=True, slots=True)
class DeleteOutcome:
    """What the store said about each name: gone (or never there), or failed with its reason. Nothing is left out."""

    gone: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object in a listing."""

    name: str
    stored_bytes: int


class ObjectStore(Protocol):
    """A folder or a bucket behind one small interface. Outages raise ObjectStoreDown."""

    def describe(self) -> str: ...

    def put(self, name: str, pieces: Iterable[bytes]) -> int:
        """Store the pieces under `name`, whole or not at all, in constant memory. Returns the bytes stored."""

    def open(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Stored bytes of a range, in pieces; ObjectMissing when there is none (raised here, not while reading)."""

    def size(self, name: str) -> int:
        """Stored bytes; ObjectMissing when there is none."""

    def exists(self, name: str) -> bool: ...

    def absent(self, names: Iterable[str]) -> set[str]:
        """Which of these names have no object; for a bucket far fewer calls than asking one by one."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object below a prefix with its size, in no promised order."""

    def delete_many(self, names: Iterable[str]) -> DeleteOutcome:
        """Delete with every version, delete marker and unfinished upload. An object that is not there is gone."""

    def abandon_unfinished(self, older_than_seconds: int = 86_400) -> int:
        """Remove what interrupted writes left. How many."""
