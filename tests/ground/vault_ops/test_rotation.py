"""Rotation: what was deleted becomes unrecoverable, and nothing alive is ever lost."""

import dataclasses
import os
from types import SimpleNamespace
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ground.vault import backup, backup_check, keys, keystore, rotation, shelves
from ground.vault.exceptions import BackupDamaged, KeyLost, ShelfBusy, ShelfDestroyed, WrongKey
from ground.vault.models import ShelfVersion
from ground.vault.sealing import DataKey, wrap_keys
from tests.ground.vault_ops.conftest import NIGHT, WEEK, days, destroyed, filled, opened, versions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


def test_a_shelf_that_lost_a_key_is_rotated_and_the_rest_stays_readable():
    organization_id, secrets = filled(10)
    gone = next(iter(secrets))
    [version] = keys.destroy(organization_id, [gone]).shelf_versions
    assert rotation.settled(organization_id, [version]) == {}

    report = rotation.night(NIGHT)

    del secrets[gone]
    assert (report.versions_rotated, report.keys_rewrapped, report.keys_unopened) == (1, 9, 0)
    assert opened(organization_id, secrets) == secrets
    [successor] = versions(organization_id)
    assert (successor.number, successor.state, successor.dirty_at) == (2, ShelfVersion.State.ACTIVE, None)
    assert keystore.store().ids(organization_id, "shelf") == [str(successor.id)]
    with pytest.raises(ShelfDestroyed):
        keystore.store().shelf_key(organization_id, version)
    assert rotation.settled(organization_id, [version]) == {
        version: destroyed(organization_id)[version].beyond_recovery_at
    }


def test_a_night_without_losses_changes_nothing_and_takes_no_backup():
    organization_id, secrets = filled(3)
    report = rotation.night(NIGHT)
    assert (report.versions_due, report.keys_rewrapped) == (0, 0)
    assert opened(organization_id, secrets) == secrets
    assert backup.paths(backup.KEYRING) == []


def test_an_empty_shelf_is_dropped_whole():
    organization_id, secrets = filled(5)
    [version] = keys.destroy(organization_id, secrets).shelf_versions
    report = rotation.night(NIGHT)
    assert (report.versions_dropped, report.versions_rotated, report.keys_rewrapped) == (1, 0, 0)
    assert versions(organization_id) == []
    assert keystore.store().ids(organization_id, "shelf") == []
    assert version in rotation.settled(organization_id, [version])


def test_a_key_for_a_week_whose_shelf_was_dropped_gets_a_new_shelf():
    organization_id, secrets = filled(2)
    keys.destroy(organization_id, secrets)
    rotation.night(NIGHT)
    _, late = filled(1, organization_id=organization_id)
    assert opened(organization_id, late) == late


def test_a_shelf_that_was_made_but_never_used_goes_when_its_week_is_over():
    organization_id = filled(0)[0]
    shelves.active(organization_id, "recording", WEEK)
    assert rotation.night(NIGHT).versions_due == 0, "younger than a day by the database's clock"
    later = shelves.timezone.now() + rotation.UNUSED_AFTER * 2
    assert rotation.night(later).versions_dropped == 1


def test_the_version_of_a_later_erasure_is_settled_only_with_its_predecessors():
    organization_id, secrets = filled(6)
    first, second, *_ = secrets
    [old] = keys.destroy(organization_id, [first]).shelf_versions
    rotation.night(NIGHT)
    [new] = keys.destroy(organization_id, [second]).shelf_versions
    assert set(rotation.settled(organization_id, [old, new])) == {old}
    rotation.night(NIGHT)
    moments = rotation.settled(organization_id, [old, new])
    assert set(moments) == {old, new}
    assert moments[old] < moments[new]


def test_older_keyring_backups_go_and_the_fresh_one_stays():
    organization_id, secrets = filled(4)
    old = backup.take(backup.KEYRING)
    keys.destroy(organization_id, list(secrets)[:1])
    report = rotation.night(NIGHT)
    assert report.keyring_backups_pruned == 1
    [kept] = backup.paths(backup.KEYRING)
    assert kept != old.path
    assert not old.archive.exists()


def test_a_straggler_under_the_old_version_is_rewrapped_before_it_is_destroyed(monkeypatch):
    organization_id, secrets = filled(4)
    [version] = keys.destroy(organization_id, list(secrets)[:1]).shelf_versions
    late = {}
    take = backup.take

    def take_while_a_straggler_comes(part):
        if not late:  # inserted by a process that still had the old version in hand
            key = keys.DataKey(keys.uuid7(), organization_id, b"s" * 32, fresh=True)
            cipher = shelves.AESGCM(keystore.store().shelf_key(organization_id, version))
            with shelves.keyring(organization_id):
                keys._execute(
                    "INSERT INTO vault_datakey (organization_id, id, shelf_version_id, state, wrapped) "
                    "VALUES (%s, %s, %s, 1, %s)",
                    [organization_id, key.id, version, keys.wrap_keys(cipher, [key])],
                )
            late[key.id] = key.secret
        return take(part)

    monkeypatch.setattr(backup, "take", take_while_a_straggler_comes)
    report = rotation.night(NIGHT)
    assert report.versions_waiting == 0
    assert opened(organization_id, late) == late
    assert keystore.store().ids(organization_id, "shelf") == [str(versions(organization_id)[0].id)]


