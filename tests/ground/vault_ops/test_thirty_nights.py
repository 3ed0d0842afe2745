"""Thirty nights with weekly shelves: ingest every day, a purge that empties old weeks, erasures in between.

`VAULT_KEYS=1000000` runs the full count (`-s` prints the figures); by default a small one keeps the test quick.
"""

import os
import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from ground.vault import backup, keys, keystore, owner, rotation
from tests.ground.vault_ops.conftest import filled, opened, versions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home"), pytest.mark.slow]

KEYS = int(os.environ.get("VAULT_KEYS", "6000"))
NIGHTS, ORGANIZATIONS, KEEP_DAYS, ERASURES_A_DAY = 30, 4, 14, 3


@pytest.mark.timeout(3600)
def test_thirty_nights(settings):
    random.seed(7)
    start = datetime(2026, 10, 5, 12, tzinfo=UTC)
    a_day = KEYS // NIGHTS // ORGANIZATIONS
    alive = {}
    organizations = [filled(0)[0] for _ in range(ORGANIZATIONS)]
    totals = {"rewrapped": 0, "rotated": 0, "dropped": 0, "rotation_seconds": 0.0, "mint_seconds": 0.0, "minted": 0}
    alive_nights = 0
    waiting = {organization_id: set() for organization_id in organizations}
    for number in range(NIGHTS):
        day = start + timedelta(days=number)
        for organization_id in organizations:
            began = time.monotonic()
            minted = keys.mint(organization_id, "recording", day, a_day)
            keys.confirm(organization_id, [key.id for key in minted])
            totals["mint_seconds"] += time.monotonic() - began
            totals["minted"] += len(minted)
            ours = alive.setdefault(organization_id, {})
            ours |= {key.id: (day, key.secret) for key in minted}
            expired = [key_id for key_id, (at, _) in ours.items() if at <= day - timedelta(days=KEEP_DAYS)]
            for key_id in expired:
                del ours[key_id]
            erased = random.sample(list(ours), ERASURES_A_DAY)
            for key_id in erased:
                del ours[key_id]
            for ids in (expired, erased):
                for place in range(0, len(ids), 5000):
                    waiting[organization_id] |= keys.destroy(organization_id, ids[place : place + 5000]).shelf_versions
        began = time.monotonic()
        report = rotation.night(day + timedelta(hours=14))
        totals["rotation_seconds"] += time.monotonic() - began
        totals["rewrapped"] += report.keys_rewrapped
        totals["rotated"] += report.versions_rotated
        totals["dropped"] += report.versions_dropped
        assert (report.versions_waiting, report.keys_unopened, report.trouble) == (0, 0, [])
        alive_nights += report.keys_in_backup
        assert report.keys_in_backup == sum(map(len, alive.values()))
        assert len(backup.paths(owner.KEYRING)) == 1
    for organization_id in organizations:
        sample = random.sample(sorted(alive[organization_id]), min(500, len(alive[organization_id])))
        assert opened(organization_id, sample) == {key_id: alive[organization_id][key_id][1] for key_id in sample}
        assert waiting[organization_id] <= rotation.settled(organization_id, waiting[organization_id]).keys()
        assert len(keystore.store().ids(organization_id, "shelf")) == len(versions(organization_id)) <= 4
    print(
        f"\n{totals['minted']} keys minted ({totals['minted'] / totals['mint_seconds']:,.0f}/s), "
        f"{totals['rewrapped']} re-wrapped (each night {totals['rewrapped'] / alive_nights:.0%} of the living; "
        f"{totals['rewrapped'] / totals['rotation_seconds']:,.0f}/s with dump and trial restore), "
        f"{totals['rotated']} versions rotated, {totals['dropped']} dropped, "
        f"{totals['rotation_seconds'] / NIGHTS:.2f} s a night"
    )
