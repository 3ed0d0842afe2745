"""The key store where a place refuses, is interrupted, or is written by two at once."""

from uuid import UUID

import pytest
from botocore.exceptions import ClientError

from ground.vault.exceptions import KeyStoreDown
from ground.vault.keystore import BucketPlace, FolderPlace, KeyStore
from ground.vault.keystore.places import MARKER, Conflict
from ground.vault.root import FileRoot
from tests.ground.vault.test_keystore import ORGANIZATION, SECRET


def test_a_folder_that_is_not_there_yet_holds_nobody(tmp_path):
    assert FolderPlace(tmp_path / "missing").names() == []


class Refusing:
    """An S3 client that is not allowed to do `operation`."""

    def __init__(self, s3, operation):
        self._s3, self._operation = s3, operation

    def __getattr__(self, name):
        if name != self._operation:
            return getattr(self._s3, name)

        def refuse(**_):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, name)

        return refuse


def test_a_bucket_that_may_not_be_read_is_an_outage_and_not_empty(s3, bucket):
    place = BucketPlace(Refusing(s3, "get_object"), bucket())
    with pytest.raises(KeyStoreDown):
        place.read("x.keys")


def test_a_bucket_whose_conditions_cannot_be_tried_out_is_an_outage(s3, bucket):
    class Forbidding(Refusing):
        def put_object(self, **told):
            if "IfNoneMatch" in told:
                return super().__getattr__("put_object")(**told)
            return self._s3.put_object(**told)

    name = bucket()
    with pytest.raises(KeyStoreDown):
        BucketPlace(Forbidding(s3, "put_object"), name).prepare()
    assert "Contents" not in s3.list_objects_v2(Bucket=name), "the probe is gone"


def test_a_key_that_reads_back_after_its_destruction_is_never_called_gone(store, monkeypatch):
    store.add(ORGANIZATION, "shelf", "one", SECRET)
    kept = store.record(ORGANIZATION)
    monkeypatch.setattr(store, "_change", lambda *_, **__: kept)
    with pytest.raises(KeyStoreDown, match="nothing may be certified"):
        store.destroy(ORGANIZATION, "shelf", ["one"])


def test_rewrapping_that_was_interrupted_goes_on_where_it_stopped(store, places, tmp_path, monkeypatch):
    other, fresh = UUID(int=32), FileRoot.create(tmp_path / "fresh.key")
    for organization in (ORGANIZATION, other):
        store.add(organization, "shelf", "one", SECRET)
    change, changed = store._change, []

    def die_after_one(*arguments, **options):
        if changed:
            raise KeyStoreDown("interrupted")
        changed.append(1)
        return change(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(store, "_change", die_after_one)
        with pytest.raises(KeyStoreDown):
            store.rewrap(fresh)
    assert store.rewrap(fresh) == 2
    again = KeyStore(*places, lambda empty: fresh)
    assert [again.get(organization, "shelf", "one") for organization in (ORGANIZATION, other)] == [SECRET, SECRET]


def test_two_that_mark_a_place_at_once_end_with_one_mark(store, places, root, monkeypatch):
    store.add(ORGANIZATION, "shelf", "one", SECRET)
    mark = places[0].read(MARKER)[0]
    wipe_marker = places[0].read(MARKER)[1]
    places[0].write(MARKER, b"{}", wipe_marker)
    write = places[0].write

    def second(name, content, expected, **options):
        write(name, content, expected, **options)
        raise Conflict

    monkeypatch.setattr(places[0], "write", second)
    store._mark(places[0])
    assert places[0].read(MARKER)[0] == mark
