"""Verification of one chain, whatever its headers and events are read from: nothing believed, no database needed.

Headers in order (number, previous hash, own hash, signature) and, beside them in chain order, the events: each block
must hold exactly the events it was sealed over, nothing may stand between blocks, expired blocks must be empty and
covered by a signed statement. Then the anchors: the chain must reach at least as far as was ever written down.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

from ground.audit import chain, merkle
from ground.audit.anchors import Anchor
from ground.audit.chain import FIRST_HASH, Position


class Keys(Protocol):
    """Whether a key of ours, under this id, signed exactly this body."""

    def holds(self, body: Mapping[str, Any], signature: bytes, key_id: str) -> bool: ...


class Fault(StrEnum):
    """What is wrong with a block."""

    BLOCK_MISSING = "block_missing"
    BLOCK_CHANGED = "block_changed"
    BAD_SIGNATURE = "bad_signature"
    CHAIN_BROKEN = "chain_broken"
    EVENTS_CHANGED = "events_changed"
    EVENT_INSERTED = "event_inserted"
    EXPIRY_NOT_STATED = "expiry_not_stated"
    ROLLED_BACK = "rolled_back"
    EPOCH_CHANGED = "epoch_changed"


@dataclass(frozen=True, slots=True)
class Problem:
    organization_id: UUID | None
    stream: str
    number: int
    fault: Fault

    def __str__(self) -> str:
        if self.fault is Fault.EPOCH_CHANGED:
            return f"epoch {self.number}: {self.fault}"
        return f"organization {self.organization_id}, {self.stream}, block {self.number}: {self.fault}"


@dataclass(slots=True)
class ChainReport:
    """One chain. `unsealed`: events waiting for the sealer. `declared_losses`: anchored blocks lost in a restore."""

    organization_id: UUID
    stream: str
    blocks: int = 0
    events: int = 0
    expired_blocks: int = 0
    unsealed: int = 0
    declared_losses: int = 0
    problem: Problem | None = None


class Walk:
    """One chain, read once from its first block."""

    def __init__(
        self,
        organization_id: UUID,
        stream: str,
        keys: Keys,
        anchors: Sequence[Anchor],
        highest_epoch: int,
    ) -> None:
        self.keys, self.highest_epoch = keys, highest_epoch
        self.key = (organization_id, stream)
        self.anchors = anchors
        self.report = ChainReport(organization_id, stream)
        self.next_number, self.previous_hash = 1, FIRST_HASH
        self.lookahead: list[Sequence[str]] = []

    def run(
        self,
        headers: Iterable[Mapping[str, Any]],
        events: Iterator[Sequence[str]],
        expiries: Mapping[int, Mapping[str, Any]],
    ) -> ChainReport:
        """Read to the first bad block. `events` in chain order, as EVENT_TEXTS; `expiries` by block number."""
        for header in headers:
            fault = (
                self._fault_of_header(header)
                or self._fault_of_anchors(header)
                or self._fault_of_events(header, events, expiries)
            )
            if fault:
                number = self.next_number if fault is Fault.BLOCK_MISSING else int(header["number"])
                return self._bad(number, fault)
            self._step(header)
        self.report.unsealed = len(self.lookahead) + sum(1 for _ in events)
        if any(number >= self.next_number for number in expiries):
            return self._bad(self.next_number, Fault.BLOCK_MISSING)
        return self._check_end()

    # ------------------------------------------------------------------ one block
    def _fault_of_header(self, header: Mapping[str, Any]) -> Fault | None:
        if header["number"] != self.next_number:
            return Fault.BLOCK_MISSING if header["number"] > self.next_number else Fault.CHAIN_BROKEN
        body = chain.block_body(header)
        if chain.body_hash(body) != bytes(header["block_hash"]):
            return Fault.BLOCK_CHANGED
        if not self.keys.holds(body, bytes(header["signature"]), header["signing_key"]):
            return Fault.BAD_SIGNATURE
        if bytes(header["previous_hash"]) != self.previous_hash:
            return Fault.CHAIN_BROKEN
        return None

    def _fault_of_anchors(self, header: Mapping[str, Any]) -> Fault | None:
        for anchor in self.anchors:
            if anchor.number != header["number"] or anchor.block_hash == bytes(header["block_hash"]):
                continue
            if anchor.epoch < header["epoch"]:
                self.report.declared_losses += 1
            else:
                return Fault.ROLLED_BACK
        return None

    def _fault_of_events(
        self, header: Mapping[str, Any], events: Iterator[Sequence[str]], expiries: Mapping[int, Mapping[str, Any]]
    ) -> Fault | None:
        through = Position(header["epoch"], int(header["through_transaction"]), header["through_event"])
        expiry = expiries.get(header["number"])
        if expiry is not None:
            if not self._is_stated(expiry, header):
                return Fault.EXPIRY_NOT_STATED
            self.report.expired_blocks += 1
        else:
            rows = [*self.lookahead, *islice(events, header["event_count"] - len(self.lookahead))]
            self.lookahead = []
            if (
                len(rows) != header["event_count"]
                or rows[0][chain.ID] != str(header["first_event"])
                or rows[-1][chain.ID] != str(header["last_event"])
                or merkle.root([chain.leaf(row) for row in rows]) != bytes(header["merkle_root"])
            ):
                return Fault.EVENTS_CHANGED
            self.report.events += len(rows)
        if not self.lookahead:
            self.lookahead = list(islice(events, 1))
        if self.lookahead and Position.of(self.lookahead[0]) <= through:
            return Fault.EVENT_INSERTED
        return None

    def _is_stated(self, expiry: Mapping[str, Any], header: Mapping[str, Any]) -> bool:
        return (
            bytes(expiry["block_hash"]) == bytes(header["block_hash"])
            and header["latest_at"] < expiry["older_than"]
            and self.keys.holds(chain.expiry_body(expiry), bytes(expiry["signature"]), expiry["signing_key"])
        )

    def _step(self, header: Mapping[str, Any]) -> None:
        self.report.blocks += 1
        self.next_number = int(header["number"]) + 1
        self.previous_hash = bytes(header["block_hash"])

    # ------------------------------------------------------------------ the end of the chain
    def _check_end(self) -> ChainReport:
        """Anchors behind the last block: the tail is gone. Only a declared restore explains that."""
        for anchor in self.anchors:
            if anchor.number < self.next_number:
                continue
            if anchor.epoch < self.highest_epoch:
                self.report.declared_losses += 1
            else:
                return self._bad(self.next_number, Fault.ROLLED_BACK)
        return self.report

    def _bad(self, number: int, fault: Fault) -> ChainReport:
        self.report.problem = Problem(*self.key, number, fault)
        return self.report
