"""What the platform consists of: its servers, its programs, and what each of them may know."""

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.launcher import children, messages, servers
from config.launcher.credentials import Credentials
from config.launcher.logs import DayLog, DayLogs, Log
from config.launcher.messages import STEP_FAILED, Refusal
from config.launcher.places import run_dir_for
from config.launcher.postgres import EmbeddedPostgres
from config.launcher.processes import Family, Program
from config.launcher.valkey import EmbeddedValkey

ROOT = Path(__file__).resolve().parents[2]
_NOT_INHERITED = {
    "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES",
    "DATABASE_URL", "KEYRING_DATABASE_URL", "DATABASE_OWNER_URL", "KEYRING_DATABASE_OWNER_URL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the databases and the queue are."""

    main: servers.Pair
    keyring: servers.Pair
    redis: str
    redis_cache: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the programs' environments are made of."""

    servers: Servers
    credentials: Credentials
    data_dir: Path
    address: str
    environ: Mapping[str, str]

    def for_application(self) -> dict[str, str]:
        """For web, worker and beat: the restricted role, never the owner."""
        made = {
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "SECRET_KEY": self.credentials.secret_key,
            "PUBLIC_BASE_URL": self.address,
            "PYTHONUNBUFFERED": "1",
        }
        inherited = {name: value for name, value in self.environ.items() if name not in _NOT_INHERITED}
        fixed = {
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.servers.main.app,
            "KEYRING_DATABASE_URL": self.servers.keyring.app,
            "REDIS_URL": self.servers.redis,
        }
        if self.servers.redis_cache:
            fixed["REDIS_CACHE_URL"] = self.servers.redis_cache
        return made | inherited | fixed

    def for_owner(self) -> dict[str, str]:
        """For migrations, provisioning, nightly work, backup and restore."""
        return self.for_application() | {
            "DATABASE_OWNER_URL": self.servers.main.owner,
            "KEYRING_DATABASE_OWNER_URL": self.servers.keyring.owner,
        }


def data_dir(environ: Mapping[str, str]) -> Path:
    """`DATA_DIR=`, relative to the checkout; `var` where it is not given."""
    return (ROOT / Path(environ.get("DATA_DIR") or "var").expanduser()).resolve()


def log_dir(environ: Mapping[str, str], folder: Path) -> Path:
    return Path(environ.get("LOG_DIR") or folder / "logs")


def locate_servers(folder: Path, kept: Credentials, environ: Mapping[str, str]) -> Servers:
    """Where the servers of this data folder are, running or not."""
    main = servers.given_main(environ, kept)
    keyring = servers.given_keyring(environ, kept, main)
    postgres, valkey = _embedded_postgres(folder), _embedded_valkey(folder)
    redis = environ.get("REDIS_URL", "")
    return Servers(
        main=main or servers.embedded_pair(postgres, kept, servers.MAIN),
        keyring=keyring or servers.embedded_pair(postgres, kept, servers.KEYRING),
        redis=redis or valkey.url(0),
        redis_cache=environ.get("REDIS_CACHE_URL", "") or ("" if redis else valkey.url(1)),
    )


def start_servers(
    family: Family,
    logs: DayLogs,
    folder: Path,
    kept: Credentials,
    environ: Mapping[str, str],
    *,
    tell: Callable[[str, str], None] = messages.step,
) -> Servers:
    """Afterwards both databases and the queue answer; embedded where the user names none."""
    located = locate_servers(folder, kept, environ)
    main = servers.given_main(environ, kept)
    keyring = servers.given_keyring(environ, kept, main)
    if main:
        servers.require_postgres(main)
        tell("PostgreSQL", servers.without_password(main.owner))
    if keyring:
        named = environ.get("KEYRING_DATABASE_URL") or environ.get("KEYRING_DATABASE_OWNER_URL")
        servers.require_postgres(keyring, make_on=main.owner if main and not named else "")
        tell("PostgreSQL for the keyring", servers.without_password(keyring.owner))
    if main is None or keyring is None:
        postgres = _embedded_postgres(folder, logs.of("postgres"))
        family.start("PostgreSQL", postgres)
        servers.set_up(
            postgres, kept, [name for name, pair in ((servers.MAIN, main), (servers.KEYRING, keyring)) if not pair]
        )
        tell("PostgreSQL", "embedded")
    if environ.get("REDIS_URL"):
        servers.require_redis(located.redis)
        tell("Redis", servers.without_password(located.redis))
    else:
        family.start("Valkey", _embedded_valkey(folder, logs.of("valkey")))
        tell("Valkey", "embedded")
    return located


def _embedded_postgres(folder: Path, log: Log | None = None) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "postgres", run_dir_for(folder), log=log, notice=messages.say)


