"""What PostgreSQL keeps of deleted keys: everything is found, and after the night nothing of it opens.

Remnants are looked for byte by byte in the heap files, in the write-ahead log and in an old dump of the keyring.
"""

import base64

import pytest

from ground.vault import backup, backup_archive, keys, keystore, rotation
from tests.ground.vault_ops.conftest import NIGHT, filled, opened, wrapped_rows
from tests.ground.vault_ops.residue import checkpoint_and_vacuum, found_in_dump, found_in_files, opening

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


def test_after_the_night_no_remnant_of_a_deleted_key_opens(tmp_path):
    organization_id, secrets = filled(40)
    old_dump = tmp_path / "old.dump"
    manifest = backup.take(backup.KEYRING)
    old_dump.write_bytes(b"".join(backup_archive.open_archive(manifest)))
    gone = set(list(secrets)[::4])
    remnants = {key_id: row for key_id, row in wrapped_rows(organization_id).items() if key_id in gone}
    keys.destroy(organization_id, gone)
    checkpoint_and_vacuum()

    assert found_in_files(remnants) == gone, "deleted, vacuumed, and still there"
    assert found_in_dump(remnants, old_dump) == gone
    assert opening(organization_id, remnants) == gone, "before the night the shelf key opens every remnant"

    rotation.night(NIGHT)
    checkpoint_and_vacuum()

    assert found_in_dump(remnants, old_dump) == gone
    assert found_in_files(remnants), "the bytes may stay for weeks"
    assert opening(organization_id, remnants) == set()
    left = {key_id: secret for key_id, secret in secrets.items() if key_id not in gone}
    assert opened(organization_id, left) == left


def test_the_copies_of_keys_that_live_are_useless_under_the_old_shelf_key_too():
    organization_id, secrets = filled(8)
    before = wrapped_rows(organization_id)
    keys.destroy(organization_id, list(secrets)[:1])
    rotation.night(NIGHT)
    assert opening(organization_id, before) == set()
    assert len(opening(organization_id, wrapped_rows(organization_id))) == 7


def test_the_old_shelf_key_is_in_no_file_of_either_store(vault_home):
    organization_id, secrets = filled(4)
    store = keystore.store()
    old = store.record(organization_id).secrets
    [wrapped] = [value for (kind, _), value in old.items() if kind == "shelf"]
    copies = files_of_both_places(vault_home)
    keys.destroy(organization_id, list(secrets)[:1])
    rotation.night(NIGHT)
    spelled = base64.b64encode(wrapped)
    assert any(spelled in content for content in copies)
    assert not any(spelled in content for content in files_of_both_places(vault_home))


def files_of_both_places(vault_home):
    return [
        path.read_bytes()
        for name in ("keystore", "keystore-mirror")
        for path in (vault_home / name).rglob("*")
        if path.is_file()
    ]
