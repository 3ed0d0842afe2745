"""P16: memory while very much is purged, taken out or erased: each in a process of its own, as workers do it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from benchmarks import many_calls, planting, world
from benchmarks.apart import apart, growth
from benchmarks.harness import Bench, at_most
from calls.forms import NEWEST_FIRST
from calls.models import Call
from calls.services import exporting
from ground import vault
from ground.inventory import walk
from ground.inventory.people import subject_of
from ground.tenancy import acting_for
from retention.services import guard, sweep

TITLE = "Memory: purging, exporting and erasing very much in one go"
MOST, MOST_EXPORTED, STEP = 1_000_000, 100_000, 100_000
NUMBER = "+4930123456"
LIMIT = at_most(64)


def measure(bench: Bench) -> None:
    """Once each: memory does not vary with what else the machine does."""
    organization_id = world.organization()
    records, exported = min(MOST, bench.largest // 5), min(MOST_EXPORTED, bench.largest // 20)
    many_calls.stored(organization_id, 1)
    _plant(organization_id, records)
    with acting_for(organization_id):
        guard.approve(
            organization_id=organization_id, category="transcript", rows=records, by=many_calls.BY, at=datetime.now(UTC)
        )
    _figure(bench, f"purge of {records:,} records", lambda: _purge(organization_id, records))
    _plant(organization_id, records)
    with world.owner() as connection:
        digest = vault.blind.digest(organization_id, "find", "phone", NUMBER)
        connection.execute(
            "UPDATE calls_transcript SET phone_index = %s WHERE organization_id = %s", [digest, organization_id]
        )
    _figure(bench, f"erasure of {records:,} records of one person", lambda: _erase(organization_id, records))
    apart(lambda: many_calls.stored(organization_id, exported))
    _figure(bench, f"export of {exported:,} calls as CSV", lambda: _export(organization_id, exported))
    bench.note("Growth of resident memory at its peak, over what the process had after opening its connections.")


def _figure(bench: Bench, about: str, work: Callable[[], Any]) -> None:
    def opened_first() -> float:
        with acting_for(UUID(int=0)):
            Call.objects.exists()
        with acting_for(UUID(int=0), using="keyring"):
            pass
        return growth(work)

    bench.figure(about, [apart(opened_first)], unit="MiB", bound=LIMIT)


def _plant(organization_id: UUID, records: int) -> None:
    """In other processes: memory that planting leaves behind would hide what the work takes."""
    for first in range(0, records, STEP):
        rows = min(STEP, records - first)
        apart(lambda rows=rows: planting.due_transcripts(organization_id, rows))
    world.settle("calls_transcript")


def _purge(organization_id: UUID, records: int) -> None:
    report = sweep.purge_expired(organization_id=organization_id, by=many_calls.BY, categories=["transcript"])
    _expect(report.rows, records)


def _erase(organization_id: UUID, records: int) -> None:
    outcomes = walk.erase(subject_of(organization_id, {"phone": [NUMBER]}), by=many_calls.BY)
    _expect(sum(outcome.rows for outcome in outcomes.values()), records)


def _export(organization_id: UUID, calls: int) -> None:
    lines = exporting.as_csv(
        organization_id=organization_id,
        rows=Call.objects.filter(organization_id=organization_id),
        order=NEWEST_FIRST,
        time_zone="Europe/Berlin",
        agents={},
        by=many_calls.BY,
    )
    _expect(sum(1 for _ in lines), calls + 1)


def _expect(found: int, wanted: int) -> None:
    if found < wanted:
        raise AssertionError(f"{found} of {wanted}")
