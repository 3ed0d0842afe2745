"""Files that are there whole or not at all, and stay after a power cut.

Order of an atomic write: temporary file in the same folder → fsync → rename → fsync of the folder. A crash leaves the
old file or the new one, and at most a temporary file, which the next write of the same name overwrites.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY_SUFFIX = ".new"


def sync_folder(folder: Path) -> None:
    """Make renames, creations and removals in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create `folder` (and parents), private to us, durably. Does nothing when it exists."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte (os.write may take fewer)."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, private to us. Callers hold a lock: the temporary name is fixed on purpose."""
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    sync_folder(path.parent)


def create_exclusively(path: Path, content: bytes) -> bool:
    """Create `path` whole, private to us; False when it already exists (another process won)."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
        sync_folder(path.parent)
    return True


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the exclusive lock on `path` (created when missing). The kernel frees it when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
