"""The key store: two places, read back, repaired; what is destroyed is gone from both."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError
from django.core.exceptions import ImproperlyConfigured

from ground.vault import keystore
from ground.vault.exceptions import (
    KeyStoreDamaged,
    KeyStoreDown,
    KeyStoreUnfit,
    ShelfDestroyed,
    ShelfLost,
    WrongKey,
    WrongRoot,
)
from ground.vault.keystore import BucketPlace, FolderPlace, KeyStore
from ground.vault.keystore.places import MARKER, Conflict
from ground.vault.keystore.record import Record
from ground.vault.root import FileRoot

ORGANIZATION = UUID(int=31)
SECRET = bytes(range(32))


def wipe(place):
    """Lose the whole place."""
    if isinstance(place, FolderPlace):
        for path in place.folder.iterdir():
            path.unlink()
    else:
        for item in place._client.list_objects_v2(Bucket=place.bucket).get("Contents", ()):
            place._client.delete_object(Bucket=place.bucket, Key=item["Key"])


def overwrite(place, organization_id, content):
    name = f"{organization_id}.keys"
    place.write(name, content, place.read(name)[1])


def raw(place, organization_id=ORGANIZATION):
    return place.read(f"{organization_id}.keys")[0]


def test_a_secret_is_in_both_places_and_never_in_the_clear(store, places):
    version = uuid4()
    store.add_shelf_key(ORGANIZATION, version, SECRET)
    assert store.shelf_key(ORGANIZATION, version) == SECRET
    assert raw(places[0]) == raw(places[1])
    for place in places:
        content = raw(place)
        assert SECRET not in content
        assert SECRET.hex().encode() not in content
        assert len(content) < 600


def test_the_first_of_two_writers_wins(store):
    assert store.add(ORGANIZATION, "blind", "find.0", SECRET) == SECRET
    assert store.add(ORGANIZATION, "blind", "find.0", bytes(32)) == SECRET


def test_secrets_of_other_organizations_are_apart_and_bound(store, places):
    other = uuid4()
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    store.add(other, "shelf", "1", bytes(32))
    assert store.get(other, "shelf", "1") == bytes(32)
    assert store.organizations() == sorted([ORGANIZATION, other])
    # Another organization's wrapped bytes under this one's name do not open.
    mine, theirs = store.record(ORGANIZATION), store.record(other)
    forged = Record(ORGANIZATION, mine.root, 9, theirs.secrets)
    for place in places:
        overwrite(place, ORGANIZATION, forged.to_bytes())
    with pytest.raises(WrongKey):
        store.get(ORGANIZATION, "shelf", "1")


def test_destroyed_is_gone_from_both_and_told_from_lost(store, places):
    kept, gone, never = uuid4(), uuid4(), uuid4()
    store.add_shelf_key(ORGANIZATION, kept, SECRET)
    store.add_shelf_key(ORGANIZATION, gone, bytes(32))
    wrapped = store.record(ORGANIZATION).secrets["shelf", str(gone)]
    assert store.destroy_shelf_key(ORGANIZATION, gone) == 1
    assert store.destroy_shelf_key(ORGANIZATION, gone) == 0
    assert store.shelf_key(ORGANIZATION, kept) == SECRET
    for place in places:
        record = Record.from_bytes(raw(place), ORGANIZATION)
        assert wrapped not in record.secrets.values()
    with pytest.raises(ShelfDestroyed):
        store.shelf_key(ORGANIZATION, gone)
    with pytest.raises(ShelfLost) as lost:
        store.shelf_key(ORGANIZATION, never)
    assert not isinstance(lost.value, ShelfDestroyed)
    assert lost.value.ids == {never}
    store.forget_notes(ORGANIZATION, datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(ShelfLost):
        store.shelf_key(ORGANIZATION, gone)


def test_reading_survives_the_loss_of_either_place(store, places):
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    for lost in places:
        wipe(lost)
        assert store.get(ORGANIZATION, "shelf", "1") == SECRET
        with pytest.raises(KeyStoreDown, match="repair"):
            store.add(ORGANIZATION, "shelf", "2", bytes(32))
        assert store.repair() == 1
        assert raw(places[0]) == raw(places[1])
        assert lost.read(MARKER)[0]
    assert store.repair() == 0
    store.add(ORGANIZATION, "shelf", "2", bytes(32))


def test_a_damaged_file_is_read_from_the_other_place_and_repaired(store, places):
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    good = raw(places[0])
    for place in places:
        for damage in (b"", good[:-9], good.replace(b'"revision":1', b'"revision":7'), b"{}"):
            overwrite(place, ORGANIZATION, damage)
            assert store.get(ORGANIZATION, "shelf", "1") == SECRET
        assert store.repair() == 1
        assert raw(place) == good


def test_damage_in_both_places_is_named_and_never_overwritten(store, places):
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    for place in places:
        overwrite(place, ORGANIZATION, b"rubbish")
    for act in (
        lambda: store.get(ORGANIZATION, "shelf", "1"),
        lambda: store.add(ORGANIZATION, "shelf", "2", SECRET),
        store.repair,
    ):
        with pytest.raises(KeyStoreDamaged):
            act()
    assert raw(places[0]) == b"rubbish"


def test_a_crash_between_the_two_places_ends_with_the_newer_copy(store, places):
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    old = raw(places[1])
    store.destroy(ORGANIZATION, "shelf", ["1"])
    overwrite(places[1], ORGANIZATION, old)  # as if we had died before the mirror
    assert store.repair() == 1
    assert raw(places[1]) == raw(places[0]) != old
    overwrite(places[1], ORGANIZATION, old)
    store.add(ORGANIZATION, "shelf", "2", bytes(32))  # the next change levels it, too
    assert store.ids(ORGANIZATION, "shelf") == ["2"]
    assert raw(places[1]) == raw(places[0])


def test_a_write_that_does_not_read_back_is_not_acknowledged(store, places, monkeypatch):
    monkeypatch.setattr(places[1], "write", lambda *_, **__: None)
    with pytest.raises(KeyStoreDown, match="read back"):
        store.add(ORGANIZATION, "shelf", "1", SECRET)


def test_rewrapping_changes_every_secret_and_opens_only_under_the_new_root(store, places, tmp_path, root):
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    other = FileRoot.create(tmp_path / "other.key")
    assert store.rewrap(other) == 1
    assert KeyStore(*places, lambda empty: other).get(ORGANIZATION, "shelf", "1") == SECRET
    with pytest.raises(WrongKey):
        KeyStore(*places, lambda empty: root)


# ------------------------------------------------------------------ folder
def test_folder_files_are_private_and_leftovers_are_removed(tmp_path, root):
    places = FolderPlace(tmp_path / "one"), FolderPlace(tmp_path / "two")
    store = KeyStore(*places, lambda empty: root)
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    left = places[0].folder / f"{ORGANIZATION}.keys.new"
    left.write_bytes(b"what a crash left")
    store.destroy(ORGANIZATION, "shelf", ["1"])
    assert not left.exists()
    assert places[0].folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in places[0].folder.iterdir())


def test_a_folder_that_cannot_be_used_is_an_outage(tmp_path, root):
    (tmp_path / "one").write_text("a file, no folder")
    with pytest.raises(KeyStoreDown):
        KeyStore(FolderPlace(tmp_path / "one"), FolderPlace(tmp_path / "two"), lambda empty: root)


@pytest.mark.parametrize("setting", ["KEYSTORE_BACKEND", "KEYSTORE_MIRROR_PATH"])
def test_settings_that_make_no_sense_are_refused(vault_home, settings, setting):
    setattr(settings, setting, "tape" if setting == "KEYSTORE_BACKEND" else settings.KEYSTORE_PATH)
    with pytest.raises(ImproperlyConfigured):
        keystore.store()


def test_kill_during_a_write_leaves_a_readable_store(vault_home, other_process):
    """Twenty writers, each killed somewhere in the middle of a run of changes."""
    first = keystore.store()
    for delay in range(20):
        writer = other_process(
            """
            import os, uuid
            from ground.vault import keystore
            store = keystore.store()
            print("ready", flush=True)
            while True:
                name = str(uuid.uuid4())
                store.add(uuid.UUID(int=31), "shelf", name, os.urandom(32))
                store.destroy(uuid.UUID(int=31), "shelf", [name])
            """
        )
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.01 + delay * 0.004)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        for place in (first.primary, first.mirror):
            content = raw(place)
            assert content is None or Record.from_bytes(content, ORGANIZATION)
        first.repair()
        assert raw(first.primary) == raw(first.mirror)
        for name in first.ids(ORGANIZATION, "shelf"):
            assert len(first.get(ORGANIZATION, "shelf", name)) == 32


# ------------------------------------------------------------------ bucket
def test_a_versioned_bucket_is_refused(s3, bucket, root):
    with pytest.raises(KeyStoreUnfit, match="versioning"):
        KeyStore(BucketPlace(s3, bucket(versioned=True)), BucketPlace(s3, bucket()), lambda empty: root)


def test_a_missing_bucket_is_an_outage(s3, bucket, root):
    with pytest.raises(KeyStoreDown):
        KeyStore(BucketPlace(s3, "nowhere-at-all"), BucketPlace(s3, bucket()), lambda empty: root)


def test_conditional_writes_keep_two_writers_apart(s3, bucket):
    name = bucket()
    one, other = BucketPlace(s3, name), BucketPlace(s3, name)
    one.prepare()
    other.prepare()
    assert one.conditional
    _, tag = one.read("x.keys")
    other.write("x.keys", b"theirs", tag)
    with pytest.raises(Conflict):
        one.write("x.keys", b"mine", tag)
    _, tag = one.read("x.keys")
    one.write("x.keys", b"mine", tag)
    with pytest.raises(Conflict):
        other.write("x.keys", b"theirs", tag)


def test_a_lost_race_is_repeated_on_the_new_state(s3, bucket, root, monkeypatch):
    place = BucketPlace(s3, bucket())
    mirror = BucketPlace(s3, bucket())
    store, rival = KeyStore(place, mirror, lambda empty: root), KeyStore(place, mirror, lambda empty: root)
    write = place.write
    raced = []

    def write_late(name, content, expected, **options):
        if not raced:
            raced.append(True)
            rival.add(ORGANIZATION, "shelf", "theirs", bytes(32))
        return write(name, content, expected, **options)

    monkeypatch.setattr(place, "write", write_late)
    store.add(ORGANIZATION, "shelf", "mine", SECRET)
    assert store.ids(ORGANIZATION, "shelf") == ["mine", "theirs"]


def test_a_server_that_ignores_conditions_is_found_out(s3, bucket):
    class Ignoring:
        def __getattr__(self, name):
            return getattr(s3, name)

        def put_object(self, *, IfMatch=None, IfNoneMatch=None, **rest):
            return s3.put_object(**rest)

    place = BucketPlace(Ignoring(), bucket())
    place.prepare()
    assert not place.conditional
    assert "serialised by the keyring's lock" in place.describe()
    place.write("x.keys", b"1", None)
    place.write("x.keys", b"2", None)
    assert place.read("x.keys")[0] == b"2"


def test_an_outage_of_the_bucket_is_named(s3, bucket, root, monkeypatch):
    place = BucketPlace(s3, bucket())
    store = KeyStore(place, BucketPlace(s3, bucket()), lambda empty: root)

    def refuse(**_):
        raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    monkeypatch.setattr(place._client, "put_object", refuse)
    with pytest.raises(KeyStoreDown, match="SlowDown"):
        store.add(ORGANIZATION, "shelf", "1", SECRET)


@pytest.mark.usefixtures("vault_home")
def test_the_store_of_the_settings_can_be_buckets_and_kms(settings, s3, kms, bucket):
    settings.KMS_KEY_ID = kms.create_key()["KeyMetadata"]["KeyId"]
    settings.KEYSTORE_BACKEND, settings.KEYSTORE_BUCKET = "s3", bucket()
    settings.KEYSTORE_MIRROR_BUCKET = bucket()
    store = keystore.store()
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    assert store.get(ORGANIZATION, "shelf", "1") == SECRET
    assert "conditional writes" in store.describe()
    assert not settings.ROOT_KEY_FILE.exists()


def test_a_file_of_another_organization_is_damage(store, places):
    other = uuid4()
    store.add(other, "shelf", "1", SECRET)
    for place in places:
        place.write(f"{ORGANIZATION}.keys", raw(place, other), None)
    with pytest.raises(KeyStoreDamaged):
        store.get(ORGANIZATION, "shelf", "1")


def test_a_file_wrapped_by_another_root_is_told_apart(store, places, tmp_path):
    store.add(ORGANIZATION, "shelf", "1", SECRET)
    record = store.record(ORGANIZATION)
    for place in places:
        overwrite(place, ORGANIZATION, Record(ORGANIZATION, "file:another", 2, record.secrets).to_bytes())
    with pytest.raises(WrongRoot):
        store.get(ORGANIZATION, "shelf", "1")


def test_a_file_that_always_changes_under_us_is_an_outage(store, places, monkeypatch):
    def conflict(*_, **__):
        raise Conflict

    monkeypatch.setattr(places[0], "write", conflict)
    with pytest.raises(KeyStoreDown, match="keeps changing"):
        store.add(ORGANIZATION, "shelf", "1", SECRET)


def test_an_unreadable_primary_is_read_from_the_mirror(store, places, monkeypatch):
    store.add(ORGANIZATION, "shelf", "1", SECRET)

    def down(_):
        raise KeyStoreDown("does not answer")

    monkeypatch.setattr(places[0], "read", down)
    assert store.get(ORGANIZATION, "shelf", "1") == SECRET
    with pytest.raises(KeyStoreDown):
        store.get(uuid4(), "shelf", "1")  # the mirror alone cannot say that there is nothing
