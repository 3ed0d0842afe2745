"""Both object stores keep the same promises; the bucket also leaves no version, marker or upload behind."""

import os
import tracemalloc
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from django.core.exceptions import ImproperlyConfigured

from ground.vault import objects
from ground.vault.exceptions import ObjectMissing, ObjectStoreDown, Tampered, Truncated
from ground.vault.objects import BucketObjects, FolderObjects, ObjectName
from ground.vault.objects.bucket import PART_BYTES
from ground.vault.sealing import DataKey
from tests.ground.vault.conftest import flipped

ORGANIZATION = UUID(int=41)


def name(category="recording", organization_id=ORGANIZATION):
    return objects.name(organization_id, category, uuid4())


@pytest.fixture(params=["folder", "bucket", "versioned bucket"])
def store(request, tmp_path):
    if request.param == "folder":
        return FolderObjects(tmp_path / "objects")
    s3, bucket = request.getfixturevalue("s3"), request.getfixturevalue("bucket")
    return BucketObjects(s3, bucket(versioned=request.param.startswith("versioned")))


@pytest.fixture
def versioned(s3, bucket):
    return BucketObjects(s3, bucket(versioned=True))


def everything(store):
    """All versions, markers and unfinished uploads in the bucket."""
    found = store._client.list_object_versions(Bucket=store.bucket)
    uploads = store._client.list_multipart_uploads(Bucket=store.bucket)
    return [*found.get("Versions", ()), *found.get("DeleteMarkers", ()), *uploads.get("Uploads", ())]


def read(store, *arguments):
    return b"".join(store.open(*arguments))


def test_what_was_put_is_there_and_ranges_are_slices(store):
    content = os.urandom(700_000)
    one = name()
    assert store.put(one, (content[at : at + 99_999] for at in range(0, len(content), 99_999))) == len(content)
    assert store.exists(one)
    assert store.size(one) == len(content)
    for start, length in [(0, None), (0, 0), (5, 10), (300_000, 300_000), (699_999, 5), (650_000, None), (700_000, 5)]:
        end = None if length is None else start + length
        assert read(store, one, start, length) == content[start:end]


def test_an_empty_object_is_an_object(store):
    one = name()
    assert store.put(one, []) == 0
    assert store.exists(one)
    assert read(store, one) == b""


def test_a_missing_object_is_named_before_anything_is_read(store):
    assert not store.exists(name())
    for act in (store.size, store.open, lambda missing: store.open(missing, 0, 0) if store.size(missing) else None):
        with pytest.raises(ObjectMissing):
            act(name())


def test_an_interrupted_put_leaves_nothing(store):
    class Interrupted(Exception):
        pass

    def pieces(before):
        yield bytes(before)
        raise Interrupted

    one = name()
    for before in (10, 2 * PART_BYTES + 10):
        with pytest.raises(Interrupted):
            store.put(one, pieces(before))
        assert not store.exists(one)
        assert list(store.list()) == []
        assert store.abandon_unfinished(0) == 0


def test_listing_gives_names_and_sizes_below_a_prefix(store):
    other = uuid4()
    names = [name(), name(), name("transcript"), name("recording", other)]
    for size, one in enumerate(names):
        store.put(one, [bytes(size)])
    assert {item.name: item.stored_bytes for item in store.list()} == {one: size for size, one in enumerate(names)}
    assert {item.name for item in store.list(f"{ORGANIZATION}/")} == set(names[:3])
    assert {item.name for item in store.list(f"{ORGANIZATION}/recording/")} == set(names[:2])
    assert list(store.list(f"{uuid4()}/")) == []


@pytest.mark.parametrize("wrong", ["", "../../etc/passwd", "a/b/c", f"{ORGANIZATION}/recording/../x", "/etc", "x\0"])
def test_a_name_that_is_no_name_never_reaches_the_store(store, wrong):
    for act in (store.open, store.size, lambda one: store.put(one, []), lambda one: store.delete_many([one])):
        with pytest.raises(ValueError, match="name"):
            act(wrong)
    with pytest.raises(ValueError, match="prefix"):
        list(store.list("../"))


