"""One night: backup, rotation, pruning, once a week a restore for trial, a report. As the owner, once a day.

`Night` rows make it once: the process that holds the lock works on the unfinished night of the date; a second process
finds it locked or finished. A night that was killed or refused is taken up again, from its first step (all are safe to
repeat). A step that fails does not stop those after it that do not need it; the night then stays unfinished.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

import psycopg
import structlog
from django.db import connections
from django.utils import timezone

from ground import faults
from ground.vault import backup, backup_check, gate, hooks, keystore, owner, rotation, shelves
from ground.vault.exceptions import VaultError
from ground.vault.models import Night

log = structlog.get_logger(__name__)
DEFAULT_AT = clock_time(2, 15)
RETRY_SECONDS = 15 * 60
SETTLE_SECONDS = 60
TRIAL_EVERY = timedelta(days=6, hours=12)
Failures = (VaultError, psycopg.Error, OSError, LookupError)


def run(on: date) -> dict[str, Any] | None:
    """Do the night of this date; its report, or None when it is done already or another process is at it."""
    with owner.connect(owner.KEYRING) as lock:
        row = lock.execute("SELECT pg_try_advisory_lock(hashtextextended('vault/night', 0))").fetchone()
        if row is None or not row[0]:
            return None
        night, _ = Night.objects.get_or_create(on=on)
        if night.finished_at is not None:
            return None
        gate.require_open()
        report = _work(timezone.now())
        night.report = report
        night.finished_at = None if report["failed"] else timezone.now()
        night.save()
    hooks.night_over({"on": on.isoformat(), **report})
    return report


def _work(at: datetime) -> dict[str, Any]:
    report: dict[str, Any] = {"failed": []}

    def step(name: str, work: Callable[[], dict[str, Any]]) -> None:
        try:
            report.update(work())
        except Failures as error:
            log.exception("vault.night_step_failed", step=name)
            report["failed"].append(name)
            report[f"{name}_error"] = type(error).__name__
        faults.point(f"night.after_{name}")

    step("backup", lambda: {"main_bytes": backup.take(owner.MAIN).body["stored_bytes"]})
    step("rotation", lambda: rotation.night(at).as_dict())
    step("keyring", lambda: _keyring(at))
    step("pruning", lambda: {"backups_expired": backup.prune(at), "notes_forgotten": _forget_notes(at)})
    step("trial", lambda: _trial(at))
    return report


def _keyring(at: datetime) -> dict[str, Any]:
    """A tested keyring backup of tonight, unless the rotation has just made one."""
    newest = backup.newest(owner.KEYRING)
    if newest is not None and newest.taken_at >= at:
        return {"keyring_bytes": newest.body["stored_bytes"]}
    with owner.alone():
        fresh = backup.take(owner.KEYRING)
        checked = backup_check.verify(fresh, tolerate_lost_keys=True)
    return {
        "keyring_bytes": fresh.body["stored_bytes"],
        "keys_in_backup": checked.keys,
        "keys_unopened": sum(checked.unopened.values()),
    }


def _trial(at: datetime) -> dict[str, Any]:
    """Once a week the newest main backup is restored for trial and counted."""
    last = backup_check.last_verified(owner.MAIN)
    if last is not None and at - datetime.fromisoformat(last["verified_at"]) < TRIAL_EVERY:
        return {}
    newest = backup.newest(owner.MAIN)
    if newest is None:
        return {}
    return {"rows_restored_for_trial": backup_check.verify(newest).rows}


def _forget_notes(at: datetime) -> int:
    """Notes of destroyed shelf keys that no backup can still ask about."""
    oldest = backup.oldest_taken_at(owner.KEYRING)
    before = min(oldest, at) - backup.window() if oldest else at - backup.window()
    forgotten, store = 0, keystore.store()
    for organization_id in store.organizations():
        notes = store.record(organization_id).destroyed.values()
        old = sum(datetime.fromisoformat(note) < before for note in notes)
        if old:
            with shelves.locked(organization_id):
                store.forget_notes(organization_id, before)
            forgotten += old
    return forgotten


# ------------------------------------------------------------------ the long-lived process
def slot(now: datetime, at: clock_time) -> date:
    """The date of the last night that should have begun by `now` (UTC)."""
    today = now.astimezone(UTC)
    return today.date() if today.time() >= at else today.date() - timedelta(days=1)


def watch(at: clock_time, stopped: Callable[[], bool]) -> None:
    """Do every night when its time has come, and one that was missed soon after the start; until `stopped`."""
    wait = SETTLE_SECONDS
    while True:
        _sleep(wait, stopped)
        if stopped():
            return
        wait = SETTLE_SECONDS
        try:
            report = run(slot(timezone.now(), at))
            if report is not None and report["failed"]:
                wait = RETRY_SECONDS
        except Failures:
            log.exception("vault.night_waits")
            wait = RETRY_SECONDS
        finally:
            for connection in connections.all():
                connection.close()


def _sleep(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stopped():
        time.sleep(0.5)
