"""How a row of the ground calls itself in the staff desk and in logs: by what it is, never by whom it is about."""

from datetime import date
from uuid import UUID

import pytest

from ground.audit.models import Alert, Epoch, Event, Expiry
from ground.inventory.models import DestructionBatch, Hold, ObjectRemoval, Tally, TallyDelta, Tombstone
from ground.jobs.models import Job, Slot
from ground.vault.models import Checkpoint, DataKey, DestroyedVersion, KeyringCheckpoint, Night, Shelf, ShelfVersion

ID, DAY = UUID(int=7), date(2026, 11, 22)


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (Epoch(number=2, reason="restore"), "epoch 2 (restore)"),
        (Event(id=ID, kind="calls.stored", payload="{}"), f"calls.stored {ID}"),
        (Expiry(stream="access", number=4), "expiry of access block 4"),
        (Alert(kind="retention.keys_lost", key=""), "retention.keys_lost"),
        (Alert(kind="vault.lost", key="recording"), "vault.lost recording"),
        (Hold(id=ID, nature="hold", sealed=b"words"), f"Legal hold {ID}"),
        (DestructionBatch(id=ID, category="recording", row_ids=[ID]), f"recording batch {ID}"),
        (ObjectRemoval(id=5, object_name="an/object/name"), "removal 5"),
        (Tombstone(id=6, digest=b"digest"), "tombstone 6"),
        (Tally(category="recording", day=DAY, rows=3), "recording 2026-11-22"),
        (TallyDelta(category="recording", day=DAY, rows=-3), "recording 2026-11-22 -3"),
        (Job(id=ID, kind="calls.process", state="ready"), f"calls.process {ID} (ready)"),
        (Slot(kind="retention.sweep", slot="2026-11-22T10:15"), "retention.sweep at 2026-11-22T10:15"),
        (Shelf(category="recording", iso_week=202647), "recording 202647"),
        (ShelfVersion(shelf_id=ID, number=2), f"version 2 of shelf {ID}"),
        (
            DestroyedVersion(category="recording", iso_week=202647, number=2),
            "destroyed version 2 of recording 202647",
        ),
        (DataKey(id=ID, wrapped=b"wrapped"), f"data key {ID}"),
        (Checkpoint(number=8), "checkpoint 8"),
        (KeyringCheckpoint(number=9), "keyring checkpoint 9"),
        (Night(on=DAY), "night of 2026-11-22"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_a_row_is_called_by_its_id_and_kind(row, name):
    assert str(row) == name
