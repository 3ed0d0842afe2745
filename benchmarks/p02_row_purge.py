"""P2: purging rows whose content is sealed in the row itself (transcripts), and what it costs beside ever more rows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from benchmarks import costs, planting, world
from benchmarks.harness import Bench, at_least, at_most, rate
from benchmarks.plain import tables
from benchmarks.plain.models import PlainCall
from ground.inventory import tombstones
from ground.tenancy import Actor, acting_for
from ground.vault import keys
from retention.services import guard, sweep

TITLE = "Row purge: keys, rows, tombstones, tally, journal and audit, beside raw SQL and Django's own deletion"
DUE = 20_000
ONE_BY_ONE = 400
BATCH = 2_000
WHY = (
    "Beside the raw statement the purge locks and reads every row for the last look at holds and periods, journals "
    "it on disk, deletes its key in a second database that commits first, and tells the calls and the providers' "
    "copies; the line with the keys deleted too is the nearest equal. Lock, key and row are three writes in two "
    "databases where raw SQL has one: each is what makes a crash at any point harmless."
)
BY = Actor.system("benchmark")


def measure(bench: Bench) -> None:
    """Ours does what raw SQL leaves out: it destroys a key for every row, and journals, counts and proves it."""
    tables.make_tables()
    ours, other = world.organization(), world.organization()
    bench.versus(
        "rows/s",
        rate("the purge", lambda _: purge(ours), lambda: prepared(ours)),
        [
            (
                rate("raw SQL in batches, with tombstones and audit event", raw, lambda: _raw_prepared(other)),
                at_least(0.8),
            ),
            (rate("the same, and the wrapped keys deleted too", raw_with_keys, lambda: _raw_prepared(other)), None),
            (rate("QuerySet.delete() of calls with five turns", _queryset, lambda: _planted(other, DUE)), at_least(4)),
            (rate("obj.delete() one by one", _one_by_one, lambda: _planted(other, ONE_BY_ONE)), at_least(50)),
        ],
        unit="rows/s",
    )
    bench.note(f"{DUE:,} due rows of {planting.SEALED_BYTES} bytes in each round, {ONE_BY_ONE} for obj.delete().")
    bench.explain(
        lambda: costs.broken_down(
            "One row of the purge", lambda _: purge(ours), prepare=lambda: prepared(ours), units=DUE
        )
    )
    bench.note(WHY)
    _beside_more_and_more(bench)


def prepared(organization_id: UUID) -> None:
    """Due rows, and a person's approval: so much at once is never the steady pace."""
    planting.due_transcripts(organization_id, DUE)
    with acting_for(organization_id):
        guard.approve(organization_id=organization_id, category="transcript", rows=DUE, by=BY, at=datetime.now(UTC))
    world.settle("calls_transcript")


def purge(organization_id: UUID) -> int:
    """The scheduled purge itself. Returns the rows destroyed."""
    report = sweep.purge_expired(organization_id=organization_id, by=BY, categories=["transcript"])
    if report.rows != DUE:
        raise AssertionError(f"{report.rows} of {DUE} rows went: {report.lines}")
    return report.rows


def _raw_prepared(organization_id: UUID) -> UUID:
    planting.due_transcripts(organization_id, DUE)
    world.settle("calls_transcript")
    return organization_id


def raw(organization_id: UUID) -> int:
    """What a careful person writes by hand: id batches, tombstones, one event a batch; the keys stay where they are."""
    return sum(len(key_ids) for key_ids in _raw_batches(organization_id))


def raw_with_keys(organization_id: UUID) -> int:
    """The same, and the keys of each batch deleted in the keyring database."""
    done = 0
    for key_ids in _raw_batches(organization_id):
        keys.destroy(organization_id, key_ids)
        done += len(key_ids)
    return done


def _raw_batches(organization_id: UUID):
    before = datetime.now(UTC) - timedelta(days=planting.DUE_DAYS - 1)
    while True:
        with acting_for(organization_id), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM calls_transcript WHERE id IN (SELECT id FROM calls_transcript WHERE organization_id = %s "
                "AND ended_at < %s AND NOT held AND set_aside_at IS NULL ORDER BY ended_at, id LIMIT %s) "
                "RETURNING key_id, tombstone",
                [organization_id, before, BATCH],
            )
            gone = cursor.fetchall()
            if not gone:
                return
            tombstones.plant(organization_id, [row[1] for row in gone], at=datetime.now(UTC))
            cursor.execute(
                "INSERT INTO audit_event (id, organization_id, stream, kind, actor_kind, actor_id, object_type, "
                "object_id, payload) "
                "VALUES (gen_random_uuid(), %s, 'evidence', 'raw.purged', 'system', 'raw', '', '', %s)",
                [organization_id, f'{{"rows":{len(gone)}}}'],
            )
        yield [row[0] for row in gone]


def _planted(organization_id: UUID, calls: int) -> int:
    tables.plant(organization_id, calls)
    return calls


def _queryset(calls: int) -> int:
    before = datetime.now(UTC) - timedelta(days=300)
    for _ in range(0, calls, BATCH):
        ids = list(PlainCall.objects.filter(ended_at__lt=before).values_list("id", flat=True)[:BATCH])
        PlainCall.objects.filter(id__in=ids).delete()
    return calls


def _one_by_one(calls: int) -> int:
    for call in PlainCall.objects.all():
        call.delete()
    return calls


def _beside_more_and_more(bench: Bench) -> None:
    """The same purge beside a growing number of rows that stay."""
    organization_id = world.organization()
    took: dict[int, list[float]] = {}
    kept = 0
    for size in bench.sizes(100_000, 1_000_000, 5_000_000):
        planting.kept_transcripts(organization_id, size, already=kept)
        kept = size
        way = rate("the purge", lambda _: purge(organization_id), lambda: prepared(organization_id))
        took[size] = [DUE / way.measure() for _ in range(bench.rounds)]
        bench.figure(f"seconds for {DUE:,} due rows beside {size:,} kept", took[size], unit="s")
    sizes = sorted(took)
    if len(sizes) > 1:
        ratios = [more / less for more, less in zip(sorted(took[sizes[-1]]), sorted(took[sizes[0]]), strict=True)]
        bench.figure(f"time beside {sizes[-1]:,} kept : beside {sizes[0]:,}", ratios, unit="times", bound=at_most(1.3))
