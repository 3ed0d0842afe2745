"""What the programs print, in one file per program and UTC day: the purge of old logs removes whole files."""

import contextlib
import os
import selectors
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Output(Protocol):
    """What a program can write to."""

    def fileno(self) -> int: ...


class Log(Output, Protocol):
    """Where a program's output goes, and where a person finds it."""

    @property
    def path(self) -> Path: ...


class FileLog:
    """One plain file, for a server that lives no longer than its data; made when it is first written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def fileno(self) -> int:
        if self._descriptor is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self._descriptor


class DayLog:
    """The writing end of a pipe whose other end `DayLogs` reads."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.reading_end, self._writing_end = os.pipe()

    def fileno(self) -> int:
        return self._writing_end

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}-{datetime.now(UTC):%Y-%m-%d}.log"

    def write(self, data: bytes) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)


class DayLogs:
    """Carries what the programs print into their files, on a thread of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._selector = selectors.DefaultSelector()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def of(self, name: str) -> DayLog:
        """The log of one program; its name is the first part of the file's name."""
        log = DayLog(self.folder, name)
        self._selector.register(log.reading_end, selectors.EVENT_READ, log)
        return log

    def close(self) -> None:
        """Writes what is still in the pipes."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _carry(self) -> None:
        while True:
            ended = self._ended.is_set()
            ready = self._selector.select(timeout=0 if ended else 0.2)
            for key, _ in ready:
                with contextlib.suppress(OSError):  # a full disk must not stop the programs
                    key.data.write(os.read(key.fd, 1 << 16))
            if ended and not ready:
                return
