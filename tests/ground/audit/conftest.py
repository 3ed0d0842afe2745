"""A trail of two organizations with both streams, sealed into small blocks."""

import contextlib
import time
from uuid import UUID

import pytest

from ground import audit, tenancy
from ground.audit import chain
from ground.audit.services import blocks
from tests import embedded

ANNA, BORIS = UUID("0192aaaa-0000-7000-8000-000000000001"), UUID("0192bbbb-0000-7000-8000-000000000002")
SYSTEM = tenancy.Actor.system("tests")


def append(organization_id=ANNA, count=1, *, stream="evidence", kind="tests.happened", **payload):
    """`count` events, each in a transaction of its own; returns their ids."""
    ids = []
    for number in range(count):
        with tenancy.acting_for(organization_id):
            ids.append(
                audit.append(
                    kind, organization_id=organization_id, actor=SYSTEM, stream=stream, number=number, **payload
                )
            )
    return ids


def undone(organization_id=ANNA):
    """An event whose transaction is rolled back."""
    with contextlib.suppress(ZeroDivisionError), tenancy.acting_for(organization_id):
        audit.append("tests.undone", organization_id=organization_id, actor=SYSTEM)
        raise ZeroDivisionError


def others_over(seconds=20):
    """Transactions of other databases hold back what may be sealed; parallel tests share the server. Wait for them."""
    running = (
        "SELECT pid, backend_xid::text FROM pg_stat_activity "
        "WHERE datname <> current_database() AND backend_xid IS NOT NULL"
    )
    with embedded.superuser("default") as connection:
        older = set(connection.execute(running).fetchall())
        until = time.monotonic() + seconds
        while older & set(connection.execute(running).fetchall()) and time.monotonic() < until:
            time.sleep(0.02)


def seal(rounds=1):
    run = None
    for _ in range(rounds):
        others_over()
        run = audit.seal_due()
    return run


@contextlib.contextmanager
def blocks_of_seven():
    """Blocks of at most 7 events, so that a trail of a few dozen has many."""
    before = blocks.BLOCK_SIZE, blocks._PENDING
    blocks.BLOCK_SIZE, blocks._PENDING = 7, blocks._PENDING.replace(f"LIMIT {chain.BLOCK_SIZE}", "LIMIT 7")
    try:
        yield
    finally:
        blocks.BLOCK_SIZE, blocks._PENDING = before


@pytest.fixture
def small_blocks():
    with blocks_of_seven():
        yield
