"""Many keys over simulated nights: what falls due goes by whole shelves, the rest stays readable.

Small here; `VAULT_KEYS=1000000` runs the full size and prints its figures.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connections

from ground.tenancy import acting_for
from ground.vault import keys, keystore, shelves
from ground.vault.exceptions import KeyLost, ShelfDestroyed
from ground.vault.models import ShelfVersion

COUNT = int(os.environ.get("VAULT_KEYS", "6000"))
NIGHTS = 30
WEEKS_KEPT = 2
START = datetime(2026, 9, 7, 12, tzinfo=UTC)  # a Monday


class Stopwatch:
    def __init__(self):
        self.seconds, self.count = {}, {}

    def __call__(self, what, count, act):
        started = time.perf_counter()
        result = act()
        self.seconds[what] = self.seconds.get(what, 0) + time.perf_counter() - started
        self.count[what] = self.count.get(what, 0) + count
        return result

    def report(self):
        return ", ".join(f"{what} {self.count[what] / max(s, 1e-9):,.0f}/s" for what, s in self.seconds.items())


def empty_versions(organization_id):
    with acting_for(organization_id, using="keyring"):
        return list(
            ShelfVersion.objects.extra(
                where=["NOT EXISTS (SELECT FROM vault_datakey k WHERE k.shelf_version_id = vault_shelfversion.id)"]
            ).values_list("id", flat=True)
        )


def used_bytes():
    with connections["keyring"].cursor() as cursor:
        cursor.execute("SELECT pg_table_size('vault_datakey'), pg_indexes_size('vault_datakey')")
        return cursor.fetchone()


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.django_db(transaction=True)
def test_thirty_nights_of_keys(vault_home, capsys):
    organization_id = uuid4()
    per_night = COUNT // NIGHTS
    stopwatch = Stopwatch()
    nightly, remnants, largest = {}, {}, (0, 0)
    for night in range(NIGHTS):
        at = START + timedelta(days=night)
        minted = stopwatch("mint", per_night, lambda at=at: keys.mint(organization_id, "recording", at, per_night))
        ids = [key.id for key in minted]
        nightly[night] = {key.id: key.secret for key in minted}
        for start in range(0, per_night, keys.BATCH):
            batch = ids[start : start + keys.BATCH]
            stopwatch("confirm", len(batch), lambda batch=batch: keys.confirm(organization_id, batch))
            stopwatch("open", len(batch), lambda batch=batch: keys.open(organization_id, batch))
        # An erasure takes one key out of the middle of a live shelf.
        erased = ids[per_night // 2]
        assert keys.destroy(organization_id, [erased]).count == 1
        del nightly[night][erased]
        largest = max(largest, used_bytes())
        due = [old for old in nightly if START + timedelta(days=old, weeks=WEEKS_KEPT) <= at]
        for old in due:
            gone = list(nightly.pop(old))
            remnants[old] = gone[0]
            for start in range(0, len(gone), keys.BATCH):
                batch = gone[start : start + keys.BATCH]
                stopwatch("destroy", len(batch), lambda batch=batch: keys.destroy(organization_id, batch))
        for version_id in empty_versions(organization_id):
            stopwatch(
                "drop shelf", 1, lambda version_id=version_id: shelves.destroy_version(organization_id, version_id)
            )
            with pytest.raises(ShelfDestroyed):
                keystore.store().shelf_key(organization_id, version_id)
    weeks = {shelves.iso_week(START + timedelta(days=night)) for night in nightly}
    assert len(keystore.store().ids(organization_id, "shelf")) == len(weeks)
    for night, secrets in nightly.items():
        sample = dict(list(secrets.items())[:50])
        opened = keys.open(organization_id, sample)
        assert {key_id: key.secret for key_id, key in opened.items()} == sample, night
    with pytest.raises(KeyLost) as lost:
        keys.open(organization_id, remnants.values())
    assert lost.value.ids == set(remnants.values())
    with capsys.disabled():
        print(
            f"\n{COUNT:,} keys over {NIGHTS} nights: {stopwatch.report()}; "
            f"keyring at most {largest[0] / 1e6:.1f} MB heap, {largest[1] / 1e6:.1f} MB indexes"
        )
