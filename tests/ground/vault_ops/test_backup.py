"""Backups: real dumps, sealed, tested by restoring them, pruned when their window is over."""

import contextlib
import dataclasses
import json
import os
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import CommandError, call_command

from ground import profiles
from ground.vault import backup, backup_archive, backup_check, backup_tools, keys, keystore, owner, signing
from ground.vault.exceptions import (
    BackupDamaged,
    BackupFailed,
    BackupPruned,
    KeyringDown,
    MainDown,
    NoOwner,
    RestoreFailed,
    Tampered,
    ToolsMissing,
    Truncated,
)
from tests import embedded
from tests.ground.vault_ops.conftest import filled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


def scratch_databases():
    with embedded.superuser() as connection:
        return connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'sottovoce_scratch%'").fetchall()


def test_a_keyring_backup_holds_every_organization_and_is_tested_by_restoring_it():
    filled(7)
    filled(5)
    manifest = backup.take(backup.KEYRING)
    assert manifest.rows["vault_datakey"] == 12
    checked = backup_check.verify(manifest)
    assert (checked.keys, checked.unopened) == (12, {})
    evidence = backup_check.last_verified(backup.KEYRING)
    assert evidence["manifest_sha256"] == manifest.digest
    assert (evidence["keys"], evidence["keys_unopened"]) == (12, 0)
    assert scratch_databases() == []


def test_a_main_backup_is_restored_and_every_row_is_counted():
    manifest = backup.take(backup.MAIN)
    checked = backup_check.verify(manifest)
    assert checked.rows == sum(manifest.rows.values()) > 50
    assert backup_check.last_verified(backup.MAIN)["rows"] == checked.rows


def test_the_manifest_is_signed_and_says_what_an_operator_asks():
    manifest = backup_archive.read(backup.take(backup.MAIN).path)
    assert manifest.signed
    assert manifest.body["owner"] == embedded.OWNER
    assert manifest.body["key_store"] == "FolderPlace"
    assert manifest.body["root"] == keystore.store().root.name
    assert manifest.body["journal"] == 0


def test_nothing_of_the_dump_can_be_read_without_the_root():
    organization_id, _ = filled(1)
    manifest = backup.take(backup.KEYRING)
    raw = manifest.archive.read_bytes()
    assert b"PGDMP" not in raw
    assert str(organization_id).encode() not in raw
    assert b"".join(backup_archive.open_archive(manifest))[:5] == b"PGDMP"


@pytest.mark.parametrize("place", [0.001, 0.5, 0.999])
def test_a_flipped_byte_is_damage_and_never_a_restore(place):
    filled(3)
    manifest = backup.take(backup.KEYRING)
    raw = bytearray(manifest.archive.read_bytes())
    raw[int(len(raw) * place)] ^= 1
    manifest.archive.write_bytes(raw)
    with pytest.raises(Tampered):
        backup_check.verify(manifest)
    assert scratch_databases() == []


def test_a_cut_archive_and_a_missing_one_have_their_own_names():
    manifest = backup.take(backup.KEYRING)
    raw = manifest.archive.read_bytes()
    manifest.archive.write_bytes(raw[:-20])
    with pytest.raises(BackupDamaged, match="bytes"):
        list(backup_archive.open_archive(manifest))
    manifest.archive.unlink()
    with pytest.raises(BackupPruned):
        list(backup_archive.open_archive(manifest))


def test_an_altered_manifest_is_refused_by_the_signature_and_without_signing_keys_by_the_root():
    path = backup.take(backup.KEYRING).path
    written = json.loads(path.read_bytes())
    written["statement"]["rows"]["vault_datakey"] = 99
    path.write_text(json.dumps(written))
    with pytest.raises(BackupDamaged, match="signature"):
        backup_archive.read(path)
    for place in (keystore.store().primary, keystore.store().mirror):
        (place.folder / f"{signing.OPERATOR}.keys").unlink()
    with pytest.raises(BackupDamaged, match="altered"):
        backup_archive.read(path)


