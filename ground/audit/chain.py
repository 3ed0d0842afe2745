"""How events and blocks become bytes. One definition, used by sealing, verification and proofs.

An event's leaf covers every column of its row as a JSON array of texts (canonical by RFC 8785); a block's hash and
signature cover the canonical JSON of its header. Positions order a chain: (epoch, transaction id, event id).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785

from ground.audit import merkle
from ground.audit.payload import moment

BLOCK_SIZE = 5_000  # events
FIRST_HASH = bytes(32)  # `previous_hash` of block 1

EVENT_TEXTS = (
    "id::text, organization_id::text, stream, kind, actor_kind, actor_id, object_type, object_id, payload, "
    "(extract(epoch FROM occurred_at) * 1000000)::bigint::text, epoch::text, transaction_id::text"
)
ID, OCCURRED, EPOCH, TRANSACTION = 0, 9, 10, 11  # places in a row of EVENT_TEXTS
# Qualified: a bare name would mean the output column, and texts sort 1000 before 999.
EVENT_ORDER = "audit_event.epoch, audit_event.transaction_id, audit_event.id"

BLOCK_COLUMNS = (
    "organization_id",
    "stream",
    "number",
    "epoch",
    "through_transaction",
    "through_event",
    "first_event",
    "last_event",
    "event_count",
    "latest_at",
    "merkle_root",
    "previous_hash",
    "sealed_at",
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a chain. Every event of an epoch stands before every event of the next."""

    epoch: int
    transaction: int
    event: UUID

    @classmethod
    def of(cls, row: Sequence[str]) -> "Position":
        """The position of an event read as EVENT_TEXTS."""
        return cls(int(row[EPOCH]), int(row[TRANSACTION]), UUID(row[ID]))

    def parameters(self) -> list[Any]:
        """For `(epoch, transaction_id, id) > (%s, %s::xid8, %s)`."""
        return [self.epoch, str(self.transaction), self.event]


START = Position(0, 0, UUID(int=0))
LAST_EVENT = UUID(int=2**128 - 1)


def leaf(row: Sequence[str]) -> bytes:
    """The leaf hash of an event read as EVENT_TEXTS."""
    return merkle.leaf(_encode(list(row)).encode())


def occurred_at(row: Sequence[str]) -> datetime:
    microseconds = int(row[OCCURRED])
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)


def block_body(header: Mapping[str, Any]) -> dict[str, Any]:
    """What a block's hash and signature cover. `header` holds BLOCK_COLUMNS."""
    return {
        "type": "sottovoce.audit.block",
        "version": 1,
        "organization": str(header["organization_id"]),
        "stream": header["stream"],
        "number": header["number"],
        "epoch": header["epoch"],
        "through_transaction": str(header["through_transaction"]),
        "through_event": str(header["through_event"]),
        "first_event": str(header["first_event"]),
        "last_event": str(header["last_event"]),
        "event_count": header["event_count"],
        "latest_at": moment(header["latest_at"]),
        "merkle_root": bytes(header["merkle_root"]).hex(),
        "previous_hash": bytes(header["previous_hash"]).hex(),
        "sealed_at": moment(header["sealed_at"]),
    }


def expiry_body(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the signature under an expiry covers."""
    return {
        "type": "sottovoce.audit.expiry",
        "version": 1,
        "organization": str(row["organization_id"]),
        "stream": row["stream"],
        "number": row["number"],
        "block_hash": bytes(row["block_hash"]).hex(),
        "older_than": moment(row["older_than"]),
        "expired_at": moment(row["expired_at"]),
    }


def epoch_body(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the signature under an epoch covers."""
    return {
        "type": "sottovoce.audit.epoch",
        "version": 1,
        "number": row["number"],
        "reason": row["reason"],
        "started_at": moment(row["started_at"]),
    }


def body_hash(body: Mapping[str, Any]) -> bytes:
    """SHA-256 of the canonical JSON."""
    return sha256(rfc8785.dumps(dict(body))).digest()
