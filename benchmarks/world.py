"""What the measurements run on: the platform on servers of its own, as durable as in production (`tests.durable`).

Importing this module starts the servers, sets the environment and loads Django.
"""

from typing import Any
from uuid import UUID

from tests import durable, embedded

durable.start("benchmarks.settings")

from django.db import connections

from ground import vault
from tests import factories

build, owner, superuser, server = durable.build, durable.owner, durable.superuser, durable.server


def fresh() -> None:
    """New databases, as the migrations leave them, and nothing remembered of the old ones."""
    connections.close_all()
    vault.forget_everything()
    embedded.copy_databases()


def organization(**fields: Any) -> UUID:
    """The id of a new organization."""
    identifier: UUID = factories.organization(**fields).id
    return identifier


def settle(*tables: str) -> None:
    """Vacuum, analyse and checkpoint, so that a measurement does not pay for the planting before it."""
    with superuser() as connection:
        for table in tables:
            connection.execute(f"VACUUM (ANALYZE) {table}")
        connection.execute("CHECKPOINT")