def test_deleting_says_something_about_every_name_and_is_safe_to_repeat(store):
    names, missing = [name() for _ in range(25)], name()
    for one in names:
        store.put(one, [b"x"])
    outcome = store.delete_many([*names[:20], missing])
    assert outcome.gone == {*names[:20], missing}
    assert not outcome.failed
    assert store.delete_many(names[:20]).gone == set(names[:20])
    assert {item.name for item in store.list()} == set(names[20:])
    assert store.delete_many([]).gone == set()


def test_putting_again_replaces(store):
    one = name()
    store.put(one, [b"first"])
    store.put(one, [b"second"])
    assert read(store, one) == b"second"
    store.delete_many([one])
    assert not store.exists(one)


# ------------------------------------------------------------------ folder
def test_folder_objects_are_private_and_a_failed_delete_is_reported(tmp_path, monkeypatch):
    store = FolderObjects(tmp_path / "objects")
    one, other = name(), name()
    for each in (one, other):
        store.put(each, [b"x"])
    assert store._path(one).stat().st_mode & 0o077 == 0
    unlink = type(tmp_path).unlink

    def refuse(path, **options):
        if path == store._path(one):
            raise PermissionError(1, "Operation not permitted")
        return unlink(path, **options)

    monkeypatch.setattr(type(tmp_path), "unlink", refuse)
    outcome = store.delete_many([one, other])
    assert outcome.failed == {one: "Operation not permitted"}
    assert outcome.gone == {other}


def test_leftovers_of_killed_writers_are_removed_when_old(tmp_path):
    store = FolderObjects(tmp_path / "objects")
    left = tmp_path / "objects" / ".incoming" / "left"
    left.write_bytes(b"half")
    assert list(store.list()) == []
    assert store.abandon_unfinished() == 0
    os.utime(left, (0, 0))
    assert store.abandon_unfinished() == 1


def test_a_full_disk_is_an_outage(tmp_path, monkeypatch):
    store = FolderObjects(tmp_path / "objects")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ObjectStoreDown, match="No space left"):
        store.put(name(), [b"x"])
    monkeypatch.undo()
    assert list(store.list()) == []


# ------------------------------------------------------------------ bucket
def test_nothing_is_left_of_a_deleted_object_in_a_versioned_bucket(versioned):
    kept, gone, marked, half = name(), name(), name(), name()
    for one in (kept, gone, marked):
        versioned.put(one, [b"1"])
        versioned.put(one, [b"2"])
    s3, bucket = versioned._client, versioned.bucket
    s3.delete_object(Bucket=bucket, Key=marked)  # leaves a delete marker
    upload = s3.create_multipart_upload(Bucket=bucket, Key=half)["UploadId"]
    s3.upload_part(Bucket=bucket, Key=half, UploadId=upload, PartNumber=1, Body=b"x")
    outcome = versioned.delete_many([gone, marked, half])
    assert outcome.gone == {gone, marked, half}
    assert {item["Key"] for item in everything(versioned)} == {kept}


def test_versions_beyond_one_page_and_beyond_the_neighbours_go_too(s3, bucket, monkeypatch):
    monkeypatch.setattr("ground.vault.objects.bucket._NEIGHBOUR_PAGES", 2)
    store = BucketObjects(s3, bucket(versioned=True))
    names = sorted(name() for _ in range(40))
    for one in names:
        for content in (b"1", b"2", b"3"):
            store.put(one, [content])
    pages = store._version_pages
    sizes = []

    def small(prefix):
        for page in s3.get_paginator("list_object_versions").paginate(
            Bucket=store.bucket, Prefix=prefix, PaginationConfig={"PageSize": 10}
        ):
            sizes.append(1)
            yield page

    monkeypatch.setattr(store, "_version_pages", small)
    wanted = names[::3]
    outcome = store.delete_many(wanted)
    assert outcome.gone == set(wanted)
    monkeypatch.setattr(store, "_version_pages", pages)
    assert {item["Key"] for item in everything(store)} == set(names) - set(wanted)


