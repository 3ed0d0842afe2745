"""Rotation against ingest, against itself, and killed at every place: no key is ever lost, the next night finishes."""

import json

import pytest

from ground.vault import backup, keys, keystore, rotation
from ground.vault.models import ShelfVersion
from tests.ground.vault_ops.conftest import NIGHT, destroyed, filled, opened, versions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]

PLACES = [
    "rotation.after_new_key",
    "rotation.after_new_version",
    "rotation.after_batch",
    "rotation.after_batch:kill:2",
    "backup.taken",
    "rotation.after_backup",
    "rotation.before_destroy",
    "shelves.after_version_row",
    "keystore.after_a_place",
    "keystore.after_a_place:kill:3",
    "rotation.after_destroy",
    "backup.pruning",
    "rotation.after_prune",
]
NIGHT_CODE = """
    from datetime import datetime
    from ground.vault import rotation
    rotation.BATCH = 5
    print(rotation.night(datetime.fromisoformat("2026-11-20T02:00:00+00:00")).as_dict())
"""
INGEST_CODE = """
    import json, sys, time
    from datetime import datetime
    from uuid import UUID
    from ground.vault import keys
    organization_id, made, number = UUID(sys.argv[1]), {}, 0
    print("ready", flush=True)
    until = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < until:
        minted = keys.mint(organization_id, "recording", datetime.fromisoformat("2026-10-07T12:00:00+00:00"), 3)
        keys.confirm(organization_id, [key.id for key in minted])
        made |= {str(key.id): key.secret.hex() for key in minted}
        number += 1
        if number % 5 == 0:
            keys.open(organization_id, [UUID(one) for one in made])
        if number % 20 == 0:
            keys.destroy(organization_id, [UUID(made.popitem()[0])])
    print(json.dumps(made))
"""


def assert_settled(organization_id, secrets, version):
    """Nothing is lost, one version stands, its predecessors are beyond recovery in both stores."""
    assert opened(organization_id, secrets) == secrets
    [standing] = versions(organization_id)
    assert standing.state == ShelfVersion.State.ACTIVE
    assert str(version) not in keystore.store().ids(organization_id, "shelf")
    for place in (keystore.store().primary, keystore.store().mirror):
        raw, _ = place.read(f"{organization_id}.keys")
        assert json.loads(raw)["body"]["secrets"].keys().isdisjoint({f"shelf/{version}"})
    assert rotation.settled(organization_id, [version]).keys() == {version}
    assert all(note.key_destroyed_at and note.beyond_recovery_at for note in destroyed(organization_id).values())


@pytest.mark.parametrize("place", PLACES)
def test_killed_anywhere_no_key_is_lost_and_the_next_night_finishes(place, other_process):
    organization_id, secrets = filled(13)
    backup.take(backup.KEYRING)
    gone = next(iter(secrets))
    [version] = keys.destroy(organization_id, [gone]).shelf_versions
    del secrets[gone]

    killed = other_process(NIGHT_CODE, SOTTOVOCE_FAULT=place)
    assert killed.wait(timeout=120) == -9, killed.stderr.read()

    keys.shelves.drop_cache()
    assert opened(organization_id, secrets) == secrets, "readable between the crash and the next night"
    if rotation.settled(organization_id, [version]):
        assert str(version) not in keystore.store().ids(organization_id, "shelf")
    keystore.store().repair()
    rotation.night(NIGHT)
    keys.shelves.drop_cache()
    assert_settled(organization_id, secrets, version)


def test_two_rotations_at_once_do_the_work_once(other_process):
    organization_id, secrets = filled(60)
    [version] = keys.destroy(organization_id, [next(iter(secrets))]).shelf_versions
    secrets.pop(next(iter(secrets)))
    both = [other_process(NIGHT_CODE) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("'versions_rotated': 1" in out for out, _ in said) == 1
    keys.shelves.drop_cache()
    assert_settled(organization_id, secrets, version)


def test_rotation_races_with_ingest_and_erasure_and_loses_nothing(other_process):
    organization_id, secrets = filled(50)
    ingesting = [other_process(INGEST_CODE, organization_id, 8) for _ in range(2)]
    for process in ingesting:
        assert process.stdout.readline() == "ready\n"
    waiting = []
    for _ in range(3):
        gone = next(iter(secrets))
        waiting += keys.destroy(organization_id, [gone]).shelf_versions
        del secrets[gone]
        rotation.night(NIGHT)
    for process in ingesting:
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        made = {keys.UUID(key_id): bytes.fromhex(secret) for key_id, secret in json.loads(out).items()}
        assert len(made) > 50
        secrets |= made
    rotation.night(NIGHT)
    keys.shelves.drop_cache()
    assert opened(organization_id, secrets) == secrets
    assert set(waiting) <= rotation.settled(organization_id, waiting).keys()
    assert len(keystore.store().ids(organization_id, "shelf")) == len(versions(organization_id))