def test_a_manifest_whose_signing_key_is_lost_is_vouched_for_by_the_root():
    path = backup.take(backup.KEYRING).path
    for place in (keystore.store().primary, keystore.store().mirror):
        (place.folder / f"{signing.OPERATOR}.keys").unlink()
    assert not backup_archive.read(path).signed


def test_a_key_that_does_not_open_fails_the_test_of_the_backup(superuser_connection):
    _, secrets = filled(4)
    superuser_connection("keyring").execute(
        "UPDATE vault_datakey SET wrapped = set_byte(wrapped, 0, 255 - get_byte(wrapped, 0)) WHERE id = %s",
        [next(iter(secrets))],
    )
    manifest = backup.take(backup.KEYRING)
    with pytest.raises(BackupDamaged, match="1 keys"):
        backup_check.verify(manifest)
    assert sum(backup_check.verify(manifest, tolerate_lost_keys=True).unopened.values()) == 1


def test_backups_leave_when_their_window_is_over_and_the_oldest_is_known():
    first = backup.take(backup.MAIN)
    assert backup.oldest_taken_at(backup.MAIN) == first.taken_at.replace(microsecond=0)
    assert backup.oldest_taken_at(backup.KEYRING) is None
    second = backup.take(backup.KEYRING)
    now = datetime.now(UTC)
    assert backup.prune(now + backup.window() - timedelta(minutes=5)) == 0
    assert backup.prune(now + backup.window() + timedelta(minutes=5)) == 2
    assert [first.archive.exists(), second.path.exists(), backup.oldest_taken_at(backup.MAIN)] == [False, False, None]


def test_a_dump_that_fails_keeps_nothing(monkeypatch, vault_home):
    where = backup_tools._where
    monkeypatch.setattr(backup_tools, "_where", lambda address: where({**address, "dbname": "nowhere"}))
    with pytest.raises(BackupFailed, match="pg_dump"):
        backup.take(backup.KEYRING)
    assert list((vault_home / "backups").iterdir()) == []


def test_without_the_owner_or_fitting_tools_there_is_a_clear_sentence(settings):
    with pytest.raises(ToolsMissing, match="postgresql-client-99"):
        backup_tools.tool("pg_dump", 99)
    settings.KEYRING_DATABASE_OWNER_URL = ""
    with pytest.raises(NoOwner, match="KEYRING_DATABASE_OWNER_URL"):
        backup.take(backup.KEYRING)


def test_without_createdb_a_scratch_database_can_be_named(settings, superuser_connection):
    filled(2)
    manifest = backup.take(backup.KEYRING)
    connection = superuser_connection("keyring")
    connection.execute(f"ALTER ROLE {embedded.OWNER} NOCREATEDB")
    try:
        with pytest.raises(BackupFailed, match="CREATEDB"):
            backup_check.verify(manifest)
        connection.execute(f"CREATE DATABASE for_trials OWNER {embedded.OWNER} TEMPLATE template0")
        settings.BACKUP_SCRATCH_URL = embedded._url(embedded.OWNER, "for_trials")
        assert backup_check.verify(manifest).keys == 2
        assert backup_check.verify(manifest).keys == 2, "emptied before and after"
    finally:
        connection.execute(f"ALTER ROLE {embedded.OWNER} CREATEDB")
        connection.execute("DROP DATABASE IF EXISTS for_trials WITH (FORCE)")


def test_a_scratch_database_that_a_dead_process_left_is_dropped():
    with owner.connect(owner.KEYRING) as connection:
        connection.execute("CREATE DATABASE sottovoce_scratch_left TEMPLATE template0")
    backup_check.verify(backup.take(backup.KEYRING))
    assert scratch_databases() == []


