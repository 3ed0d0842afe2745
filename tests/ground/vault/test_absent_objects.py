"""Which of many objects are not there: a bucket is asked in pages, and believed about a loss only by name."""

from uuid import UUID, uuid4

import pytest

from ground.vault import objects
from ground.vault.objects import BucketObjects, FolderObjects
from ground.vault.objects import bucket as buckets

ORGANIZATION = UUID(int=41)


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    if request.param == "folder":
        return FolderObjects(tmp_path / "objects")
    return BucketObjects(request.getfixturevalue("s3"), request.getfixturevalue("bucket")())


def names(count, category="recording"):
    return sorted(objects.name(ORGANIZATION, category, uuid4()) for _ in range(count))


def test_what_is_absent_is_named_in_every_category(store):
    there, gone = names(4) + names(3, "contact"), names(3) + names(2, "contact")
    for name in [*there, *names(5)]:
        store.put(name, [b"x"])
    assert store.absent([*gone, *there]) == set(gone)
    assert store.absent(there) == store.absent([]) == set()


def test_a_bucket_answers_for_a_page_with_one_listing(s3, bucket, monkeypatch):
    store = BucketObjects(s3, bucket())
    there = names(30)
    for name in there:
        store.put(name, [b"x"])
    monkeypatch.setattr(s3, "head_object", lambda **call: pytest.fail("asked one by one"))
    assert store.absent(there) == set()


def test_names_far_apart_are_asked_by_name(s3, bucket, monkeypatch):
    """Thousands of others between two names cost a few pages, not all of them."""
    monkeypatch.setattr(buckets, "_NEIGHBOUR_PAGES", 1)
    store = BucketObjects(s3, bucket())
    there = names(1_001)
    for name in there:
        store.put(name, [b"x"])
    asked, head = [], s3.head_object
    monkeypatch.setattr(s3, "head_object", lambda **call: asked.append(call["Key"]) or head(**call))
    missing = there[-1][:-1] + ("0" if there[-1][-1] != "0" else "1")
    assert store.absent([there[0], there[-1], missing]) == {missing}
    assert set(asked) <= {there[-1], missing}


def test_a_listing_out_of_order_loses_nothing(s3, bucket, monkeypatch):
    store = BucketObjects(s3, bucket())
    there = names(6)
    for name in there:
        store.put(name, [b"x"])
    monkeypatch.setattr(store, "_listed", lambda prefix, wanted: iter(wanted[:2]))
    assert store.absent(there) == set()
