"""Shelves: one version for all who mint, remembered a minute, destroyed only when empty."""

import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connections, transaction

from ground.tenancy import acting_for
from ground.vault import keys, keystore, shelves
from ground.vault.brief_memory import BriefMemory
from ground.vault.exceptions import KeyLost, KeyringDown, KeyStoreDown, ShelfBusy, ShelfDestroyed, ShelfLost, WrongKey
from ground.vault.models import DestroyedVersion, Shelf, ShelfVersion

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vault_home")]


@pytest.fixture
def organization_id():
    return uuid4()


def versions(organization_id):
    with acting_for(organization_id, using="keyring"):
        return list(ShelfVersion.objects.order_by("number"))


@pytest.mark.parametrize(
    "at,week",
    [
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), 202647),
        (datetime(2026, 11, 23, tzinfo=UTC), 202648),
        (datetime(2027, 1, 1, tzinfo=UTC), 202653),
        (datetime(2024, 12, 30, tzinfo=UTC), 202501),
    ],
)
def test_the_week_is_the_iso_week_in_utc(at, week):
    assert shelves.iso_week(at) == week


def test_each_organization_category_and_week_has_a_shelf_of_its_own(organization_id):
    week_later = AT.replace(day=27)
    places = [(organization_id, "recording", AT), (organization_id, "recording", week_later)]
    places += [(organization_id, "transcript", AT), (uuid4(), "recording", AT)]
    ids = {shelves.active(*place).version_id for place in places}
    assert len(ids) == 4
    assert {shelves.active(*place).version_id for place in places} == ids


def test_the_row_names_the_stored_key_by_its_check_value(organization_id):
    shelves.active(organization_id, "recording", AT)
    [version] = versions(organization_id)
    secret = keystore.store().shelf_key(organization_id, version.id)
    assert bytes(version.key_check_value) == shelves.key_check_value(secret)
    assert bytes(version.key_check_value) not in secret


def test_a_stored_key_that_differs_from_its_row_is_a_wrong_key(organization_id):
    [key] = keys.mint(organization_id, "recording", AT)
    with acting_for(organization_id, using="keyring"):
        ShelfVersion.objects.update(key_check_value=b"8 bytes!")
    shelves.drop_cache()
    with pytest.raises(WrongKey):
        keys.open_one(organization_id, key.id)


def test_shelf_keys_are_remembered_a_minute_and_can_be_dropped(organization_id, monkeypatch):
    assert shelves.CACHE_SECONDS <= 60
    [key] = keys.mint(organization_id, "recording", AT)
    loads = []
    load = shelves._load
    monkeypatch.setattr(shelves, "_load", lambda *arguments: loads.append(1) or load(*arguments))
    keys.open_one(organization_id, key.id)
    assert loads == []
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + shelves.CACHE_SECONDS)
    keys.open_one(organization_id, key.id)
    keys.open_one(organization_id, key.id)
    assert loads == [1]
    shelves.drop_cache(uuid4())
    keys.open_one(organization_id, key.id)
    assert loads == [1]
    shelves.drop_cache(organization_id)
    keys.open_one(organization_id, key.id)
    assert loads == [1, 1]


def test_brief_memory_lets_go_of_what_nobody_asks_for(monkeypatch):
    memory = BriefMemory(60)
    now = time.monotonic()
    memory.put("old", b"key")
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert memory.get("other") is None
    assert repr(memory) == "BriefMemory(0 kept)"


def test_a_crash_between_stored_key_and_row_leaves_an_unused_key(organization_id, monkeypatch):
    def die(**_):
        raise RuntimeError("killed here")

    monkeypatch.setattr(ShelfVersion.objects, "create", die)
    with pytest.raises(RuntimeError, match="killed here"):
        keys.mint(organization_id, "recording", AT)
    monkeypatch.undo()
    assert versions(organization_id) == []
    assert len(keystore.store().ids(organization_id, "shelf")) == 1
    keys.mint(organization_id, "recording", AT)
    assert len(versions(organization_id)) == 1