def test_a_thousand_names_take_one_call(s3, bucket, monkeypatch):
    store = BucketObjects(s3, bucket())
    names = [name() for _ in range(1_001)]
    for one in names[:3]:
        store.put(one, [b"x"])
    calls = []
    delete = s3.delete_objects
    monkeypatch.setattr(
        s3, "delete_objects", lambda **call: calls.append(len(call["Delete"]["Objects"])) or delete(**call)
    )
    assert store.delete_many(names).gone == set(names)
    assert calls == [1_000, 1]
    assert list(store.list()) == []


def test_partial_errors_and_silence_are_failures_of_their_names_only(s3, bucket, monkeypatch):
    store = BucketObjects(s3, bucket())
    refused, silent, gone, missing = sorted(name() for _ in range(4))
    answer = {
        "Deleted": [{"Key": gone}],
        "Errors": [{"Key": refused, "Code": "AccessDenied"}, {"Key": missing, "Code": "NoSuchKey"}],
    }
    monkeypatch.setattr(s3, "delete_objects", lambda **_: answer)
    outcome = store.delete_many([refused, silent, gone, missing])
    assert outcome.failed == {refused: "AccessDenied", silent: "no answer"}
    assert outcome.gone == {gone, missing}


def test_one_refused_version_keeps_its_name_from_being_gone(versioned, monkeypatch):
    one, other = name(), name()
    for each in (one, one, other):
        versioned.put(each, [b"x"])
    delete = versioned._client.delete_objects

    def refuse_first(**call):
        entries = call["Delete"]["Objects"]
        blocked = next(entry for entry in entries if entry["Key"] == one)
        answer = delete(**(call | {"Delete": {"Objects": [entry for entry in entries if entry is not blocked]}}))
        return answer | {"Errors": [blocked | {"Code": "AccessDenied"}]}

    monkeypatch.setattr(versioned._client, "delete_objects", refuse_first)
    outcome = versioned.delete_many([one, other])
    assert outcome.failed == {one: "AccessDenied"}
    assert outcome.gone == {other}


def test_a_large_object_streams_in_parts_with_constant_memory(s3, bucket):
    # A stand-in client, because the test server would keep every part in this process's memory.
    class Counting:
        parts, done, aborted = 0, None, False

        def get_bucket_versioning(self, **_):
            return {}

        def create_multipart_upload(self, **_):
            return {"UploadId": "1"}

        def upload_part(self, *, Body, PartNumber, **_):
            self.parts += len(Body)
            return {"ETag": str(PartNumber)}

        def complete_multipart_upload(self, *, MultipartUpload, **_):
            self.done = MultipartUpload["Parts"]

    client = Counting()
    store = BucketObjects(client, "b")
    piece = bytes(1_000_000)
    tracemalloc.start()
    assert store.put(name(), (piece for _ in range(100))) == 100_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert client.parts == 100_000_000
    assert [part["PartNumber"] for part in client.done] == list(range(1, 21))
    assert peak < 16_000_000  # the part on its way, and the next while it is put together
    real = BucketObjects(s3, bucket())
    one = name()
    for more in (123, 0):  # the end of a part may be the end of the object
        content = os.urandom(PART_BYTES + more)
        real.put(one, [content])
        assert read(real, one, PART_BYTES - 5) == content[PART_BYTES - 5 :]
        assert everything(real)[0]["Size"] == len(content)


