"""The journal as a folder: one file per day, appended under a lock and fsynced before anything is acknowledged.

A crash in the middle of a line leaves a torn tail (no line end): it was never acknowledged and the next append cuts it
off. A complete line that does not read back is damage, is named, and stops replay.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ground.vault.durable import file_lock, make_folder, sync_folder, write_all
from ground.vault.exceptions import JournalDamaged, JournalDown
from ground.vault.journal.entries import JournalEntry

_SUFFIX = ".journal"
_BLOCK = 64 * 1024


class FolderJournal:
    """Append-only day files in a private folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with _outage(folder):
            make_folder(folder)

    def describe(self) -> str:
        return f"folder {self.folder}"

    def append(self, build: Callable[[int], JournalEntry]) -> JournalEntry:
        """Append the entry that `build` makes of the next sequence number; on disk when this returns."""
        with _outage(self.folder), file_lock(self.folder / ".lock"):
            days = self._days()
            entry = build(1 + self._last_sequence(days))
            path = self.folder / f"{entry.at:%Y-%m-%d}{_SUFFIX}"
            if days:
                path = max(path, days[-1])  # a clock that went back does not reorder the journal
            self._append_line(path, entry.to_line(), is_new=not path.exists())
        return entry

    def entries(self, after: int = 0) -> Iterator[JournalEntry]:
        """Entries with a higher sequence than `after`, in order. A torn tail is not an entry."""
        expected: int | None = None
        with _outage(self.folder):
            days = self._days()
        for path in self._days_from(days, after):
            for number, line in enumerate(_lines(path), start=1):
                entry = JournalEntry.from_line(line, f"{path.name} line {number}")
                if expected is not None and entry.sequence != expected:
                    raise JournalDamaged(f"{path.name} line {number}: entry {entry.sequence}, expected {expected}")
                expected = entry.sequence + 1
                if entry.sequence > after:
                    yield entry

    def last_sequence(self) -> int:
        """The sequence of the last acknowledged entry, 0 when there is none."""
        with _outage(self.folder):
            return self._last_sequence(self._days())

    def _days(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{_SUFFIX}"))

    def _days_from(self, days: list[Path], after: int) -> list[Path]:
        """The days that can hold entries beyond `after`: from the last one that begins at or before it."""
        start = 0
        for place, path in enumerate(days):
            first = next(_lines(path), None)
            if first is not None and JournalEntry.from_line(first, f"{path.name} line 1").sequence <= after + 1:
                start = place
        return days[start:]

    def _last_sequence(self, days: list[Path]) -> int:
        for path in reversed(days):
            line = _last_line(path)
            if line is not None:
                return JournalEntry.from_line(line, f"the end of {path.name}").sequence
        return 0

    def _append_line(self, path: Path, line: bytes, *, is_new: bool) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            whole = _whole_bytes(descriptor)
            if whole != os.fstat(descriptor).st_size:
                os.ftruncate(descriptor, whole)  # the torn tail of a writer that died
            try:
                write_all(descriptor, line)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, whole)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self.folder)


def _lines(path: Path) -> Iterator[bytes]:
    with _outage(path), path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield line


def _whole_bytes(descriptor: int) -> int:
    """The length of the file up to and with its last line end."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _last_line(path: Path) -> bytes | None:
    """The last whole line, read from the end."""
    with path.open("rb") as file:
        end = _whole_bytes(file.fileno())
        if end == 0:
            return None
        start, tail = end, b""
        while start > 0:
            step = max(0, start - _BLOCK)
            tail = os.pread(file.fileno(), start - step, step) + tail
            start = step
            found = tail.rfind(b"\n", 0, len(tail) - 1)
            if found >= 0:
                return tail[found + 1 :]
        return tail


@contextmanager
def _outage(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalDown(f"the journal at {where} cannot be used: {error.strerror}") from error
