"""Encrypted objects: recordings and packages, sealed in chunks, in a folder or a bucket."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ground.vault.aws import s3_client
from ground.vault.exceptions import ObjectMissing, Truncated
from ground.vault.objects.bucket import BucketObjects
from ground.vault.objects.folder import FolderObjects
from ground.vault.objects.protocol import DeleteOutcome, ObjectName, ObjectStore, StoredObject
from ground.vault.sealing import DataKey
from ground.vault.stream import SealedReader, seal_stream

__all__ = [
    "BucketObjects",
    "DeleteOutcome",
    "FolderObjects",
    "ObjectName",
    "ObjectStore",
    "StoredObject",
    "name",
    "open_range",
    "open_sealed",
    "put_sealed",
    "seal_stream",
    "store",
]


@lru_cache(maxsize=1)
def store() -> ObjectStore:
    """The object store of the settings, opened once per process."""
    if settings.OBJECTS_BACKEND == "folder":
        return FolderObjects(Path(settings.OBJECTS_PATH))
    if settings.OBJECTS_BACKEND == "s3" and settings.S3_BUCKET:
        return BucketObjects(s3_client(), settings.S3_BUCKET)
    raise ImproperlyConfigured("OBJECTS_BACKEND must be folder, or s3 together with S3_BUCKET.")


def name(organization_id: UUID, category: str, object_id: UUID) -> str:
    """The opaque name of an object."""
    return str(ObjectName(organization_id, category, object_id))


def put_sealed(key: DataKey, object_name: str, pieces: Iterable[bytes], *, slot: str = "object") -> int:
    """Seal `pieces` under the key's slot and store them, in constant memory. Returns the bytes stored."""
    parts = _of_this_key(key, object_name)
    return store().put(
        object_name, seal_stream(key, pieces, category=parts.category, object_id=parts.object_id, slot=slot)
    )


def open_sealed(
    key: DataKey, object_name: str, *, slot: str = "object", stored_bytes: int | None = None
) -> SealedReader:
    """A reader of the object; its end is verified when this returns.

    `stored_bytes`: what `put_sealed` returned, if the caller kept it. Raises ObjectMissing, Truncated, Tampered.
    """
    parts = _of_this_key(key, object_name)
    source = store()
    there = source.size(object_name)
    if stored_bytes is not None and there < stored_bytes:
        raise Truncated(f"object {object_name} has {there} of {stored_bytes} bytes")

    def read(start: int, length: int) -> Iterator[bytes]:
        return source.open(object_name, start, length)

    return SealedReader(key, read, there, category=parts.category, object_id=parts.object_id, slot=slot)


def open_range(
    key: DataKey, object_name: str, start: int = 0, length: int | None = None, *, slot: str = "object"
) -> Iterator[bytes]:
    """The plaintext of one byte range, in pieces of at most 64 KiB."""
    return open_sealed(key, object_name, slot=slot).read(start, length)


def _of_this_key(key: DataKey, object_name: str) -> ObjectName:
    parts = ObjectName.parse(object_name)
    if parts.organization_id != key.organization_id:
        raise ObjectMissing(f"object {object_name} is not of the organization of data key {key.id}")
    return parts
