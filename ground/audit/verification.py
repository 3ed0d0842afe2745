"""Verification: the whole trail read again, nothing believed.

Per chain: headers in order (number, previous hash, own hash, signature) and, streamed beside them in chain order, the
events: each block must hold exactly the events it was sealed over, nothing may stand between blocks, expired blocks
must be empty and covered by a signed statement. Then the anchors: the chain must reach at least as far as was ever
written down outside the database. The first bad block of each chain is named.

Not provable by any of this: events younger than the last seal (seconds), and what was never appended.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, tuple_row

from ground.audit import chain, merkle
from ground.audit.anchors import Anchor
from ground.audit.chain import FIRST_HASH, Position
from ground.audit.signatures import KeyHistory

_FETCH = 10_000  # rows


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


@dataclass(slots=True)
class Report:
    chains: list[ChainReport] = field(default_factory=list)
    epoch_problems: list[Problem] = field(default_factory=list)
    anchors: int = 0
    unreadable_anchor_lines: int = 0
    forged_anchor_files: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        return self.epoch_problems + [report.problem for report in self.chains if report.problem]

    @property
    def ok(self) -> bool:
        return not self.problems and not self.forged_anchor_files

    @property
    def events(self) -> int:
        return sum(report.events for report in self.chains)

    @property
    def blocks(self) -> int:
        return sum(report.blocks for report in self.chains)


def check_epochs(connection: psycopg.Connection[Any], keys: KeyHistory) -> tuple[int, list[Problem]]:
    """The highest epoch whose signature holds (at least 1), and what is wrong with the others."""
    highest, problems = 1, []
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute("SELECT * FROM audit_epoch ORDER BY number").fetchall():
            body = chain.epoch_body(row)
            expected = highest + 1
            if row["number"] != expected or not keys.holds(body, bytes(row["signature"]), row["signing_key"]):
                problems.append(Problem(None, "", int(row["number"]), Fault.EPOCH_CHANGED))
                break
            highest = expected
    return highest, problems


def check_chain(
    connection: psycopg.Connection[Any],
    organization_id: UUID,
    stream: str,
    *,
    keys: KeyHistory,
    anchors: Sequence[Anchor] = (),
    highest_epoch: int = 1,
) -> ChainReport:
    """Verify one chain over a raw connection inside a transaction (server-side cursors), to its first bad block."""
    return _Walk(connection, organization_id, stream, keys, anchors, highest_epoch).run()


class _Walk:
    def __init__(
        self,
        connection: psycopg.Connection[Any],
        organization_id: UUID,
        stream: str,
        keys: KeyHistory,
        anchors: Sequence[Anchor],
        highest_epoch: int,
    ) -> None:
        self.connection, self.keys, self.highest_epoch = connection, keys, highest_epoch
        self.key = (organization_id, stream)
        self.anchors = anchors
        self.report = ChainReport(organization_id, stream)
        self.next_number, self.previous_hash = 1, FIRST_HASH
        self.lookahead: list[Sequence[str]] = []

    def run(self) -> ChainReport:
        expiries = self._expiries()
        with closing(self._events()) as events:
            for header in self._headers():
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
    def _fault_of_header(self, header: dict[str, Any]) -> Fault | None:
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

    def _fault_of_anchors(self, header: dict[str, Any]) -> Fault | None:
        for anchor in self.anchors:
            if anchor.number != header["number"] or anchor.block_hash == bytes(header["block_hash"]):
                continue
            if anchor.epoch < header["epoch"]:
                self.report.declared_losses += 1
            else:
                return Fault.ROLLED_BACK
        return None

    def _fault_of_events(
        self, header: dict[str, Any], events: Iterator[Sequence[str]], expiries: dict[int, dict[str, Any]]
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

    def _is_stated(self, expiry: dict[str, Any], header: dict[str, Any]) -> bool:
        return (
            bytes(expiry["block_hash"]) == bytes(header["block_hash"])
            and header["latest_at"] < expiry["older_than"]
            and self.keys.holds(chain.expiry_body(expiry), bytes(expiry["signature"]), expiry["signing_key"])
        )

    def _step(self, header: dict[str, Any]) -> None:
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

    # ------------------------------------------------------------------ reading
    def _headers(self) -> Iterator[dict[str, Any]]:
        with self.connection.cursor(name="audit_headers", row_factory=dict_row) as cursor:
            cursor.itersize = 1_000
            cursor.execute(
                f"SELECT {', '.join(chain.BLOCK_COLUMNS)}, block_hash, signature, signing_key FROM audit_block "  # noqa: S608  (only constants of ours are put in)
                "WHERE organization_id = %s AND stream = %s ORDER BY number",
                self.key,
            )
            yield from cursor

    def _events(self) -> Generator[Sequence[str], None, None]:
        with self.connection.cursor(name="audit_events", row_factory=tuple_row) as cursor:
            cursor.execute(
                f"SELECT {chain.EVENT_TEXTS} FROM audit_event "  # noqa: S608  (only constants of ours are put in)
                f"WHERE organization_id = %s AND stream = %s ORDER BY {chain.EVENT_ORDER}",
                self.key,
            )
            while rows := cursor.fetchmany(_FETCH):
                yield from rows

    def _expiries(self) -> dict[int, dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("SELECT * FROM audit_expiry WHERE organization_id = %s AND stream = %s", self.key)
            return {row["number"]: row for row in cursor.fetchall()}
