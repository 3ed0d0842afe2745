"""The whole platform as processes: web, worker, beat as the launcher starts them, on this world's servers and folders.

Children are started from the main thread only (see `config.launcher.children`): figures kill and start again there,
and let threads do the sending.
"""

import contextlib
import io
import json
import os
import socket
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from config.launcher import parts
from config.launcher.children import wait_until
from config.launcher.credentials import Credentials
from config.launcher.logs import FileLog
from config.launcher.processes import Family, Program
from config.launcher.servers import Pair
from soak import world

READY_SECONDS = 60.0


class _Logs:
    """One plain file per program, outside of the platform's own folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, name: str) -> FileLog:
        return FileLog(self.folder / f"{name}.log")


class Platform:
    """What runs. `programs` by name; each leads a process group of its own."""

    def __init__(self, **environment: str) -> None:
        self.folder = world.HOME / "programs"
        self.folder.mkdir(exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = parts.Settings(
            parts.Servers(
                Pair(os.environ["DATABASE_URL"], ""),
                Pair(os.environ["KEYRING_DATABASE_URL"], ""),
                os.environ["REDIS_URL"],
                os.environ["REDIS_CACHE_URL"],
            ),
            Credentials(os.environ["SECRET_KEY"], "", ""),
            Path(world.environment()["DATA_DIR"]),
            self.url,
            {**world.environment(), **environment},
        )
        self.programs: dict[str, Program] = {}

    def start(self) -> "Platform":
        """Afterwards the platform answers that it is ready."""
        family = Family(say=lambda sentence: None)
        with contextlib.redirect_stdout(io.StringIO()):
            parts.start_programs(family, _Logs(self.folder), self.settings, self.port, nightly=False)
        self.programs = {member.name: member.service for member in family.members}
        world.closing(self.stop)
        self.require_ready()
        return self

    def another(self, name: str, like: str) -> None:
        """One more of a kind: `another("beat-2", "beat")`."""
        model = self.programs[like]
        schedule = str(self.settings.data_dir / "beat-schedule")
        command = [f"{part}-{name}" if part == schedule else part for part in model.command]
        self.programs[name] = replace(model, command=command, log=_Logs(self.folder).of(name), process=None)
        self.programs[name].start()

    def kill(self, name: str) -> None:
        """SIGKILL to the program and all that it leads."""
        self.programs[name].kill()

    def start_again(self, name: str) -> None:
        self.programs[name].start()

    def tend(self) -> list[str]:
        """Start again who is gone; returns their names."""
        gone = [name for name, one in self.programs.items() if one.process is None or one.process.poll() is not None]
        for name in gone:
            self.programs[name].kill()
            self.programs[name].start()
        return gone

    def stop(self) -> None:
        for program in reversed(list(self.programs.values())):
            program.kill()
        self.programs.clear()

    # ---- what is seen from outside
    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(json.load(answer)["ready"])
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def require_ready(self) -> float:
        """Seconds until the platform says it is ready; raises when that takes too long."""
        began = time.monotonic()
        if not wait_until(self.ready, seconds=READY_SECONDS, every=0.1):
            raise TimeoutError(f"not ready within {READY_SECONDS:g} s\n{self.told()}")
        return time.monotonic() - began

    def pids(self, name: str) -> list[int]:
        """The program's process and its children, as far as they live."""
        process = self.programs[name].process
        return [] if process is None or process.poll() is not None else [process.pid, *children_of(process.pid)]

    def resident(self) -> dict[str, int]:
        """Megabytes of memory by program, its children included."""
        return {name: sum(map(_resident_bytes, self.pids(name))) // 2**20 for name in self.programs}

    def told(self) -> str:
        """The end of every log."""
        return "\n".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in sorted(self.folder.glob("*.log")))


_running: Platform | None = None


def shared() -> Platform:
    """The platform that figures share: started once, whole again at every call."""
    global _running
    if _running is None or not _running.programs:
        world.fresh()
        _running = Platform().start()
    elif _running.tend():
        _running.require_ready()
    return _running


def children_of(pid: int) -> list[int]:
    """Direct children of a process."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _resident_bytes(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
