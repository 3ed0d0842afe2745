"""One journal entry, and its line: `<length> <crc32> <canonical JSON>\\n`.

Payloads hold opaque ids, digests, table names, numbers, booleans and moments. Anything that reads like a person (an
e-mail address, a phone number, free text) is refused, so that the journal can be kept longer than what it speaks of.
"""

import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ground.vault.canonical import canonical_json, read_canonical
from ground.vault.exceptions import JournalDamaged, NotCanonical, NotOpaque

KINDS = (
    "destroy",
    "destroy_kept",
    "hold",
    "hold_released",
    "restriction",
    "restriction_lifted",
    "suppression",
    "suppression_lifted",
)
MAX_LINE_BYTES = 32 * 1024 * 1024

_UUID = r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"
_DIGEST = r"[0-9a-f]{16,128}"
_PACKED = r"(?:[0-9a-f]{32})+"  # many 16-byte ids or digests in one text
_WORD = r"[a-z][a-z0-9_.]{0,79}"
_MOMENT = r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?"
_OPAQUE = re.compile(f"(?:|{_UUID}|{_DIGEST}|{_PACKED}|{_WORD}|{_MOMENT}|{_UUID}/{_WORD}/{_UUID})")


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What was about to be destroyed, held, restricted or suppressed. `sequence` counts from 1 without gaps."""

    sequence: int
    at: datetime
    organization_id: UUID
    kind: str
    payload: dict[str, Any]

    def to_line(self) -> bytes:
        body = canonical_json(
            {
                "sequence": self.sequence,
                "at": self.at.isoformat(),
                "organization": str(self.organization_id),
                "kind": self.kind,
                "payload": self.payload,
            }
        )
        if len(body) > MAX_LINE_BYTES:
            raise ValueError(f"a journal entry takes at most {MAX_LINE_BYTES} bytes; split the batch")
        return b"%d %08x %s\n" % (len(body), zlib.crc32(body), body)

    @classmethod
    def from_line(cls, line: bytes, where: str) -> "JournalEntry":
        """Read one whole line; JournalDamaged names the place when it is not what was written."""
        try:
            length, crc, body = line.removesuffix(b"\n").split(b" ", 2)
            if int(length) != len(body) or int(crc, 16) != zlib.crc32(body):
                raise ValueError("length or checksum")
            read = read_canonical(body)
            return cls(
                read["sequence"],
                datetime.fromisoformat(read["at"]),
                UUID(read["organization"]),
                read["kind"],
                read["payload"],
            )
        except (ValueError, KeyError, TypeError, NotCanonical) as error:
            raise JournalDamaged(f"journal entry at {where} does not read back") from error


def plain_payload(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload as JSON values (UUIDs, bytes and moments written out); NotOpaque when it says too much."""
    plain: dict[str, Any] = _plain(payload, "payload")
    return plain


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) >= 2**53:
            raise NotOpaque(f"{where} is too large a number")
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return _digest(bytes(value), where)
    if isinstance(value, datetime):
        return _text(value.isoformat(), where)
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, dict):
        return {_text(key, f"a name in {where}"): _plain(inner, f"{where}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        inner = [_plain(item, f"{where}[]") for item in value]
        return sorted(inner, key=str) if isinstance(value, set | frozenset) else inner
    raise NotOpaque(f"{where} is a {type(value).__name__}")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or _OPAQUE.fullmatch(value) is None or _only_digits(value):
        raise NotOpaque(f"{where} is not an id, digest, plain word or moment")
    return value


def _digest(value: bytes, where: str) -> str:
    if not 8 <= len(value) <= 64:
        raise NotOpaque(f"{where} has {len(value)} bytes, which no digest has")
    return value.hex()


def _only_digits(value: str) -> bool:
    """Could be a phone number. A digest of 32 hex characters and more is all digits once in three million times."""
    return value.isdigit() and len(value) < 32
