"""What the measurements run on: the platform on an embedded PostgreSQL of its own, durable as in production.

Importing this module starts the servers (as tests/embedded.py does for tests, but with fsync and full-page writes
on), builds the schema as the owner, and connects as the restricted application role: row-level security is real.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

os.environ["TEST_DURABLE"] = "1"

from tests import embedded  # isort: skip  # starts the servers and sets the environment, before Django reads it

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"

import django

django.setup()

import psycopg
from django.db import connections

from ground import vault
from tests import factories


def build() -> None:
    """The schema, once. `fresh()` copies it."""
    embedded.build_templates()


def fresh() -> None:
    """New databases, as the migrations leave them, and nothing remembered of the old ones."""
    connections.close_all()
    vault.forget_everything()
    embedded.copy_databases()


def organization(**fields: Any) -> UUID:
    """The id of a new organization."""
    identifier: UUID = factories.organization(**fields).id
    return identifier


@contextlib.contextmanager
def owner(alias: str = "default") -> Iterator[psycopg.Connection]:
    """The schema's owner in maintenance: sees every row. For planting and counting, never for what is measured."""
    with embedded.owner(alias) as connection:
        connection.execute("SELECT set_config('app.maintenance', 'on', false)")
        yield connection


@contextlib.contextmanager
def superuser(alias: str = "default") -> Iterator[psycopg.Connection]:
    """For VACUUM, CHECKPOINT and reading statistics."""
    with embedded.superuser(alias) as connection:
        yield connection


def settle(*tables: str) -> None:
    """Vacuum, analyse and checkpoint, so that a measurement does not pay for the planting before it."""
    with superuser() as connection:
        for table in tables:
            connection.execute(f"VACUUM (ANALYZE) {table}")
        connection.execute("CHECKPOINT")


def server() -> str:
    """`PostgreSQL 18.4, fsync on`."""
    with superuser() as connection:
        row = connection.execute(
            "SELECT split_part(version(), ' ', 2), current_setting('fsync'), current_setting('shared_buffers')"
        ).fetchone()
    assert row is not None
    return f"PostgreSQL {row[0]}, fsync {row[1]}, shared_buffers {row[2]}"
