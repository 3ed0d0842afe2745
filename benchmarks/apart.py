"""Work in a process of its own, as a worker does it: it does not share our interpreter's lock, nor our memory."""

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connections


class Child:
    """A forked process at work. What it returns must be JSON."""

    def __init__(self, work: Callable[[], Any]) -> None:
        connections.close_all()  # two processes must not talk on one socket
        self._from, into = os.pipe()
        self._said: list[bytes] = []
        self.id = os.fork()
        if self.id == 0:
            os.close(self._from)
            _work_and_leave(work, into)
        os.close(into)
        os.set_blocking(self._from, False)
        self._over = False

    @property
    def over(self) -> bool:
        """Whether it has ended; reads what it said meanwhile."""
        while not self._over:
            try:
                piece = os.read(self._from, 65_536)
            except BlockingIOError:
                return False
            self._said.append(piece)
            self._over = not piece
        return True

    def result(self) -> Any:
        """What the work returned, once it has ended. RuntimeError with its traceback if it failed."""
        os.set_blocking(self._from, True)
        while not self.over:
            pass
        os.close(self._from)
        os.waitpid(self.id, 0)
        told = json.loads(b"".join(self._said) or b'{"error": "the process vanished"}')
        if "error" in told:
            raise RuntimeError(told["error"])
        return told["result"]


def apart(work: Callable[[], Any]) -> Any:
    """Do it in a process of its own and wait."""
    return Child(work).result()


def _work_and_leave(work: Callable[[], Any], into: int) -> None:
    """In the child: never returns, and leaves without the parent's exit handlers, which would stop the servers."""
    try:
        told = {"result": work()}
    except BaseException:
        told = {"error": traceback.format_exc()}
    try:
        os.set_blocking(into, True)
        with os.fdopen(into, "wb") as pipe:
            pipe.write(json.dumps(told).encode())
    finally:
        os._exit(0)


def growth(work: Callable[[], Any]) -> float:
    """MiB by which this process grows at most while it works, over what it had before. Linux."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _status("VmRSS")
    work()
    return (_status("VmHWM") - before) / 1024


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)
