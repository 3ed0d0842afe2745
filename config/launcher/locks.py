"""One launcher per data folder, one server per port; both checked before anything starts."""

import contextlib
import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Any

from config.launcher.children import wait_until
from config.launcher.messages import FOLDER_UNUSABLE, PORT_IN_USE, RUNNING_ALREADY, Refusal


class FolderLock:
    """A kernel lock on `<data folder>/launcher.lock`: it goes when its holder goes, however that ends.

    The file's text only says who holds it. Text without a lock is what a killed launcher left behind.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "launcher.lock"
        self.stale: dict[str, Any] | None = None
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Refusal(
                f"The data folder {data_dir} cannot be used ({error.strerror}): choose another with DATA_DIR=….",
                code=FOLDER_UNUSABLE,
            ) from error

    def taken(self) -> bool:
        """Takes the lock; False when another launcher holds it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self.stale = self.holder() or None
        return True

    def take(self) -> None:
        """Takes the lock or refuses."""
        if self.taken():
            return
        holder = self.holder()
        where = f" at {holder['address']}" if holder.get("address") else ""
        pid = f" (pid {holder['pid']})" if holder.get("pid") else ""
        raise Refusal(
            f"Sottovoce is already running from {self.path.parent}{where}{pid}: "
            "stop it with Ctrl-C there, or start another with DATA_DIR=… PORT=….",
            code=RUNNING_ALREADY,
        )

    def note(self, **facts: Any) -> None:
        """Says who holds the lock, for the next one who asks."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), **facts}).encode(), 0)

    def holder(self) -> dict[str, Any]:
        """What the holder noted; empty when there is none."""
        with contextlib.suppress(ValueError, OSError):
            noted = json.loads(os.pread(self._descriptor, 4096, 0))
            return noted if isinstance(noted, dict) else {}
        return {}

    def release(self) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def port_number(text: str) -> int:
    """The port from `PORT=`; refuses what is none."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise Refusal(f"PORT={text} is no port: give a number from 1 to 65535.", code=PORT_IN_USE)
    return int(text)


def require_port(port: int, *, patience_seconds: float = 0) -> None:
    """Refuses a port that is taken, and suggests a free one. A killed launcher's web server may take a moment to go."""
    problem = ""

    def free() -> bool:
        nonlocal problem
        problem = _problem(port)
        return not problem

    if wait_until(free, seconds=patience_seconds, every=0.2):
        return
    other = next((candidate for candidate in range(port + 1, port + 100) if not _problem(candidate)), None)
    suggestion = f": try `make up PORT={other}`." if other else "."
    raise Refusal(f"Port {port} {problem}{suggestion}", code=PORT_IN_USE)


def _problem(port: int) -> str:
    if port > 65535:
        return "does not exist"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return "is reserved for root"
        except OSError:
            return "is in use by another program"
    return ""
