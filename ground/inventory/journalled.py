"""How destructions stand in the erasure journal, and what it still says of a row.

Ids are packed, so that a batch of thousands stays small. An attempt that died between journal and keys may be given up
(a hold came, a period was lengthened): a later entry `destroy_kept` then takes its rows back out, so that no replay
destroys what stayed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from ground import vault
from ground.inventory.declarations import PersonalData, Row
from ground.inventory.models import DestructionBatch
from ground.inventory.outcomes import values
from ground.vault.journal.entries import JournalEntry
from ground.vault.objects.protocol import ObjectName

_CHARACTERS = 32  # of one value in hex


def pack(values: Iterable[bytes]) -> str:
    """16-byte values as one hex text."""
    packed = b"".join(values)
    if len(packed) % 16:
        raise ValueError("ids and digests have 16 bytes")
    return packed.hex()


def pack_ids(ids: Iterable[UUID]) -> str:
    """Ids as one hex text."""
    return pack(identifier.bytes for identifier in ids)


def unpack(text: str) -> list[bytes]:
    """The 16-byte values of `pack`."""
    if len(text) % _CHARACTERS:
        raise ValueError("not a list of 16-byte values")
    return [bytes.fromhex(text[start : start + _CHARACTERS]) for start in range(0, len(text), _CHARACTERS)]


def unpack_ids(text: str) -> list[UUID]:
    """The values as ids."""
    return [UUID(bytes=value) for value in unpack(text)]


def columns(declaration: PersonalData) -> list[str]:
    """What destruction must know of a row; clocks and sizes are added up by the database as it deletes."""
    wanted = {"id", declaration.key, declaration.objects, declaration.tombstone}
    return sorted(name for name in wanted | set(declaration.carry) if name)


def take_back(declaration: PersonalData, batch: DestructionBatch, rows: list[Row]) -> None:
    """Rows that stay although an attempt that died had journalled them: say so, or a replay would destroy them."""
    if not rows or not (declaration.key or declaration.tombstone):
        return
    journalled = still_destroyed(batch.organization_id, declaration.table)
    staying = [row for row in rows if row["id"] in journalled]
    if staying:
        vault.journal.append(batch.organization_id, "destroy_kept", journal_form(declaration, batch, staying))


def journal_form(declaration: PersonalData, batch: DestructionBatch, rows: list[Row]) -> dict[str, Any]:
    """Rows of a batch as the journal holds them: ids and digests only."""
    names = values(rows, declaration.objects)
    return {
        "batch": batch.id,
        "table": declaration.table,
        "category": str(declaration.category),
        "rows": pack_ids(row["id"] for row in rows),
        "keys": pack_ids(values(rows, declaration.key)),
        "objects": pack_ids(ObjectName.parse(name).object_id for name in names),
        "tombstones": pack(bytes(digest) for digest in values(rows, declaration.tombstone)),
    }


def still_destroyed(organization_id: UUID, table: str) -> set[UUID]:
    """Row ids whose destruction the journal holds and nothing took back. Rare path: reads the whole journal."""
    ids: set[UUID] = set()
    for entry in vault.journal.entries():
        if entry.organization_id != organization_id or entry.payload.get("table") != table:
            continue
        if entry.kind == "destroy":
            ids.update(unpack_ids(entry.payload["rows"]))
        else:  # destroy_kept: no other kind names a table
            ids.difference_update(unpack_ids(entry.payload["rows"]))
    return ids


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What one `destroy` entry still stands for, after later entries took rows back out."""

    rows: list[UUID]
    keys: list[UUID]
    tombstones: list[bytes]
    objects: list[UUID]


def standing(entry: JournalEntry) -> Destroyed:
    """What a replay of this `destroy` entry must do."""
    later = _kept_after(entry, _kept(vault.journal.journal().describe(), vault.journal.last_sequence()))

    def left(name: str) -> list[bytes]:
        kept = {each for other in later for each in unpack(other.payload[name])}
        return [each for each in unpack(entry.payload[name]) if each not in kept]

    def ids(name: str) -> list[UUID]:
        return [UUID(bytes=each) for each in left(name)]

    return Destroyed(ids("rows"), ids("keys"), left("tombstones"), ids("objects"))


@lru_cache(maxsize=1)
def _kept(place: str, last_sequence: int) -> list[JournalEntry]:
    """All entries that took something back, read once for the journal there of this length."""
    return [entry for entry in vault.journal.entries() if entry.kind == "destroy_kept"]


def _kept_after(entry: JournalEntry, kept: list[JournalEntry]) -> list[JournalEntry]:
    return [
        other
        for other in kept
        if other.sequence > entry.sequence
        and other.organization_id == entry.organization_id
        and other.payload["table"] == entry.payload["table"]
    ]
