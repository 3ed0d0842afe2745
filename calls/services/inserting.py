"""Many rows into a table behind row-level security, which refuses COPY: under its policy, in one statement.

Rows, already sealed, are copied into a temporary table that lives until the commit, and inserted from there. Making and
dropping that table costs milliseconds and writes to the catalogue, so a few rows go as one JSON text instead.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models
from psycopg import sql

_COPY_FROM = 100  # rows; fewer are faster as JSON


def insert_many(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Insert rows under the table's policy in one statement, many by way of COPY. In the caller's transaction."""
    if len(rows) < _COPY_FROM:
        _insert_few(model, rows)
        return
    attributes = [column.attname for column in model._meta.concrete_fields]
    table, incoming = sql.Identifier(model._meta.db_table), sql.Identifier(f"incoming_{model._meta.model_name}")
    columns = sql.SQL(", ").join([sql.Identifier(str(column.column)) for column in model._meta.concrete_fields])
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {} INCLUDING DEFAULTS) ON COMMIT DROP").format(incoming, table)
        )
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(incoming, columns)) as copy:
            for row in rows:
                copy.write_row([getattr(row, attribute) for attribute in attributes])
        cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(table, columns, columns, incoming))
        cursor.execute(sql.SQL("DROP TABLE {}").format(incoming))


def _insert_few(model: type[models.Model], rows: Sequence[Any]) -> None:
    attributes, statement = _few_statement(model)
    written = json.dumps([{name: getattr(row, name) for name in attributes} for row in rows], default=_as_text)
    with connection.cursor() as cursor:
        cursor.execute(statement, [written])


@lru_cache
def _few_statement(model: type[models.Model]) -> tuple[list[str], str]:
    attributes = [column.attname for column in model._meta.concrete_fields]
    table = sql.Identifier(model._meta.db_table)
    columns = sql.SQL(", ").join(map(sql.Identifier, attributes))
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM json_populate_recordset(NULL::{}, %s)")
    return attributes, statement.format(table, columns, columns, table).as_string()


def _as_text(value: Any) -> str:
    return rf"\x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else str(value)
