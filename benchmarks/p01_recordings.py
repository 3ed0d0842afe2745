"""P1: purging recordings: row, key and object, on a folder and on a real S3 server."""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from django.db import connection

from benchmarks import many_calls, stores, world
from benchmarks.harness import Bench, Bound, Way, at_least, rate
from benchmarks.plain import tables
from benchmarks.plain.models import PlainCall
from benchmarks.stores import Store
from ground.tenancy import acting_for
from retention.services import guard, sweep

TITLE = "Purge with recordings: our purge beside the bare store, and beside loops over objects and Django's deletion"
IN_FOLDER, IN_BUCKET, LEAST = 2_000, 500, 100
SOUND = 64 * 1024
BATCH = 2_000


def measure(bench: Bench) -> None:
    """Ours destroys a key for each, journals, tombstones, tallies, audits and certifies; the others only delete."""
    tables.make_tables()
    rows = min(IN_FOLDER, bench.largest // 100)
    _on(bench, stores.folder(), rows, None, None, None)
    bench.note(
        f"{rows:,} recordings of {SOUND // 1024} KiB a round in the folder, where removing a file costs less than any "
        "row: the goals of this measurement are about object stores."
    )
    with stores.bucket(bench.note) as store:
        if store is not None:
            rows = max(LEAST, min(IN_BUCKET, bench.largest // 1_000))
            _on(bench, store, rows, at_least(0.9), at_least(7), at_least(5))
            bench.note(
                f"{rows:,} recordings of {SOUND // 1024} KiB a round in the bucket, one device, writes synced. This "
                "server removes what one DeleteObjects names two at a time, so even its bare speed is no multiple of a "
                "loop: see the last row. Servers that do better leave more room above the loops."
            )


def _on(bench: Bench, store: Store, rows: int, bare: Bound | None, naive: Bound | None, loop: Bound | None) -> None:
    ours, other = world.organization(), world.organization()
    bench.versus(
        f"{store.name}, recordings/s",
        rate("the purge", lambda _: _purge(ours, store, rows), lambda: _due(ours, store, rows)),
        [
            (rate("the store alone", partial(_alone, store), lambda: _objects(other, store, rows)), bare),
            (_naive(store, other, rows), naive),
            (
                rate(
                    "object by object, then QuerySet.delete()",
                    partial(_queryset, store),
                    lambda: _planted(other, store, rows),
                ),
                loop,
            ),
        ],
        unit="recordings/s",
        profile=lambda: (_due(ours, store, rows), _purge(ours, store, rows)),
    )
    if store.client is not None:
        bench.versus(
            f"{store.name}, recordings/s",
            rate("the store alone", partial(_alone, store), lambda: _objects(other, store, rows)),
            [(_naive(store, other, rows), None)],
            unit="recordings/s",
        )


def _naive(store: Store, organization_id: UUID, rows: int) -> Way:
    return rate(
        "object by object, obj.delete() each",
        partial(_one_by_one, store),
        lambda: _planted(organization_id, store, max(LEAST // 2, rows // 5)),
    )


# ------------------------------------------------------------------ ours
def _due(organization_id: UUID, store: Store, rows: int) -> None:
    store.plant(many_calls.due_recordings(organization_id, rows, SOUND), SOUND)
    with acting_for(organization_id):
        guard.approve(
            organization_id=organization_id, category="recording", rows=rows, by=many_calls.BY, at=datetime.now(UTC)
        )
    world.settle("calls_recording", "calls_call")


def _purge(organization_id: UUID, store: Store, rows: int) -> int:
    report = sweep.purge_expired(organization_id=organization_id, by=many_calls.BY, categories=["recording"])
    if report.rows != rows or store.left(organization_id):
        raise AssertionError(f"{report.rows} of {rows} went, {store.left(organization_id)} objects stayed")
    return report.rows


# ------------------------------------------------------------------ the others
def _objects(organization_id: UUID, store: Store, rows: int) -> list[str]:
    names = [f"{organization_id}/recording/{uuid4()}" for _ in range(rows)]
    store.plant(names, SOUND)
    return names


def _alone(store: Store, names: list[str]) -> int:
    store.delete_all(names)
    return len(names)


def _planted(organization_id: UUID, store: Store, rows: int) -> list[str]:
    """Plain calls with five turns whose external id is the name of their object."""
    names = _objects(organization_id, store, rows)
    tables.plant(organization_id, rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE plain_plaincall SET external_id = right(name, 36) FROM unnest(%s::text[]) WITH ORDINALITY AS "
            "one(name, place), (SELECT id, row_number() OVER () AS place FROM plain_plaincall) AS mine "
            "WHERE mine.place = one.place AND plain_plaincall.id = mine.id",
            [names],
        )
    return names


def _one_by_one(store: Store, names: list[str]) -> int:
    prefix = names[0][: -len("00000000-0000-0000-0000-000000000000")]
    for call in PlainCall.objects.all():
        store.delete_one(prefix + call.external_id)
        call.delete()
    return len(names)


def _queryset(store: Store, names: list[str]) -> int:
    prefix = names[0][: -len("00000000-0000-0000-0000-000000000000")]
    while found := dict(PlainCall.objects.values_list("id", "external_id")[:BATCH]):
        for external_id in found.values():
            store.delete_one(prefix + external_id)
        PlainCall.objects.filter(id__in=list(found)).delete()
    return len(names)
