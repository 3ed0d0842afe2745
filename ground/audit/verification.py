"""Verification: the whole trail read again from the database, nothing believed. What is judged stands in `walk`.

Events are streamed beside the headers of their chain. The first bad block of each chain is named.

Not provable by any of this: events younger than the last seal (seconds), and what was never appended.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, tuple_row

from ground.audit import chain
from ground.audit.anchors import Anchor
from ground.audit.signatures import KeyHistory
from ground.audit.walk import ChainReport, Fault, Problem, Walk

_FETCH = 10_000  # rows
_Key = tuple[UUID, str]


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
    key = (organization_id, stream)
    expiries = _expiries(connection, key)
    with closing(_events(connection, key)) as events:
        walk = Walk(organization_id, stream, keys, anchors, highest_epoch)
        return walk.run(_headers(connection, key), events, expiries)


def _headers(connection: psycopg.Connection[Any], key: _Key) -> Iterator[dict[str, Any]]:
    with connection.cursor(name="audit_headers", row_factory=dict_row) as cursor:
        cursor.itersize = 1_000
        cursor.execute(
            f"SELECT {', '.join(chain.BLOCK_COLUMNS)}, block_hash, signature, signing_key FROM audit_block "  # noqa: S608  (only constants of ours are put in)
            "WHERE organization_id = %s AND stream = %s ORDER BY number",
            key,
        )
        yield from cursor


def _events(connection: psycopg.Connection[Any], key: _Key) -> Generator[Sequence[str], None, None]:
    with connection.cursor(name="audit_events", row_factory=tuple_row) as cursor:
        cursor.execute(
            f"SELECT {chain.EVENT_TEXTS} FROM audit_event "  # noqa: S608  (only constants of ours are put in)
            f"WHERE organization_id = %s AND stream = %s ORDER BY {chain.EVENT_ORDER}",
            key,
        )
        while rows := cursor.fetchmany(_FETCH):
            yield from rows


def _expiries(connection: psycopg.Connection[Any], key: _Key) -> dict[int, dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT * FROM audit_expiry WHERE organization_id = %s AND stream = %s", key)
        return {row["number"]: row for row in cursor.fetchall()}
