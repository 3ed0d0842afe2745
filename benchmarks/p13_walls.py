"""P13: what row-level security costs: full scans, indexed reads, one request, and inserting in bulk."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, transaction

from benchmarks import planting, world
from benchmarks.harness import Bench, Way, at_most, latency, timed
from ground.tenancy import acting_for

TITLE = "Row-level security: what the wall costs"
ROWS = 1_000_000
INSERTED, PAGES = 50_000, 3_000
_COUNT = "SELECT count(*), sum(stored_bytes) FROM calls_transcript"
_PAGE = """SELECT id FROM calls_transcript WHERE {where} ended_at < %s AND NOT held AND set_aside_at IS NULL
    ORDER BY ended_at DESC, id DESC LIMIT 50"""  # the index of what may become due
_INSERT = """
    INSERT INTO calls_transcript (id, organization_id, call_id, ended_at, key_id, sealed, stored_bytes, tombstone,
        created_at, turn_count, stamp)
    SELECT gen_random_uuid(), %(organization)s, gen_random_uuid(), now(), gen_random_uuid(), '\\x00', 1,
        uuid_send(gen_random_uuid()), now(), 1, 'bulk' FROM generate_series(1, %(rows)s)
"""


def measure(bench: Bench) -> None:
    """The same statements by the application role behind the wall and by a superuser, who has none."""
    organization_id = world.organization()
    planting.kept_transcripts(organization_id, min(ROWS, bench.largest))
    with world.superuser() as free, _no_helpers():
        free.execute("SET max_parallel_workers_per_gather = 0")
        _reading(bench, organization_id, free)
        bare = latency("one statement in a transaction", _select_one, times=400)
        ours = latency("the same in a context", lambda: _behind(organization_id, "SELECT 1", []), times=400)
        bench.figure(
            "ms that the context adds to a request",
            [ours.measure() - bare.measure() for _ in range(bench.rounds)],
            unit="ms",
            bound=at_most(0.1),
        )
        parameters = {"organization": organization_id, "rows": INSERTED}
        bench.versus(
            f"seconds of inserting {INSERTED:,} rows",
            _seconds("behind the wall", lambda: _behind(organization_id, _INSERT, parameters)),
            [(_seconds("without", lambda: _free(free, _INSERT, parameters)), at_most(1.4))],
            unit="s",
        )


@contextlib.contextmanager
def _no_helpers() -> Iterator[None]:
    """Parallel scans off for our connection too: on a few cores they measure the other workers."""
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        yield
        cursor.execute("RESET max_parallel_workers_per_gather")


def _reading(bench: Bench, organization_id: UUID, free: psycopg.Connection) -> None:
    by_hand = f"{_COUNT} WHERE organization_id = %s"
    bench.versus(
        "ms of a full scan that adds up everything",
        latency("behind the wall", lambda: _behind(organization_id, _COUNT, []), times=3),
        [(latency("WHERE written by hand", lambda: _free(free, by_hand, [organization_id]), times=3), at_most(1.2))],
        unit="ms",
    )
    now = datetime.now(UTC) + timedelta(days=1)
    page, by_hand = _PAGE.format(where=""), _PAGE.format(where="organization_id = %s AND")
    theirs = latency(
        "WHERE written by hand", lambda: _free(free, by_hand, [organization_id, now], times=PAGES), times=1
    )
    bench.versus(
        f"ms of {PAGES} pages of fifty by index, one context",
        latency("behind the wall", lambda: _behind(organization_id, page, [now], times=PAGES), times=1),
        [(theirs, at_most(1.05))],
        unit="ms",
    )


def _behind(organization_id: UUID, statement: str, parameters: Any, *, times: int = 1) -> None:
    with acting_for(organization_id), psycopg.ClientCursor(connection.connection) as cursor:  # no layer of Django's
        _repeat(cursor, statement, parameters, times)


def _free(free: psycopg.Connection, statement: str, parameters: Any, *, times: int = 1) -> None:
    """As Django asks: unprepared, parameters bound by the client."""
    with free.transaction(), psycopg.ClientCursor(free) as cursor:
        _repeat(cursor, statement, parameters, times)


def _repeat(cursor: Any, statement: str, parameters: Any, times: int) -> None:
    for _ in range(times):
        cursor.execute(statement, parameters)
        if cursor.description:
            cursor.fetchall()


def _select_one() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchall()


def _seconds(name: str, run: Callable[[], None]) -> Way:
    def measure() -> float:
        with world.owner() as connected:
            connected.execute("DELETE FROM calls_transcript WHERE stamp = 'bulk'")
        world.settle("calls_transcript")
        return timed(run, 1)[0] / 1000

    return Way(name, measure)