def test_a_scratch_database_that_another_trial_is_about_to_enter_stays():
    with owner.connect(owner.KEYRING) as maker, owner.connect(owner.MAIN) as gone:
        name, left = (f"sottovoce_scratch_{one.info.backend_pid}_0011" for one in (maker, gone))
        for one in (name, left):
            maker.execute(f"CREATE DATABASE {one} TEMPLATE template0")
        gone.close()
        try:
            backup_check.verify(backup.take(backup.KEYRING))
            assert [found for (found,) in scratch_databases()] == [name]
        finally:
            maker.execute(f"DROP DATABASE {name}")


def test_a_scratch_database_that_the_server_itself_is_in_is_left_to_the_next_trial(monkeypatch):
    monkeypatch.setattr(backup_check, "_DROP_TRIES", 1)
    with owner.connect(owner.KEYRING) as connection:
        connection.execute("CREATE DATABASE sottovoce_scratch_busy TEMPLATE template0")
        with embedded.superuser() as admin:
            inside = psycopg.connect(admin.info.dsn, dbname="sottovoce_scratch_busy", password=admin.info.password)
        with contextlib.closing(inside):
            backup_check._drop(connection, "sottovoce_scratch_busy")
            assert scratch_databases() == [("sottovoce_scratch_busy",)]
    backup_check.verify(backup.take(backup.KEYRING))
    assert scratch_databases() == []


def test_the_password_is_in_no_argument():
    assert "password" not in backup_tools._where(owner.address(owner.MAIN))


def test_the_command_takes_tests_and_lists(capsys):
    filled(3)
    call_command("backup", "--test", "--json")
    main, keyring = json.loads(capsys.readouterr().out)
    assert (main["part"], keyring["part"], keyring["tested_keys"]) == ("main", "keyring", 3)
    call_command("backup", "--list")
    assert keyring["manifest"] in capsys.readouterr().out


def test_the_command_names_what_went_wrong(settings):
    settings.DATABASE_OWNER_URL = ""
    with pytest.raises(CommandError, match="NoOwner: DATABASE_OWNER_URL"):
        call_command("backup")


def test_destroyed_keys_are_in_no_new_backup():
    organization_id, secrets = filled(3)
    keys.destroy(organization_id, secrets)
    assert backup.take(backup.KEYRING).rows["vault_datakey"] == 0


def test_a_database_without_our_tables_is_not_backed_up(settings, superuser_connection):
    name = "sottovoce_empty"
    superuser = superuser_connection()
    superuser.execute(f"CREATE DATABASE {name} OWNER {embedded.OWNER}")
    try:
        settings.DATABASE_OWNER_URL = embedded._url(embedded.OWNER, name)
        with pytest.raises(BackupFailed, match="migrate it first"):
            backup.take(owner.MAIN)
        assert backup.paths(owner.MAIN) == []
    finally:
        superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_an_owner_who_is_not_let_in_is_an_outage_of_that_database(settings):
    settings.DATABASE_OWNER_URL = settings.DATABASE_OWNER_URL.replace(":test@", ":wrong@")
    settings.KEYRING_DATABASE_OWNER_URL = settings.KEYRING_DATABASE_OWNER_URL.replace(":test@", ":wrong@")
    for part, error in ((owner.MAIN, MainDown), (owner.KEYRING, KeyringDown)):
        with pytest.raises(error, match="does not let its owner in"), owner.connect(part):
            pytest.fail("never inside")


def test_a_profile_without_a_period_for_backups_prunes_nothing(monkeypatch):
    told = profiles.current()
    rule = dataclasses.replace(told.categories["backup"], default=None)
    without = dataclasses.replace(told, categories={**told.categories, "backup": rule})
    monkeypatch.setattr(profiles, "current", lambda: without)
    with pytest.raises(LookupError, match="no period for backups"):
        backup.window()


