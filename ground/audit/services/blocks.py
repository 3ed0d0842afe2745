"""Sealing: every few seconds the surely finished events of each chain become a signed block.

Which events are surely finished: those whose transaction id is below the oldest one still running in the snapshot
that reads them (`pg_snapshot_xmin`). No later commit can add an event below that line, so a block is complete for ever
and no event needs a mark. A long transaction delays sealing; it never slips past it.

Single flight per chain: an advisory lock that is tried, not awaited; the unique block number is the second wall.
Anchors are written after the commit: a crash between the two leaves a chain longer than its anchor, which is no fault.
"""

from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.db import connection
from django.utils import timezone

from ground.audit import anchors, chain, merkle, signatures
from ground.audit.alerts import raise_alert, resolve
from ground.audit.anchors import Anchor
from ground.audit.chain import BLOCK_SIZE, FIRST_HASH, LAST_EVENT, START, Position
from ground.audit.exceptions import EpochBehind
from ground.audit.models import Block
from ground.tenancy import acting_for

log = structlog.get_logger(__name__)

_ANCHOR_EVERY = 200  # blocks

_PENDING = f"""
    WITH horizon AS MATERIALIZED (
        SELECT pg_snapshot_xmin(pg_current_snapshot()) AS oldest_running, audit_current_epoch() AS epoch
    )
    SELECT {chain.EVENT_TEXTS} FROM audit_event
    WHERE organization_id = %s AND stream = %s AND (epoch, transaction_id, id) > (%s, %s::xid8, %s)
      AND (epoch < (SELECT h.epoch FROM horizon h) OR transaction_id < (SELECT oldest_running FROM horizon))
    ORDER BY {chain.EVENT_ORDER} LIMIT {BLOCK_SIZE}
"""  # noqa: S608  (only constants of ours are put in)


@dataclass(slots=True)
class SealRun:
    """What one round of sealing did. `failed`: chains that wait for the next round, each with an alert."""

    blocks: int = 0
    events: int = 0
    failed: list[tuple[UUID, str]] = field(default_factory=list)


def seal_due(*, limit: int = 2_000) -> SealRun:
    """Seal what is pending in at most `limit` chains. One chain's failure is an alert and does not stop the others."""
    run = SealRun()
    written: list[Anchor] = []
    for organization_id, stream in pending_chains(limit):
        try:
            while (block := seal_next(organization_id, stream)) is not None:
                run.blocks += 1
                run.events += block.event_count
                written.append(_anchor(block))
                if len(written) >= _ANCHOR_EVERY:
                    anchors.write(written)
                    written.clear()
                if block.event_count < BLOCK_SIZE:
                    break
            resolve(organization_id, "audit.sealing_failed", stream)
        except Exception as error:  # the other chains are sealed, and somebody is told
            run.failed.append((organization_id, stream))
            log.exception("audit.sealing_failed", organization_id=str(organization_id), stream=stream)
            raise_alert(organization_id, "audit.sealing_failed", stream, error=type(error).__name__)
    anchors.write(written)
    return run


def seal_next(organization_id: UUID, stream: str) -> Block | None:
    """Seal one block; None when nothing is pending or another sealer is at this chain."""
    with acting_for(organization_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [lock_key(organization_id, stream, "seal")]
        )
        if not cursor.fetchone()[0]:
            return None
        head = Block.objects.of_chain(organization_id, stream).order_by("-number").first()
        start = START if head is None else Position(head.epoch, head.through_transaction, head.through_event)
        epoch, oldest_running = _horizon()
        if start > Position(epoch, oldest_running, START.event):
            raise EpochBehind("transaction ids went back: run begin_epoch after a restore")
        cursor.execute(_PENDING, [organization_id, stream, *start.parameters()])
        rows = cursor.fetchall()
        if not rows:
            return None
        block_epoch = int(rows[0][chain.EPOCH])
        of_epoch = [row for row in rows if int(row[chain.EPOCH]) == block_epoch]
        through = Position.of(of_epoch[-1])
        if len(of_epoch) == len(rows) < BLOCK_SIZE and block_epoch == epoch:
            # Every transaction below `oldest_running` is over: nothing may ever appear there again.
            through = max(through, Position(epoch, oldest_running - 1, LAST_EVENT))
        block = Block(
            organization_id=organization_id,
            stream=stream,
            number=1 if head is None else head.number + 1,
            epoch=block_epoch,
            through_transaction=through.transaction,
            through_event=through.event,
            first_event=UUID(of_epoch[0][chain.ID]),
            last_event=UUID(of_epoch[-1][chain.ID]),
            event_count=len(of_epoch),
            latest_at=max(chain.occurred_at(row) for row in of_epoch),
            merkle_root=merkle.root([chain.leaf(row) for row in of_epoch]),
            previous_hash=FIRST_HASH if head is None else bytes(head.block_hash),
            sealed_at=timezone.now(),
        )
        body = chain.block_body(vars(block))
        block.block_hash = chain.body_hash(body)
        block.signature, block.signing_key = signatures.sign(body)
        block.save(force_insert=True)
    return block


def heads() -> list[Anchor]:
    """Where every chain of every organization stands now."""
    found = []
    for organization_id, stream in chains():
        with acting_for(organization_id):
            block = Block.objects.of_chain(organization_id, stream).order_by("-number").first()
        if block is not None:
            found.append(_anchor(block))
    return found


def chains() -> list[tuple[UUID, str]]:
    """Every chain of which anything is stored, in order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, stream FROM audit_chains() ORDER BY 1, 2")
        return [(row[0], row[1]) for row in cursor.fetchall()]


def lock_key(organization_id: UUID, stream: str, purpose: str) -> str:
    """The name of a chain's advisory lock: "seal" (one sealer) or "read" (verification against expiry)."""
    return f"audit:{purpose}:{organization_id}:{stream}"


def pending_chains(limit: int) -> list[tuple[UUID, str]]:
    """Chains of any organization with events that can be sealed now, in random order so that none starves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, stream FROM audit_pending(%s)", [limit])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _horizon() -> tuple[int, int]:
    """The current epoch and the oldest running transaction, read before the events: a lower line, never a later one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_current_epoch(), pg_snapshot_xmin(pg_current_snapshot())::text")
        epoch, oldest_running = cursor.fetchone()
    return int(epoch), int(oldest_running)


def _anchor(block: Block) -> Anchor:
    return Anchor(block.organization_id, block.stream, block.epoch, block.number, bytes(block.block_hash))