def _embedded_valkey(folder: Path, log: Log | None = None) -> EmbeddedValkey:
    return EmbeddedValkey(folder / "valkey", run_dir_for(folder), log=log)


def prepare(settings: Settings, logs: DayLogs) -> list[str]:
    """Migrates, provisions, collects static files; returns which optional commands the platform has."""
    messages.step("migrations, roles, static files")
    command = [sys.executable, "-m", "config.launcher.prepare"]
    output = _run(command, settings.for_owner(), logs.of("prepare"), "Preparing the databases")
    for pair in (settings.servers.main, settings.servers.keyring):
        servers.require_app_login(pair)
    commands: list[str] = json.loads(output.splitlines()[-1])["commands"]
    return commands


def load_demo(settings: Settings, logs: DayLogs) -> None:
    """Once per data folder; `DEMO=0` leaves the platform empty."""
    if settings.environ.get("DEMO") == "0" or (settings.data_dir / "demo-logins.json").exists():
        return
    messages.step("demo data")
    command = [sys.executable, "manage.py", "demo"]
    _run(command, settings.for_application(), logs.of("demo"), "Loading the demo data")


def start_programs(family: Family, logs: DayLogs, settings: Settings, port: int, *, nightly: bool) -> None:
    """Web, worker, beat, and the nightly keeper of keys and backups (the only one that knows the owner)."""
    python, plain = sys.executable, settings.for_application()
    pooled = plain | {"DATABASE_POOL": "true"}
    gunicorn = [python, "-m", "gunicorn", "-c", "python:config.gunicorn", "--bind", f"127.0.0.1:{port}"]
    celery = [python, "-m", "celery", "-A", "config.celery"]
    worker = [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    beat = [*celery, "beat", "--pidfile=", "--schedule", str(settings.data_dir / "beat-schedule"), "--loglevel", "INFO"]

    def program(
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *ending: tuple[signal.Signals, float],
        orphaned: signal.Signals,
    ) -> None:
        family.start(name, Program(command, environment, logs.of(name), ending, orphaned, ROOT))
        messages.step(name)

    term, quit_ = signal.SIGTERM, signal.SIGQUIT
    program("web", gunicorn, pooled, (term, 20), (quit_, 5), orphaned=quit_)
    # Orphaned, the worker is killed: its quick shutdown can hang once the queue is gone, and jobs are leased anyway.
    program("worker", worker, plain, (term, 60), (quit_, 15), orphaned=signal.SIGKILL)
    program("beat", beat, plain, (term, 10), orphaned=term)
    if nightly:
        command = [python, "manage.py", "nightly", "--watch"]
        program("nightly", command, settings.for_owner(), (term, 60), orphaned=term)


def manage(settings: Settings, arguments: Sequence[str]) -> int:
    """One management command with the owner's rights, its output on this terminal."""
    environment = settings.for_owner()
    if arguments[:1] == ["migrate"]:
        environment |= {
            "DATABASE_URL": settings.servers.main.owner,
            "KEYRING_DATABASE_URL": settings.servers.keyring.owner,
        }
    return subprocess.run([sys.executable, "manage.py", *arguments], env=environment, cwd=ROOT, check=False).returncode


def _run(command: Sequence[str], environment: Mapping[str, str], log: DayLog, what: str) -> str:
    """Runs one step to its end, interruptible; returns what it printed, which is also in its log."""
    with tempfile.TemporaryFile() as output:
        process = children.spawn(command, log=output, env=environment, cwd=ROOT)
        try:
            children.wait_until(lambda: process.poll() is not None, seconds=float("inf"))
        finally:
            children.kill_group(process.pid)
            output.seek(0)
            printed = output.read()
            log.write(printed)
    text = printed.decode(errors="replace").strip()
    if process.wait():
        last = text.splitlines()[-1] if text else f"exit code {process.returncode}"
        last = re.sub(r"^[\w.]+\.(CommandError|ImproperlyConfigured): ", "", last)
        raise Refusal(f"{what} failed: {last} (all of it in {log.path})", code=STEP_FAILED)
    return text
