"""Object stores that change, break or answer in pieces while they are worked with."""

import os
from uuid import UUID

import pytest

from ground.vault import aws
from ground.vault.exceptions import ObjectStoreDown
from ground.vault.objects import BucketObjects, FolderObjects


def test_without_keys_of_ours_boto_looks_where_it_always_does(settings):
    settings.S3_ACCESS_KEY_ID = ""
    assert aws._credentials() == {}


def test_neighbours_beyond_the_last_name_are_not_listed(s3, bucket, monkeypatch):
    store = BucketObjects(s3, bucket(versioned=True))
    names = sorted(f"{UUID(int=1)}/recording/{UUID(int=number)}" for number in range(8))
    for name in names:
        store.put(name, [b"sound"])
    listed, pages = [], store._version_pages

    def small_pages(prefix):
        for page in pages(prefix):
            entries = page.get("Versions", [])
            for start in range(0, len(entries), 2):
                part = entries[start : start + 2]
                listed.append(part)
                yield {"Versions": part, "IsTruncated": True, "NextKeyMarker": part[-1]["Key"]}

    monkeypatch.setattr(store, "_version_pages", small_pages)
    assert store.delete_many(names[:3]).gone == frozenset(names[:3])
    assert [entry["Key"] for part in listed for entry in part][:4] == names[:4]
    assert {found.name for found in store.list()} == set(names[3:])


def test_a_folder_that_is_purged_or_broken_while_it_is_listed(tmp_path, monkeypatch):
    store = FolderObjects(tmp_path / "objects")
    names = [f"{UUID(int=1)}/recording/{UUID(int=number)}" for number in (0x1AA, 0x2AA)]
    for name in names:
        store.put(name, [b"sound"])
    walk = os.walk

    def purged_meanwhile(top, onerror):
        for found in walk(top, onerror=onerror):
            if found[2]:
                store.delete_many(names[:1])
            yield found

    monkeypatch.setattr(os, "walk", purged_meanwhile)
    assert [found.name for found in store.list()] == names[1:]

    def broken(top, onerror):
        onerror(FileNotFoundError("gone: nothing to list"))
        onerror(PermissionError("not ours"))
        yield from ()

    monkeypatch.setattr(os, "walk", broken)
    with pytest.raises(ObjectStoreDown):
        list(store.list())