def test_an_interrupted_mirror_write_mints_nothing_that_counts(organization_id, monkeypatch):
    store = keystore.store()

    def full(*_, **__):
        raise KeyStoreDown("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(store.mirror, "write", full)
        with pytest.raises(KeyStoreDown):
            keys.mint(organization_id, "recording", AT)
    assert versions(organization_id) == []
    [key] = keys.mint(organization_id, "recording", AT)
    assert keys.open_one(organization_id, key.id).secret == key.secret


def test_a_new_version_retires_the_old_one_which_stays_readable(organization_id):
    [old] = keys.mint(organization_id, "recording", AT)
    with shelves.locked(organization_id):
        shelves.new_version(Shelf.objects.get())
    shelves.drop_cache()
    [new] = keys.mint(organization_id, "recording", AT)
    assert [(version.number, version.state) for version in versions(organization_id)] == [
        (1, "retiring"),
        (2, "active"),
    ]
    opened = keys.open(organization_id, [old.id, new.id])
    assert (opened[old.id].secret, opened[new.id].secret) == (old.secret, new.secret)


def test_a_straggler_blocks_the_destruction_of_its_version(organization_id):
    [key] = keys.mint(organization_id, "recording", AT)
    [version] = versions(organization_id)
    with pytest.raises(ShelfBusy):
        shelves.destroy_version(organization_id, version.id)
    assert keys.open_one(organization_id, key.id).secret == key.secret
    assert shelves.unfinished_destructions(organization_id) == []
    with acting_for(organization_id, using="keyring"):
        assert not DestroyedVersion.objects.exists()


def test_an_empty_version_is_destroyed_for_good(organization_id):
    [key] = keys.mint(organization_id, "recording", AT)
    with acting_for(organization_id, using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute("SELECT wrapped, shelf_version_id FROM vault_datakey")
        [(remnant, version_id)] = cursor.fetchall()
    keys.destroy(organization_id, [key.id])
    shelves.destroy_version(organization_id, version_id)
    shelves.destroy_version(organization_id, version_id)
    assert keystore.store().ids(organization_id, "shelf") == []
    with pytest.raises(ShelfDestroyed):
        keystore.store().shelf_key(organization_id, version_id)
    with pytest.raises(KeyLost):
        shelves.ciphers(organization_id, [version_id])
    with acting_for(organization_id, using="keyring"):
        note = DestroyedVersion.objects.get()
        assert (note.id, note.category, note.iso_week, note.number) == (version_id, "recording", 202647, 1)
        assert note.key_destroyed_at is not None
    # The shelf goes on with a version that does not open the remnant.
    [fresh] = keys.mint(organization_id, "recording", AT)
    assert fresh.secret not in bytes(remnant)
    assert [version.number for version in versions(organization_id)] == [1]


def test_a_destruction_interrupted_after_the_row_is_finished_later(organization_id, monkeypatch):
    shelves.active(organization_id, "recording", AT)
    [version] = versions(organization_id)
    store = keystore.store()

    def down(*_, **__):
        raise KeyStoreDown("gone for a minute")

    with monkeypatch.context() as patched:
        patched.setattr(store, "destroy_shelf_key", down)
        with pytest.raises(KeyStoreDown):
            shelves.destroy_version(organization_id, version.id)
    assert shelves.unfinished_destructions(organization_id) == [version.id]
    assert store.ids(organization_id, "shelf") == [str(version.id)]
    shelves.destroy_version(organization_id, version.id)
    assert shelves.unfinished_destructions(organization_id) == []
    assert store.ids(organization_id, "shelf") == []


def test_minting_after_another_process_destroyed_the_remembered_version(organization_id):
    shelves.active(organization_id, "recording", AT)
    [version] = versions(organization_id)
    remembered = dict(shelves._versions._kept), dict(shelves._ciphers._kept)
    shelves.destroy_version(organization_id, version.id)
    shelves._versions._kept, shelves._ciphers._kept = remembered
    [key] = keys.mint(organization_id, "recording", AT)
    assert keys.open_one(organization_id, key.id).secret == key.secret


def test_the_database_refuses_a_key_on_another_organizations_shelf(organization_id):
    stranger = uuid4()
    shelves.active(stranger, "recording", AT)
    [version] = versions(stranger)
    insert = (
        "INSERT INTO vault_datakey (organization_id, id, shelf_version_id, state, deadline, wrapped) "
        "VALUES (%s, %s, %s, 1, NULL, '')"
    )
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(using="keyring"),
        acting_for(organization_id, using="keyring"),
        connections["keyring"].cursor() as cursor,
    ):
        cursor.execute(insert, [organization_id, uuid4(), version.id])


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_processes_minting_the_same_shelf_end_with_one_version(organization_id, other_process):
    code = """
        import sys
        from datetime import UTC, datetime
        from uuid import UUID
        from ground.vault import keys
        print("ready", flush=True)
        sys.stdin.readline()
        minted = keys.mint(UUID(sys.argv[1]), "recording", datetime(2026, 11, 20, tzinfo=UTC), 50)
        print(" ".join(f"{key.id}={key.secret.hex()}" for key in minted), flush=True)
    """
    processes = [other_process(code, organization_id) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    minted = {}
    for process in processes:
        written, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        minted.update(pair.split("=") for pair in written.split())
    assert len(minted) == 150
    [version] = versions(organization_id)
    assert keystore.store().ids(organization_id, "shelf") == [str(version.id)]
    opened = keys.open(organization_id, keys.existing(organization_id, map(UUID, minted)))
    assert {str(key.id): key.secret.hex() for key in opened.values()} == minted


@pytest.mark.django_db(transaction=True)
def test_a_broken_keyring_connection_is_an_outage_once_and_then_heals(organization_id, superuser_connection):
    [key] = keys.mint(organization_id, "recording", AT)
    with connections["keyring"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    superuser_connection("keyring").execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(KeyringDown):
        keys.open_one(organization_id, key.id)
    assert keys.open_one(organization_id, key.id).secret == key.secret


def test_a_version_row_that_vanished_is_an_alarm(organization_id):
    shelves.active(organization_id, "recording", AT)
    [version] = versions(organization_id)
    with acting_for(organization_id, using="keyring"):
        ShelfVersion.objects.all().delete()
    shelves.drop_cache()
    with pytest.raises(ShelfLost, match="version row"):
        shelves.ciphers(organization_id, [version.id])


def test_a_stored_key_that_does_not_read_back_is_never_used(organization_id, monkeypatch):
    monkeypatch.setattr(keystore.store(), "shelf_key", lambda *_: bytes(32))
    with pytest.raises(WrongKey, match="read back"):
        keys.mint(organization_id, "recording", AT)
    monkeypatch.undo()
    assert versions(organization_id) == []
