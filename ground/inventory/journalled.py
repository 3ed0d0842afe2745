"""How destructions stand in the erasure journal, and what it still says of a row.

Ids are packed, so that a batch of thousands stays small. An attempt that died between journal and keys may be given up
(a hold came, a period was lengthened): a later entry `destroy_kept` then takes its rows back out, so that no replay
destroys what stayed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from ground import vault
from ground.vault.journal.entries import JournalEntry

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


def still_destroyed(organization_id: UUID, table: str) -> set[UUID]:
    """Row ids whose destruction the journal holds and nothing took back. Rare path: reads the whole journal."""
    ids: set[UUID] = set()
    for entry in vault.journal.entries():
        if entry.organization_id != organization_id or entry.payload.get("table") != table:
            continue
        if entry.kind == "destroy":
            ids.update(unpack_ids(entry.payload["rows"]))
        elif entry.kind == "destroy_kept":
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
    later = _kept_after(entry, _kept(vault.journal.last_sequence()))

    def left(name: str) -> list[bytes]:
        kept = {each for other in later for each in unpack(other.payload[name])}
        return [each for each in unpack(entry.payload[name]) if each not in kept]

    def ids(name: str) -> list[UUID]:
        return [UUID(bytes=each) for each in left(name)]

    return Destroyed(ids("rows"), ids("keys"), left("tombstones"), ids("objects"))


@lru_cache(maxsize=1)
def _kept(last_sequence: int) -> list[JournalEntry]:
    """All entries that took something back, read once for a journal of this length."""
    return [entry for entry in vault.journal.entries() if entry.kind == "destroy_kept"]


def _kept_after(entry: JournalEntry, kept: list[JournalEntry]) -> list[JournalEntry]:
    return [
        other
        for other in kept
        if other.sequence > entry.sequence
        and other.organization_id == entry.organization_id
        and other.payload["table"] == entry.payload["table"]
    ]
