"""A piece of work in a process of its own, forked from this one and killed at a given moment.

Only from a process without threads of its own. The child opens its own connections; the parent closes its own before.
"""

import mmap
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections

from ground import faults
from ground.jobs import broker

_NAME_BYTES = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """How the child ended: killed by us, done, or failed with an error of its own; and the last place it passed."""

    killed: bool
    failed: bool
    place: str


def killed_after(work: Callable[[], None], seconds: float | None, *, since: str = "") -> Ended:
    """Run `work` in a fork and send SIGKILL after so many seconds (None: let it end).

    `since`: count them from when the child passes this place (see `ground.faults`) instead of from its beginning.
    """
    connections.close_all()
    memory = mmap.mmap(-1, _NAME_BYTES)
    child = os.fork()
    if child == 0:
        _be_the_child(work, memory)
    end = None if seconds is None or since else time.monotonic() + seconds
    wanted, killed = since.encode(), False
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        if end is None and seconds is not None and memory[: len(wanted)] == wanted:
            end = time.monotonic() + seconds
        if end is not None and time.monotonic() >= end and not killed:
            os.kill(child, signal.SIGKILL)
            killed = True
        time.sleep(0.0002 if seconds is not None else 0.01)
    died = os.WIFSIGNALED(status)
    place = bytes(memory[:_NAME_BYTES]).rstrip(b"\0").decode()
    memory.close()
    return Ended(died, not died and os.WEXITSTATUS(status) != 0, place)


def _be_the_child(work: Callable[[], None], memory: mmap.mmap) -> None:
    def remember(name: str) -> None:
        memory[:_NAME_BYTES] = name.encode()[:_NAME_BYTES].ljust(_NAME_BYTES, b"\0")

    code = 1
    try:
        faults.point = remember
        broker.forget_failure()
        remember("begun")
        work()
        remember("ended")
        code = 0
    except BaseException as error:
        remember(f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)
