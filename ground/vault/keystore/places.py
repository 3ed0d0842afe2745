"""Where key files lie: a folder or a bucket. Small, dumb, and honest about outages.

A place keeps named small files. Its marker file says that this is a key store and which root wrapped it; a place
whose marker is gone is *lost* (an unmounted disk looks like that too) and is refilled only by `repair`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from ground.vault.aws import is_conflict, is_missing, named_outage
from ground.vault.durable import TEMPORARY_SUFFIX, file_lock, make_folder, sync_folder, write_all, write_atomically
from ground.vault.exceptions import KeyStoreDown, KeyStoreUnfit

MARKER = "KEYSTORE"
FILE_SUFFIX = ".keys"
Tag = str | None
"""What a conditional write compares with: None means "no file yet"."""


class Conflict(Exception):
    """A conditional write found another state than the one it was computed from. Read again and repeat."""


class Place(Protocol):
    """Named small files, whole or absent."""

    def describe(self) -> str: ...

    def read(self, name: str) -> tuple[bytes | None, Tag]:
        """The file and its tag; (None, None) when there is none."""

    def write(self, name: str, content: bytes, expected: Tag, *, shred_old: bool = False) -> None:
        """Replace the file durably; Conflict when it is not in the state `expected` (where the place can tell)."""

    def names(self) -> list[str]:
        """Every key file (not the marker)."""

    def writing(self) -> Any:
        """Context manager: no other process writes to this place through it."""


class FolderPlace:
    """One small file per organization in a private folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def describe(self) -> str:
        return f"folder {self.folder}"

    def prepare(self) -> None:
        with _outage(self.folder):
            make_folder(self.folder)

    def read(self, name: str) -> tuple[bytes | None, Tag]:
        with _outage(self.folder):
            try:
                return (self.folder / name).read_bytes(), "here"
            except FileNotFoundError:
                return None, None

    def write(self, name: str, content: bytes, expected: Tag, *, shred_old: bool = False) -> None:
        path = self.folder / name
        with _outage(self.folder):
            old = None
            if shred_old:
                with suppress(FileNotFoundError):
                    old = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                write_atomically(path, content)
                if old is not None:
                    _overwrite(old)
            finally:
                if old is not None:
                    os.close(old)

    def names(self) -> list[str]:
        with _outage(self.folder):
            if not self.folder.is_dir():
                return []
            return sorted(path.name for path in self.folder.iterdir() if path.name.endswith(FILE_SUFFIX))

    @contextmanager
    def writing(self) -> Iterator[None]:
        with _outage(self.folder):
            lock = file_lock(self.folder / ".lock")
            lock.__enter__()
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def clean(self) -> int:
        """Remove temporary files a crash left (their content is wrapped, and may be of a destroyed key)."""
        with _outage(self.folder):
            left = [path for path in self.folder.glob(f"*{TEMPORARY_SUFFIX}") if path.is_file()]
            for path in left:
                descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
                try:
                    _overwrite(descriptor)
                finally:
                    os.close(descriptor)
                path.unlink()
            if left:
                sync_folder(self.folder)
        return len(left)


def _overwrite(descriptor: int) -> None:
    """Best effort on the old blocks of a file that lost its name. Not claimed: disks may keep copies of their own."""
    write_all(descriptor, bytes(os.fstat(descriptor).st_size))
    os.fsync(descriptor)


@contextmanager
def _outage(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyStoreDown(f"the key store folder {folder} cannot be used: {error.strerror}") from error


class BucketPlace:
    """A dedicated bucket without versioning. Writes are conditional (If-Match, If-None-Match).

    Some servers accept the conditions and ignore them. That is found out at start; then `conditional` is False and
    only the keyring's advisory lock, which every writer of a key file holds anyway, keeps writers apart.
    """

    def __init__(self, client: Any, bucket: str, *, prefix: str = "keys/") -> None:
        self._client = client
        self.bucket = bucket
        self._prefix = prefix
        self.conditional = False

    def describe(self) -> str:
        how = "conditional writes" if self.conditional else "no conditional writes: serialised by the keyring's lock"
        return f"bucket {self.bucket} ({how})"

    def prepare(self) -> None:
        """Refuse a versioned bucket and find out whether the server honours conditions."""
        with self._outage("checking"):
            status = self._client.get_bucket_versioning(Bucket=self.bucket).get("Status")
        if status:
            raise KeyStoreUnfit(
                f"bucket {self.bucket} has versioning {status.lower()}: destroyed keys would stay as old versions. "
                "Use a bucket that never had versioning."
            )
        self.conditional = self._honours_conditions()

    def _honours_conditions(self) -> bool:
        probe = f"{self._prefix}probe-{os.urandom(8).hex()}"
        with self._outage("probing"):
            self._client.put_object(Bucket=self.bucket, Key=probe, Body=b"1")
            try:
                return self._refuses(probe, IfNoneMatch="*") and self._refuses(probe, IfMatch='"0"')
            finally:
                self._client.delete_object(Bucket=self.bucket, Key=probe)

    def _refuses(self, key: str, **condition: str) -> bool:
        try:
            self._client.put_object(Bucket=self.bucket, Key=key, Body=b"2", **condition)
        except ClientError as error:
            if is_conflict(error):
                return True
            raise
        return False

    def read(self, name: str) -> tuple[bytes | None, Tag]:
        with self._outage("reading"):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=self._prefix + name)
            except ClientError as error:
                if is_missing(error):
                    return None, None
                raise
            return answer["Body"].read(), answer["ETag"]

    def write(self, name: str, content: bytes, expected: Tag, *, shred_old: bool = False) -> None:
        condition: dict[str, str] = {}
        if self.conditional:
            condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        with self._outage("writing"):
            try:
                self._client.put_object(Bucket=self.bucket, Key=self._prefix + name, Body=content, **condition)
            except ClientError as error:
                if is_conflict(error):
                    raise Conflict from error
                raise

    def names(self) -> list[str]:
        found: list[str] = []
        with self._outage("listing"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._prefix)
            for page in pages:
                found += [item["Key"].removeprefix(self._prefix) for item in page.get("Contents", ())]
        return sorted(name for name in found if name.endswith(FILE_SUFFIX))

    @contextmanager
    def writing(self) -> Iterator[None]:
        yield

    def clean(self) -> int:
        return 0

    def _outage(self, doing: str) -> Any:
        return named_outage(KeyStoreDown, f"{doing} bucket {self.bucket}")
