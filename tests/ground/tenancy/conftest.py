"""Databases that may be spoilt: copies of the migrated templates, gone after the test."""

import pytest
from psycopg import sql

from tests import embedded


@pytest.fixture
def scratch(django_db_setup):
    """`scratch("default")` copies that database's template and returns the copy's name."""
    made = []

    def copy(alias):
        name = f"{embedded.database_names()[alias]}_scratch"
        with embedded.superuser() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(embedded.OWNER), sql.Identifier(embedded.TEMPLATES[alias])
                )
            )
        made.append(name)
        return name

    yield copy
    with embedded.superuser() as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
