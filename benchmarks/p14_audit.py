"""P14: the audit trail. Appending beside a plain INSERT with four clients; how late a seal is; verifying."""

import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, connections

from benchmarks import world
from benchmarks.harness import Bench, Way, at_least, at_most, profiled
from ground import audit
from ground.tenancy import Actor, acting_for, uuid7

TITLE = "Audit: append beside a plain INSERT, sealed soon after, verified fast"
CLIENTS, EVENTS = 4, 1_500
VERIFY = 200_000
KIND = "plain.happened"
BY = Actor.system("benchmark")
_FORK = get_context("fork")
_PLAIN = """
    INSERT INTO plain_event (id, organization_id, stream, kind, actor_kind, actor_id, object_type, object_id, payload,
        occurred_at) VALUES (%s, %s, 'evidence', 'plain.happened', 'system', 'benchmark', 'call', %s, %s, now())
"""


def measure(bench: Bench) -> None:
    """One event a transaction, each in the organization's context; four processes at once."""
    organization_id = world.organization()
    _plain_table()
    audit.seal_due()
    bench.versus(
        f"events/s of {CLIENTS} clients",
        _clients("audit.append", _append, organization_id),
        [
            (_clients("a plain INSERT into a table with a wall", _insert, organization_id), at_least(0.8)),
            (_clients("the chain formed inside each transaction", _chained, organization_id), None),
        ],
        unit="events/s",
        profile=lambda: _append(organization_id, EVENTS),
    )
    bench.note(f"{EVENTS:,} events a client and round, one in each transaction.")
    audit.seal_due(limit=10_000_000)
    bench.figure(
        "seconds from commit to sealed, the sealer running every two seconds",
        [_until_sealed(organization_id) for _ in range(bench.rounds)],
        unit="s",
        bound=at_most(5),
    )
    _verifying(bench)


def _append(organization_id: UUID, count: int) -> None:
    for _ in range(count):
        with acting_for(organization_id):
            audit.append(
                "plain.happened",
                organization_id=organization_id,
                actor=BY,
                object_type="call",
                object_id=uuid4(),
                rows=3,
            )


def _insert(organization_id: UUID, count: int) -> None:
    for _ in range(count):
        with acting_for(organization_id), connection.cursor() as cursor:
            cursor.execute(_PLAIN, [uuid7(), organization_id, str(uuid4()), '{"rows":3}'])


def _chained(organization_id: UUID, count: int) -> None:
    for _ in range(count):
        with acting_for(organization_id), connection.cursor() as cursor:
            cursor.execute("SELECT hash FROM plain_head FOR UPDATE")
            cursor.execute(_PLAIN, [uuid7(), organization_id, str(uuid4()), '{"rows":3}'])
            cursor.execute("UPDATE plain_head SET hash = sha256(hash)")


def _plain_table() -> None:
    with world.owner() as connected:
        connected.execute(
            "CREATE TABLE plain_event (id uuid PRIMARY KEY, organization_id uuid, stream text, kind text, "
            "actor_kind text, actor_id text, object_type text, object_id text, payload text, occurred_at timestamptz)"
        )
        connected.execute("CREATE INDEX ON plain_event (organization_id, stream, id)")
        connected.execute("ALTER TABLE plain_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        connected.execute(
            "CREATE POLICY tenant ON plain_event USING "
            "(organization_id = (SELECT NULLIF(current_setting('app.organization', true), '')::uuid))"
        )
        connected.execute("CREATE TABLE plain_head (hash bytea)")
        connected.execute("INSERT INTO plain_head VALUES (sha256('genesis'))")
        connected.execute("GRANT ALL ON plain_event, plain_head TO PUBLIC")


def _clients(name: str, work: Callable[[UUID, int], None], organization_id: UUID) -> Way:
    def measure() -> float:
        connections.close_all()
        ready = _FORK.Barrier(CLIENTS + 1)
        clients = [_FORK.Process(target=_client, args=(ready, work, organization_id)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        ready.wait()
        began = time.perf_counter()
        ready.wait()
        took = time.perf_counter() - began
        for client in clients:
            client.join()
        return CLIENTS * EVENTS / took

    return Way(name, measure)


def _client(ready: Any, work: Callable[[UUID, int], None], organization_id: UUID) -> None:
    work(organization_id, 5)
    ready.wait()
    work(organization_id, EVENTS)
    ready.wait()
    connections.close_all()


def _until_sealed(organization_id: UUID) -> float:
    """The worst case of a sealer that comes every two seconds: the event commits right after it looked."""
    audit.seal_due()
    began = time.perf_counter()
    _append(organization_id, 1)
    while True:
        time.sleep(2)
        audit.seal_due()
        if not any(chain.unsealed for chain in audit.verify(organization_id).chains):
            return time.perf_counter() - began


def _verifying(bench: Bench) -> None:
    organization_id = world.organization()
    with acting_for(organization_id), connection.cursor() as cursor:
        for _ in range(VERIFY // 10_000):
            cursor.execute(
                "INSERT INTO audit_event (id, organization_id, stream, kind, actor_kind, actor_id, object_type, "
                "object_id, payload) SELECT gen_random_uuid(), %s, 'evidence', 'plain.happened', 'system', "
                "'benchmark', 'call', gen_random_uuid()::text, '{\"rows\":3}' FROM generate_series(1, 10000)",
                [organization_id],
            )
    audit.seal_due(limit=10_000_000)
    rates = []
    for _ in range(bench.rounds):
        began = time.perf_counter()
        report = audit.verify(organization_id)
        assert sum(chain.events for chain in report.chains) == VERIFY, report
        rates.append(VERIFY / (time.perf_counter() - began))
    bench.figure("events verified a second", rates, unit="events/s", bound=at_least(100_000))
    if bench.goal.rows[-1].met is False:
        bench.goal.profiles.append(profiled(lambda: audit.verify(organization_id)))
