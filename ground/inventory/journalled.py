"""How ids stand in the erasure journal: packed, so that a batch of thousands stays small."""

from collections.abc import Iterable
from uuid import UUID

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