def test_a_damaged_key_keeps_its_shelf_and_is_a_finding(superuser_connection, monkeypatch):
    organization_id, secrets = filled(5)
    other_organization, other_secrets = filled(5)
    gone, bad, *_ = secrets
    keys.destroy(organization_id, [gone])
    keys.destroy(other_organization, list(other_secrets)[:1])
    superuser_connection("keyring").execute(
        "UPDATE vault_datakey SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20)) WHERE id = %s", [bad]
    )
    findings = []
    monkeypatch.setattr(rotation.hooks, "finding", [lambda *finding: findings.append(finding)])
    report = rotation.night(NIGHT)
    assert [(organization, kind) for organization, kind, _ in findings] == [(organization_id, "data_key_damaged")]
    assert (report.versions_rotated, report.versions_waiting) == (1, 1)
    assert len(versions(organization_id)) == 2
    assert len(opened(other_organization, list(other_secrets)[1:])) == 4


def test_a_lost_shelf_key_is_a_finding_and_never_looks_like_erasure(monkeypatch):
    organization_id, secrets = filled(5)
    [version] = keys.destroy(organization_id, list(secrets)[:1]).shelf_versions
    for place in (keystore.store().primary, keystore.store().mirror):
        (place.folder / f"{organization_id}.keys").unlink()
    shelves.drop_cache()
    findings = []
    monkeypatch.setattr(rotation.hooks, "finding", [lambda *finding: findings.append(finding)])
    report = rotation.night(NIGHT)
    assert findings == [(organization_id, "shelf_key_lost", {"shelf_version": str(version)})]
    assert report.versions_rotated == 0
    with pytest.raises(KeyLost):
        keys.open(organization_id, list(secrets)[1:])
    assert len(keys.existing(organization_id, secrets)) == 4


def test_a_straggler_that_never_ends_leaves_its_version_for_the_next_night(monkeypatch):
    organization_id, secrets = filled(4)
    keys.destroy(organization_id, list(secrets)[:1])
    verify = backup_check.verify

    def always_one_more(manifest, **options):
        checked = verify(manifest, **options)
        standing = {version.id: 1 for version in versions(organization_id)}
        return dataclasses.replace(checked, on_versions={**checked.on_versions, **standing})

    with monkeypatch.context() as patch:
        patch.setattr(backup_check, "verify", always_one_more)
        report = rotation.night(NIGHT)
    assert (report.versions_rotated, report.versions_waiting) == (0, 1)
    assert opened(organization_id, list(secrets)[1:]) == dict(list(secrets.items())[1:])
    assert rotation.night(NIGHT + days(1)).versions_rotated == 1


def test_a_key_that_is_put_under_the_old_version_late_keeps_it_standing(monkeypatch):
    organization_id, secrets = filled(4)
    keys.destroy(organization_id, list(secrets)[:1])

    def busy(*_):
        raise ShelfBusy("a key stands on it")

    with monkeypatch.context() as patch:
        patch.setattr(rotation.shelves, "destroy_version", busy)
        report = rotation.night(NIGHT)
    assert (report.versions_rotated, report.versions_waiting) == (0, 1)
    assert destroyed(organization_id) == {}


def test_a_fresh_backup_in_which_rewrapped_keys_do_not_open_stops_the_night(monkeypatch):
    organization_id, secrets = filled(4)
    keys.destroy(organization_id, list(secrets)[:1])
    verify = backup_check.verify

    def unopened(manifest, **options):
        checked = verify(manifest, **options)
        return dataclasses.replace(checked, unopened=dict.fromkeys(checked.on_versions, 1))

    monkeypatch.setattr(backup_check, "verify", unopened)
    with pytest.raises(BackupDamaged, match="re-wrapped keys"):
        rotation.night(NIGHT)
    assert destroyed(organization_id) == {}, "the old version is there until a backup with the new one opens"


def test_a_version_that_another_night_destroyed_is_done(monkeypatch):
    organization_id, secrets = filled(2)
    keys.destroy(organization_id, list(secrets))
    [version] = versions(organization_id)
    report = rotation.NightReport()
    one = rotation.Due(organization_id, version.id)
    assert rotation._destroy(one, report)
    assert rotation._destroy(one, report)
    assert report.versions_rotated + report.versions_dropped == 1


@pytest.mark.parametrize(
    ("written", "error"), [([], ShelfBusy), ("another", WrongKey)], ids=["fewer rows", "another key"]
)
def test_what_does_not_read_back_as_it_was_written_is_never_committed(written, error):
    key, other = (DataKey(uuid4(), uuid4(), os.urandom(32), fresh=True) for _ in range(2))
    cipher = AESGCM(os.urandom(32))
    swapped = DataKey(key.id, key.organization_id, other.secret, fresh=True)
    rows = [(key.id, wrap_keys(cipher, [swapped]))] if written else []
    cursor = SimpleNamespace(execute=lambda *_: None, fetchall=lambda: rows)
    one = rotation.Due(key.organization_id, uuid4())
    with pytest.raises(error):
        rotation._write_and_compare(cursor, one, uuid4(), cipher, {key.id: key})
