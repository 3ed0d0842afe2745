"""R1: the night's rotation of shelves: keys re-wrapped a second, and the share of live keys a night has to move."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from uuid import UUID

from benchmarks import world
from benchmarks.harness import ROUNDS, Bench
from ground import vault
from ground.vault import rotation

TITLE = "Shelf rotation: keys re-wrapped a second, and the share of live keys that a night moves"
PERIODS = {30: "recording", 90: "transcript", 365: "call_metadata"}
MOST_A_DAY, WEEK = 1_000, 7


def measure(bench: Bench) -> None:
    """A steady state: as many keys a day for as many days as the period lasts; each night the oldest day's are gone.

    A shelf holds a week, so the day that goes leaves up to six days of keys to move: the share falls as the period
    grows, and from the first to the last day of a week.
    """
    organization_id = world.organization()
    a_day = max(20, min(MOST_A_DAY, bench.largest // 2_500))
    today = datetime.now(UTC).replace(hour=12)
    by_day = {period: _planted(organization_id, period, today, a_day) for period in PERIODS}
    shares: dict[int, list[float]] = {period: [] for period in PERIODS}
    speeds: list[float] = []
    nights: list[float] = []
    count = bench.rounds if bench.rounds < ROUNDS else WEEK
    for night in range(count):
        for period, days in by_day.items():
            before = sum(len(keys) for keys in days)
            vault.keys.destroy(organization_id, days.pop(0))
            shares[period].append(100 * _on_dirty(organization_id, PERIODS[period]) / before)
        with _rewrapping() as spent:
            began = time.perf_counter()
            report = rotation.night(today + timedelta(days=night))
            nights.append(time.perf_counter() - began)
        if report.trouble:
            raise AssertionError(report.trouble)
        speeds.append(report.keys_rewrapped / sum(spent))
        for period, days in by_day.items():
            at = today + timedelta(days=night + 1)
            days.append(_minted(organization_id, PERIODS[period], at, a_day))
    bench.figure("keys re-wrapped, read back and compared", speeds, unit="keys/s")
    for period in PERIODS:
        bench.figure(f"live keys moved a night, {period} days kept", shares[period], unit="%")
    bench.figure("the whole night: rotation, keyring backup, its restore for trial", nights, unit="s")
    total = sum(PERIODS) * a_day
    bench.note(
        f"{a_day:,} keys a day in three categories, {total:,} live keys, {count} nights in a row. The most that "
        "can come: 20 % of the keys of a category kept 30 days, 6.7 % at 90 days, 1.6 % at 365 days; on average half."
    )


def _planted(organization_id: UUID, period: int, today: datetime, a_day: int) -> list[list[UUID]]:
    """Live keys of every day of the period, oldest day first."""
    return [
        _minted(organization_id, PERIODS[period], today - timedelta(days=period - 1 - day), a_day)
        for day in range(period)
    ]


def _minted(organization_id: UUID, category: str, at: datetime, count: int) -> list[UUID]:
    ids = [key.id for key in vault.keys.mint(organization_id, category, at, count=count)]
    vault.keys.confirm(organization_id, ids)
    return ids


def _on_dirty(organization_id: UUID, category: str) -> int:
    """Keys of the category that stand on shelf versions the night must rotate."""
    with world.owner("keyring") as connection:
        row = connection.execute(
            "SELECT count(*) FROM vault_datakey k JOIN vault_shelfversion v ON v.id = k.shelf_version_id "
            "JOIN vault_shelf s ON s.id = v.shelf_id "
            "WHERE k.organization_id = %s AND s.category = %s AND v.dirty_at IS NOT NULL",
            [organization_id, category],
        ).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _rewrapping() -> Iterator[list[float]]:
    """Seconds spent on re-wrapping shelf versions, without backup and trial."""
    spent: list[float] = []
    work = rotation._rewrap_version

    def run(one: rotation.Due, report: rotation.NightReport) -> bool:
        began = time.perf_counter()
        try:
            return work(one, report)
        finally:
            spent.append(time.perf_counter() - began)

    with patch.object(rotation, "_rewrap_version", run):
        yield spent
