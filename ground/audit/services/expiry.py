"""Expiry: the events of a whole sealed block go, its header stays.

Order, in one transaction: the signed statement (`Expiry`) → the database function, which removes the block's events
only if that statement exists and every event is older than the moment in it → the audit event. A crash leaves all or
nothing. Events without a statement cannot be removed by anyone: the table's trigger looks for it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from ground.audit import chain, signatures
from ground.audit.exceptions import NotExpirable
from ground.audit.models import Block, Expiry
from ground.audit.services.blocks import lock_key
from ground.audit.services.events import append
from ground.tenancy import Actor, acting_for


@dataclass(frozen=True, slots=True)
class Expired:
    blocks: int
    events: int


def expire_blocks(
    organization_id: UUID, *, stream: str, older_than: datetime, by: Actor, limit: int = 1_000
) -> Expired:
    """Expire every block whose events are all older than `older_than`, oldest first, at most `limit` blocks.

    While the chain is being verified nothing is expired; the next call takes it up.
    """
    if older_than > timezone.now():
        raise NotExpirable("only what is already past can expire")
    with acting_for(organization_id):
        done = Expiry.objects.filter(organization_id=organization_id, stream=stream).values("number")
        due = Block.objects.of_chain(organization_id, stream).older_than(older_than).exclude(number__in=done)
        numbers = list(due.order_by("number").values_list("number", flat=True)[:limit])
    events = 0
    for position, number in enumerate(numbers):
        removed = expire_block(organization_id, stream=stream, number=number, older_than=older_than, by=by)
        if removed is None:
            return Expired(position, events)
        events += removed
    return Expired(len(numbers), events)


def expire_block(organization_id: UUID, *, stream: str, number: int, older_than: datetime, by: Actor) -> int | None:
    """Remove the events of one sealed block and say so; returns how many, or None while the chain is being verified.

    Raises NotExpirable when the block is unknown, already expired, or holds anything that is not older.
    """
    with acting_for(organization_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [lock_key(organization_id, stream, "read")]
        )
        if not cursor.fetchone()[0]:
            return None
        block = Block.objects.of_chain(organization_id, stream).filter(number=number).first()
        if block is None or block.latest_at >= older_than:
            raise NotExpirable(f"{stream} block {number} is unknown or not old enough")
        if Expiry.objects.filter(organization_id=organization_id, stream=stream, number=number).exists():
            raise NotExpirable(f"{stream} block {number} has already expired")
        statement = Expiry(
            organization_id=organization_id,
            stream=stream,
            number=number,
            block_hash=bytes(block.block_hash),
            older_than=older_than,
            expired_at=timezone.now(),
        )
        statement.signature, statement.signing_key = signatures.sign(chain.expiry_body(vars(statement)))
        statement.save(force_insert=True)
        cursor.execute("SELECT audit_expire_block(%s, %s, %s, %s)", [organization_id, stream, number, older_than])
        removed = int(cursor.fetchone()[0])
        append(
            "audit.block_expired",
            organization_id=organization_id,
            actor=by,
            object_type="audit.block",
            object_id=block.id,
            chain=stream,
            number=number,
            events=removed,
            older_than=older_than,
        )
    return removed
