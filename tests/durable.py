"""What measurements and the soak run on: PostgreSQL and Valkey of this run alone, as durable as in production.

Importing this module starts the servers (as tests/embedded.py does for tests, but with fsync and full-page writes on)
and sets the environment; `start` loads Django, which connects as the restricted application role: row-level security
is real. Models may be imported after it.
"""

import contextlib
import os
from collections.abc import Iterator

os.environ["TEST_DURABLE"] = "1"

import django
import psycopg

from tests import embedded


def start(settings: str) -> None:
    """Django with these settings, before anything of it is used."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    django.setup()


def build() -> None:
    """The schema, once; `fresh()` of a world copies it."""
    embedded.build_templates()


@contextlib.contextmanager
def owner(alias: str = "default") -> Iterator[psycopg.Connection]:
    """The schema's owner in maintenance: sees every row. For planting and counting, never for what is looked at."""
    with embedded.owner(alias) as connection:
        connection.execute("SELECT set_config('app.maintenance', 'on', false)")
        yield connection


def superuser(alias: str | None = "default") -> psycopg.Connection:
    """For tampering, VACUUM and CHECKPOINT, and for reading what the server keeps. None: in no database of ours."""
    return embedded.superuser(alias)


def server() -> str:
    """`PostgreSQL 18.4, fsync on, shared_buffers 128MB`."""
    with superuser(None) as connection:
        row = connection.execute(
            "SELECT split_part(version(), ' ', 2), current_setting('fsync'), current_setting('shared_buffers')"
        ).fetchone()
    assert row is not None
    return f"PostgreSQL {row[0]}, fsync {row[1]}, shared_buffers {row[2]}"
