"""What figures run on: the platform's code on an embedded PostgreSQL and Valkey of this run, durable as in production.

Importing this module starts the servers (as tests/embedded.py does for tests), sets the environment and loads Django,
which connects as the restricted application role. `fresh()` gives new databases and new folders; programs started
through `soak.platform` work on the same.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ["TEST_DURABLE"] = "1"

from tests import embedded  # isort: skip  # starts the servers and sets the environment, before Django reads it

os.environ["DJANGO_SETTINGS_MODULE"] = "soak.settings"

import django

django.setup()

import psycopg
import redis
from django.conf import settings
from django.db import connections

from ground import vault
from ground.jobs import broker
from tests import factories
from tests.processes import folders

POSTGRES, VALKEY, HOME = embedded.POSTGRES, embedded.VALKEY, embedded.HOME
ALIASES = ("default", "keyring")
_FOLDERS = {
    "DATA_DIR": "data",
    "KEYSTORE_PATH": "keystore",
    "KEYSTORE_MIRROR_PATH": "keystore-mirror",
    "OBJECTS_PATH": "objects",
    "JOURNAL_PATH": "journal",
    "BACKUP_PATH": "backups",
    "LOG_DIR": "logs",
}
_closing: list[Callable[[], None]] = []


def build() -> None:
    """The schema, once. `fresh()` copies it."""
    embedded.build_templates()


def fresh() -> Path:
    """New databases as the migrations leave them, new folders, an empty queue; programs of before are stopped."""
    close()
    connections.close_all()
    home = embedded.HOME / "world"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name, folder in _FOLDERS.items():
        (home / folder).mkdir()
        setattr(settings, name, home / folder)
    settings.ROOT_KEY_FILE = home / "keys" / "root.key"
    vault.forget_everything()
    broker.forget_failure()
    embedded.copy_databases()
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    return home


def close() -> None:
    """Stop what runs on this world (see `closing`)."""
    while _closing:
        _closing.pop()()


def closing(stop: Callable[[], None]) -> None:
    """`stop` is called before the world goes."""
    _closing.append(stop)


def environment() -> dict[str, str]:
    """For a program on this world's databases and folders, with the rights of the application."""
    inherited = {name: value for name, value in os.environ.items() if "OWNER_URL" not in name}
    return {**inherited, **folders(settings)}


def organization(**fields: Any) -> UUID:
    """The id of a new organization."""
    identifier: UUID = factories.organization(**fields).id
    return identifier


@contextlib.contextmanager
def owner(alias: str = "default") -> Iterator[psycopg.Connection]:
    """The schema's owner in maintenance: sees every row. For planting and counting, never for what is tested."""
    with embedded.owner(alias) as connection:
        connection.execute("SELECT set_config('app.maintenance', 'on', false)")
        yield connection


@contextlib.contextmanager
def superuser(alias: str | None = "default") -> Iterator[psycopg.Connection]:
    """For tampering, and for reading what the server keeps."""
    with embedded.superuser(alias) as connection:
        yield connection


def only_us(*, seconds: float = 30) -> None:
    """Waits until no session but this process's own is left: a server process outlives its killed client a little."""
    connections.close_all()
    with superuser(None) as connection:
        for _ in range(int(seconds * 50)):
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND backend_type = 'client backend'",
                [embedded.APP],
            ).fetchone()
            if row == (0,):
                return
            time.sleep(0.02)
    raise TimeoutError("somebody else is still connected")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder outside of the platform's, for what must not be seen by it."""
    folder = Path(tempfile.mkdtemp(prefix="sv-soak-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def server() -> str:
    """`PostgreSQL 18.4, fsync on`."""
    with superuser(None) as connection:
        row = connection.execute("SELECT split_part(version(), ' ', 2), current_setting('fsync')").fetchone()
    assert row is not None
    return f"PostgreSQL {row[0]}, fsync {row[1]}"
