"""Proofs: that one event stands in a signed block, checkable offline with the published public key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from ground.audit import chain, merkle, signatures
from ground.audit.exceptions import BlockExpired, NotSealedYet
from ground.audit.models import Block, Event, Expiry
from ground.tenancy import acting_for


@dataclass(frozen=True, slots=True)
class MerkleProof:
    """`event_digest` is a leaf under the root in `block`, the header that `signature` covers."""

    event_id: UUID
    event_digest: bytes
    steps: tuple[tuple[str, bytes], ...]
    block: Mapping[str, Any]
    signature: bytes
    signing_key: str

    def as_json(self) -> dict[str, Any]:
        return {
            "type": "sottovoce.audit.proof",
            "version": 1,
            "event": str(self.event_id),
            "event_digest": self.event_digest.hex(),
            "path": [{"side": side, "hash": value.hex()} for side, value in self.steps],
            "block": dict(self.block),
            "signature": self.signature.hex(),
            "signing_key": self.signing_key,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "MerkleProof":
        return cls(
            UUID(document["event"]),
            bytes.fromhex(document["event_digest"]),
            tuple((step["side"], bytes.fromhex(step["hash"])) for step in document["path"]),
            document["block"],
            bytes.fromhex(document["signature"]),
            str(document["signing_key"]),
        )


def event_digest(event: Event) -> bytes:
    """The leaf hash of a stored event, 32 bytes: every column counts."""
    with acting_for(event.organization_id), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {chain.EVENT_TEXTS} FROM audit_event WHERE id = %s",  # noqa: S608  (our own constant)
            [event.id],
        )
        row = cursor.fetchone()
    if row is None:
        raise Event.DoesNotExist(f"no event {event.id}")
    return chain.leaf(row)


def proof(event_id: UUID, *, organization_id: UUID) -> MerkleProof:
    """The proof for one sealed event. Raises NotSealedYet (seconds), or BlockExpired when the event was expired."""
    with acting_for(organization_id):
        event = Event.objects.get(organization_id=organization_id, id=event_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM audit_block WHERE organization_id = %s AND stream = %s "
                "AND (epoch, through_transaction, through_event) >= (%s, %s::xid8, %s) "
                "ORDER BY epoch, through_transaction, through_event LIMIT 1",
                [organization_id, event.stream, event.epoch, str(event.transaction_id), event.id],
            )
            found = cursor.fetchone()
            if found is None:
                raise NotSealedYet(f"event {event_id} waits for the sealer")
            block = Block.objects.get(id=found[0])
            if Expiry.objects.filter(
                organization_id=organization_id, stream=block.stream, number=block.number
            ).exists():
                raise BlockExpired(f"{block} has expired")
            previous = Block.objects.of_chain(organization_id, block.stream).filter(number=block.number - 1).first()
            start = chain.START if previous is None else _through(previous)
            cursor.execute(
                f"SELECT {chain.EVENT_TEXTS} FROM audit_event WHERE organization_id = %s AND stream = %s "  # noqa: S608  (only constants of ours are put in)
                "AND (epoch, transaction_id, id) > (%s, %s::xid8, %s) "
                f"AND (epoch, transaction_id, id) <= (%s, %s::xid8, %s) ORDER BY {chain.EVENT_ORDER}",
                [organization_id, block.stream, *start.parameters(), *_through(block).parameters()],
            )
            rows = cursor.fetchall()
    leaves = [chain.leaf(row) for row in rows]
    index = next(place for place, row in enumerate(rows) if row[chain.ID] == str(event_id))
    return MerkleProof(
        event_id,
        leaves[index],
        tuple(merkle.path(leaves, index)),
        chain.block_body(vars(block)),
        bytes(block.signature),
        block.signing_key,
    )


def check_proof(proof: MerkleProof) -> bool:
    """True when the path leads from the event's digest to the root of the block and the block's signature holds."""
    if merkle.climb(proof.event_digest, proof.steps).hex() != proof.block.get("merkle_root"):
        return False
    return signatures.holds(dict(proof.block), proof.signature, proof.signing_key)


def _through(block: Block) -> chain.Position:
    return chain.Position(block.epoch, block.through_transaction, block.through_event)