def test_the_keyring_backup_beside_an_old_main_one_is_the_next_or_the_newest():
    first, main = backup.take(owner.KEYRING), backup.take(owner.MAIN)
    assert backup.keyring_for(main).id == first.id
    later = backup.take(owner.KEYRING)
    assert backup.keyring_for(main).id == later.id
    for manifest in (first, later):
        manifest.path.unlink()
    with pytest.raises(BackupDamaged, match="there is no keyring backup"):
        backup.keyring_for(main)


def test_what_a_crash_left_without_a_manifest_goes_after_a_while():
    folder = backup_archive.folder()
    folder.mkdir(parents=True, exist_ok=True)
    old, fresh = (folder / f"{name}{backup_archive.ARCHIVE_SUFFIX}" for name in ("old", "fresh"))
    for path in (old, fresh):
        path.write_bytes(b"sealed")
    os.utime(old, (0, 0))
    backup._clear_leftovers()
    assert (old.exists(), fresh.exists()) == (False, True)


def test_what_is_no_manifest_of_ours_is_refused(tmp_path):
    path = tmp_path / "manifest.json"
    for content in (b"no json", signing.sign({"type": "else", "format": 1}).to_json()):
        path.write_bytes(content)
        with pytest.raises(BackupDamaged, match="backup manifest"):
            backup_archive.read(path)
    with pytest.raises(BackupDamaged, match="is no backup manifest"):
        backup_archive.read(tmp_path)
    manifest = backup.take(owner.KEYRING)
    body = {name: value for name, value in manifest.body.items() if name != "wrapped_key"}
    with pytest.raises(BackupDamaged, match="names no key"):
        backup_archive._secret(dataclasses.replace(manifest, body=body))


def test_an_archive_that_gets_shorter_while_it_is_read_is_noticed(monkeypatch):
    manifest = backup.take(owner.KEYRING)
    monkeypatch.setattr(backup_archive.os, "pread", lambda *_: b"")
    with pytest.raises(Truncated):
        list(backup_archive.open_archive(manifest))


def test_rows_that_are_missing_after_the_trial_restore_are_damage():
    manifest = backup.take(owner.MAIN)
    counts = SimpleNamespace(rows={"django_migrations": 3}, archive=manifest.archive)
    with owner.connect(owner.MAIN) as connection, pytest.raises(BackupDamaged, match="its manifest says 3"):
        backup_check._same_rows(connection, counts)


def test_tools_are_looked_for_where_they_are(monkeypatch, tmp_path):
    assert backup_tools._major(tmp_path / "missing") is None
    found = list(backup_tools._folders())
    monkeypatch.setattr(backup_tools.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(backup_tools.shutil, "which", lambda name: None)
    assert set(backup_tools._folders()) <= set(found)
    monkeypatch.setattr(backup_tools.shutil, "which", lambda name: str(tmp_path / name))
    assert tmp_path in backup_tools._folders()


def test_a_dump_nobody_reads_to_its_end_leaves_no_process():
    with owner.connect(owner.MAIN) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [snapshot] = connection.execute("SELECT pg_export_snapshot()").fetchone()
        major = connection.info.server_version // 10000
        pieces = backup_tools.dump(owner.address(owner.MAIN), major, snapshot)
        assert next(pieces)
        pieces.close()
        dumping = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'"
        until = time.monotonic() + 10
        while connection.execute(dumping).fetchone() != (0,) and time.monotonic() < until:
            time.sleep(0.05)
            connection.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the first look for ever
        assert connection.execute(dumping).fetchone() == (0,)


def test_an_archive_that_is_no_dump_is_not_restored():
    with owner.connect(owner.MAIN) as connection:
        major = connection.info.server_version // 10000
    with pytest.raises(RestoreFailed, match="pg_restore"):
        backup_tools.restore(owner.address(owner.MAIN), major, [b"not a dump"])


def test_the_command_takes_a_backup_and_says_where_it_is(capsys):
    call_command("backup", "--only", "keyring")
    [path] = backup.paths(owner.KEYRING)
    said = capsys.readouterr().out
    assert f"manifest={path}" in said
    assert "tested_rows" not in said
