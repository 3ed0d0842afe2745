"""Starting programs that never outlive us, and never as root where they refuse it.

Every child gets a session of its own (the terminal's Ctrl-C reaches only the launcher, which stops things in order)
and a parent-death signal (a killed launcher takes its children with it). The signal is set after the change of
user, because the kernel clears it then; it belongs to the thread that starts the child, so children are
started from the main thread only.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from config.launcher.logs import Output
from config.launcher.messages import ROOT_WITHOUT_A_USER, Refusal

_SET_PARENT_DEATH_SIGNAL = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged system user that the database server runs as when the launcher itself is root."""

    name: str
    uid: int
    gid: int


class Interrupted(Exception):
    """Somebody asked us to stop (Ctrl-C, SIGTERM, a closed terminal)."""


class Interrupts:
    """Counts the requests to stop; waiting ends as soon as there are more than `tolerated`."""

    def __init__(self) -> None:
        self.count = 0
        self.tolerated = 0

    def listen(self) -> None:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1

    def check(self) -> None:
        if self.count > self.tolerated:
            raise Interrupted


interrupts = Interrupts()


def unprivileged() -> Account | None:
    """None when we are an ordinary user already; otherwise `postgres`, or `nobody` where there is none."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise Refusal(
        "PostgreSQL does not run as root and this machine has no user `postgres` or `nobody`: "
        "start as an ordinary user.",
        code=ROOT_WITHOUT_A_USER,
    )


def spawn(
    command: Sequence[str],
    *,
    log: Output,
    env: Mapping[str, str],
    account: Account | None = None,
    dies_with: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command`; `dies_with` is the signal it gets from the kernel should the launcher vanish."""
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=log.fileno(),
        stderr=subprocess.STDOUT,
        env=dict(env),
        cwd=cwd,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_leash(dies_with),  # the only place after the change of user and before the program
    )


def _leash(dies_with: signal.Signals) -> Callable[[], None]:
    launcher = os.getpid()

    def hold() -> None:
        if _libc is not None:
            _libc.prctl(_SET_PARENT_DEATH_SIGNAL, int(dies_with), 0, 0, 0)
        if os.getppid() != launcher:  # gone before the signal was set
            os._exit(1)

    return hold


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """True as soon as `condition` holds, False when `seconds` have passed; raises `Interrupted`."""
    end = time.monotonic() + seconds
    while not condition():
        interrupts.check()
        if time.monotonic() >= end:
            return False
        time.sleep(every)
    return True


def stop(process: subprocess.Popen[bytes], *signals: tuple[signal.Signals, float]) -> int:
    """Sends each signal in turn and waits the seconds after it, until the process has ended; returns its exit code.

    Whatever it left in its process group (pool workers of a killed parent) is killed.
    """
    for name, seconds in signals:
        if process.poll() is None:
            process.send_signal(name)
            wait_until(lambda: process.poll() is not None, seconds=seconds)
    kill_group(process.pid)
    return process.wait()


def kill_group(group: int) -> None:
    """Ends what is left of the process group that a child led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def alive(pid: int) -> bool:
    """True while a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
