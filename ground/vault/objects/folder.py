"""Objects as files in private folders, fanned out by the last two characters of their id (which are random).

Order of a write: temporary file in `.incoming` → fsync → rename → fsync of the folder. A crash leaves a temporary
file, which `abandon_unfinished` removes, or the whole object.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from ground.vault.durable import make_folder, sync_folder, write_all
from ground.vault.exceptions import ObjectMissing, ObjectStoreDown
from ground.vault.objects.protocol import PIECE_BYTES, DeleteOutcome, ObjectName, StoredObject, checked_prefix

_INCOMING = ".incoming"


class FolderObjects:
    """An ObjectStore in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / _INCOMING
        with _outage("opening"):
            make_folder(self._incoming)

    def describe(self) -> str:
        return f"folder {self.folder}"

    def put(self, name: str, pieces: Iterable[bytes]) -> int:
        path = self._path(name)
        temporary = self._incoming / os.urandom(12).hex()
        with _outage("creating"):
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            stored = 0
            for piece in pieces:  # the caller's own errors pass through unnamed
                with _outage("writing"):
                    write_all(descriptor, piece)
                stored += len(piece)
            with _outage("writing"):
                os.fsync(descriptor)
                make_folder(path.parent)
                temporary.replace(path)
                sync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return stored

    def open(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with _outage("opening"):
            try:
                file = self._path(name).open("rb", buffering=0)
            except FileNotFoundError:
                raise ObjectMissing(f"no object {name}") from None
        return _pieces(file, start, length)

    def size(self, name: str) -> int:
        with _outage("measuring"):
            try:
                return self._path(name).stat().st_size
            except FileNotFoundError:
                raise ObjectMissing(f"no object {name}") from None

    def exists(self, name: str) -> bool:
        with _outage("looking up"):
            return self._path(name).exists()

    def absent(self, names: Iterable[str]) -> set[str]:
        return {name for name in names if not self.exists(name)}

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        top = self.folder / checked_prefix(prefix)
        with _outage("listing"):
            for folder, _, files in os.walk(top, onerror=_raise):
                if _INCOMING in Path(folder).parts:
                    continue
                for file in files:
                    path = Path(folder, file)
                    organization, category, _, object_id = path.relative_to(self.folder).parts
                    try:
                        yield StoredObject(f"{organization}/{category}/{object_id}", path.stat().st_size)
                    except FileNotFoundError:
                        continue  # purged while we walked

    def delete_many(self, names: Iterable[str]) -> DeleteOutcome:
        gone, failed, folders = set(), {}, set()
        for name in names:
            try:
                path = self._path(name)
                path.unlink(missing_ok=True)
            except OSError as error:
                failed[name] = error.strerror or type(error).__name__
            else:
                gone.add(name)
                folders.add(path.parent)
        for folder in folders:
            if folder.is_dir():
                with _outage("deleting"):
                    sync_folder(folder)
        return DeleteOutcome(frozenset(gone), failed)

    def abandon_unfinished(self, older_than_seconds: int = 86_400) -> int:
        removed = 0
        with _outage("clearing"):
            for path in self._incoming.iterdir():
                if time.time() - path.stat().st_mtime >= older_than_seconds:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _path(self, name: str) -> Path:
        parts = ObjectName.parse(name)
        object_id = str(parts.object_id)
        return self.folder / str(parts.organization_id) / parts.category / object_id[-2:] / object_id


def _pieces(file: FileIO, start: int, length: int | None) -> Iterator[bytes]:
    with file:
        place, left = start, length
        while left is None or left > 0:
            with _outage("reading"):
                piece = os.pread(file.fileno(), PIECE_BYTES if left is None else min(PIECE_BYTES, left), place)
            if not piece:
                return
            yield piece
            place += len(piece)
            left = None if left is None else left - len(piece)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


@contextmanager
def _outage(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ObjectStoreDown(f"object store: {doing} failed: {error.strerror}") from error
