"""What figures run on: the platform's code on servers of this run, as durable as in production (`tests.durable`).

Importing this module starts the servers, sets the environment and loads Django. `fresh()` gives new databases and new
folders; programs started through `soak.platform` work on the same.
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

from tests import durable, embedded

durable.start("soak.settings")

import redis
from django.conf import settings
from django.db import connections

from ground import vault
from ground.jobs import broker
from tests import factories
from tests.processes import folders

build, owner, superuser, server = durable.build, durable.owner, durable.superuser, durable.server
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