@pytest.mark.parametrize(
    "failure",
    [ClientError({"Error": {"Code": "SlowDown"}}, "x"), EndpointConnectionError(endpoint_url="http://s3")],
)
def test_an_outage_of_the_bucket_is_named(s3, bucket, monkeypatch, failure):
    store = BucketObjects(s3, bucket())
    one = name()
    store.put(one, [b"x"])

    def fail(**_):
        raise failure

    for call in ("put_object", "get_object", "head_object", "delete_objects", "create_multipart_upload"):
        monkeypatch.setattr(s3, call, fail)
    acts = [lambda: store.put(one, [b"x"]), lambda: store.put(one, [bytes(PART_BYTES + 1)])]
    acts += [lambda: read(store, one), lambda: store.size(one), lambda: store.delete_many([one])]
    for act in acts:
        with pytest.raises(ObjectStoreDown):
            act()


def test_an_outage_in_the_middle_of_reading_is_named(s3, bucket, monkeypatch):
    store = BucketObjects(s3, bucket())

    class Body:
        def iter_chunks(self, _):
            yield b"half"
            raise ReadTimeoutError(endpoint_url="http://s3")

        def close(self):
            pass

    monkeypatch.setattr(s3, "get_object", lambda **_: {"Body": Body()})
    with pytest.raises(ObjectStoreDown):
        read(store, name())


# ------------------------------------------------------------------ sealed objects
@pytest.fixture
def sealed(vault_home):
    key = DataKey(uuid4(), ORGANIZATION, os.urandom(32), fresh=True)
    content = os.urandom(200_000)
    one = name()
    stored = objects.put_sealed(key, one, [content])
    return DataKey(key.id, ORGANIZATION, key.secret), one, content, stored


def test_a_sealed_object_reads_by_range_and_shows_nothing(sealed):
    key, one, content, stored = sealed
    assert objects.open_sealed(key, one, stored_bytes=stored).plaintext_bytes == len(content)
    assert b"".join(objects.open_range(key, one)) == content
    assert b"".join(objects.open_range(key, one, 70_000, 99)) == content[70_000:70_099]
    assert content[:32] not in read(objects.store(), one)


def test_a_sealed_object_under_another_name_does_not_open(sealed):
    key, one, _, _ = sealed
    for other in (name(), objects.name(ORGANIZATION, "transcript", ObjectName.parse(one).object_id)):
        objects.store().put(other, objects.store().open(one))
        with pytest.raises(Tampered):
            objects.open_range(key, other)
    with pytest.raises(ObjectMissing):
        objects.open_range(key, name(organization_id=uuid4()))


def test_a_damaged_or_cut_sealed_object_is_named(sealed):
    key, one, _, stored = sealed
    whole = read(objects.store(), one)
    objects.store().put(one, [flipped(whole, 100)])
    with pytest.raises(Tampered):
        b"".join(objects.open_range(key, one))
    objects.store().put(one, [whole[:-5]])
    with pytest.raises(Truncated):
        objects.open_sealed(key, one, stored_bytes=stored)
    objects.store().delete_many([one])
    with pytest.raises(ObjectMissing):
        objects.open_range(key, one)


def test_the_store_of_the_settings(vault_home, settings, s3, bucket):
    assert objects.store().describe().startswith("folder")
    settings.OBJECTS_BACKEND, settings.S3_BUCKET = "s3", bucket()
    assert "not versioned" in objects.store().describe()
    settings.OBJECTS_BACKEND = "tape"
    with pytest.raises(ImproperlyConfigured):
        objects.store()


def test_an_unfinished_upload_that_cannot_be_aborted_keeps_its_name_from_being_gone(s3, bucket, monkeypatch):
    store = BucketObjects(s3, bucket())
    one, other = name(), name()
    for each in (one, other):
        s3.create_multipart_upload(Bucket=store.bucket, Key=each)
    abort = s3.abort_multipart_upload

    def refuse(**call):
        if call["Key"] == one:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "AbortMultipartUpload")
        return abort(**call)

    monkeypatch.setattr(s3, "abort_multipart_upload", refuse)
    outcome = store.delete_many([one, other])
    assert outcome.failed == {one: "AccessDenied"}
    assert outcome.gone == {other}
    monkeypatch.undo()
    assert store.abandon_unfinished(0) == 1
