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
from typing import IO

from config.launcher.messages import ROOT_WITHOUT_A_USER, Refusal

_SET_PARENT_DEATH_SIGNAL = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Log = IO[bytes] | int


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged system user that the database server runs as when the launcher itself is root."""

    name: str
    uid: int
    gid: int


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
    log: Log,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    dies_with: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts `command`; `dies_with` is the signal it gets from the kernel should the launcher vanish."""
    return subprocess.Popen(  # noqa: S603 - our own commands, no shell
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=cwd,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_leash(dies_with),  # noqa: PLW1509 - one thread, and the only place after the change of user
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
    """True as soon as `condition` holds, False when `seconds` have passed."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(every)
    return True


def stop(process: subprocess.Popen[bytes], *signals: tuple[signal.Signals, float]) -> int:
    """Sends each signal in turn, with the seconds to wait after it, until the process has ended; then kills its group."""
    for name, seconds in signals:
        if process.poll() is None:
            process.send_signal(name)
            wait_until(lambda: process.poll() is not None, seconds=seconds)
    kill_group(process.pid)
    return process.wait()


def kill_group(group: int) -> None:
    """Ends what a dead child left behind in its session's process group (pool workers, for one)."""
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
