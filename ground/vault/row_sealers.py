"""The common case in one call: a fresh key for one row, its sealed columns, and the two steps around the commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ground.vault import keys, objects
from ground.vault.sealing import DataKey, seal, seal_json


@dataclass(frozen=True, slots=True)
class Sealer:
    """A fresh data key and what it is for.

    sealer = vault.sealer(organization_id, "contact", at)
    contact = Contact(id=id, key_id=sealer.key_id, details=sealer.seal_json(details, object_id=id))
    sealer.ready()      # right before the insert
    contact.save()      # … and after the commit:
    sealer.confirm()
    """

    key: DataKey
    category: str

    @property
    def key_id(self) -> UUID:
        return self.key.id

    def seal(self, plaintext: bytes, *, object_id: UUID, slot: str = "body", version: int = 1) -> bytes:
        return seal(self.key, plaintext, category=self.category, object_id=object_id, slot=slot, version=version)

    def seal_json(self, value: Any, *, object_id: UUID, slot: str = "body", version: int = 1) -> bytes:
        return seal_json(self.key, value, category=self.category, object_id=object_id, slot=slot, version=version)

    def put_object(self, pieces: Iterable[bytes], *, object_id: UUID, slot: str = "object") -> tuple[str, int]:
        """Seal and store a long thing; its name and stored bytes."""
        name = objects.name(self.key.organization_id, self.category, object_id)
        return name, objects.put_sealed(self.key, name, pieces, slot=slot)

    def ready(self) -> None:
        """Raise KeyDeadlinePassed when it is too late to insert the row."""
        keys.still_pending_ok(self.key.organization_id, [self.key.id])

    def confirm(self) -> None:
        """The row has committed."""
        keys.confirm(self.key.organization_id, [self.key.id])


def sealer(organization_id: UUID, category: str, at: datetime) -> Sealer:
    """A sealer for one row whose clock moment is `at`. Raises what `keys.mint` raises."""
    return sealers(organization_id, category, at, 1)[0]


def sealers(organization_id: UUID, category: str, at: datetime, count: int) -> list[Sealer]:
    """`count` sealers for rows of one week, with one insert for thousands."""
    return [Sealer(key, category) for key in keys.mint(organization_id, category, at, count)]
