"""The role with which web and worker connect: it owns nothing, bypasses nothing, truncates nothing.

`provision` runs as the owner after every migration and is safe to repeat. Append-only tables are recognised by their
trigger; crossings by SECURITY DEFINER.
"""

from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict


@dataclass(frozen=True, slots=True)
class Grants:
    """What `provision` did in one database."""

    role: str
    created: bool
    tables: int
    append_only: int
    functions: int


class CannotProvision(Exception):
    """The owner may not do what provisioning needs; the message says which right is missing and what to run."""


def provision(*, owner_url: str, app_url: str) -> Grants:
    """Create the application's role if it is missing, then grant it exactly what it needs.

    `owner_url` connects as the owner of the schema, `app_url` names the role, its password and the same database.
    """
    wanted = conninfo_to_dict(app_url)
    role, password = str(wanted["user"]), wanted.get("password")
    with psycopg.connect(owner_url, autocommit=False) as connection, connection.cursor() as cursor:
        created = _ensure_role(cursor, role, None if password is None else str(password))
        _refuse_powerful(cursor, role)
        name = sql.Identifier(role)
        (database,) = _one(cursor, "SELECT current_database()")
        cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), name))
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name))
        cursor.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(name)
        )
        cursor.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(name))
        cursor.execute(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(name))
        append_only = _append_only_tables(cursor)
        for table in append_only:
            cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), name))
        functions = _crossings(cursor)
        for signature in functions:
            # The text comes from the catalogue (oid::regprocedure), already quoted by PostgreSQL.
            cursor.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(signature), name))
        (tables,) = _one(cursor, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    return Grants(role, created, tables, len(append_only), len(functions))


def _one(cursor: psycopg.Cursor, query: LiteralString, *values: str) -> tuple[Any, ...]:
    """The row of a query that always has one."""
    row = cursor.execute(query, values).fetchone()
    assert row is not None
    return row


def _ensure_role(cursor: psycopg.Cursor, role: str, password: str | None) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone():
        return False
    statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE").format(
        sql.Identifier(role)
    )
    if password is not None:
        statement = sql.SQL("{} PASSWORD {}").format(statement, sql.Literal(password))
    try:
        cursor.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise CannotProvision(
            f"the role {role} does not exist and the owner may not create it; have an administrator run: "
            f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…'"
        ) from error
    return True


def _refuse_powerful(cursor: psycopg.Cursor, role: str) -> None:
    powerful, is_owner = _one(
        cursor,
        "SELECT rolsuper OR rolbypassrls, pg_has_role(%s, current_user, 'MEMBER') FROM pg_roles WHERE rolname = %s",
        role,
        role,
    )
    if powerful or is_owner:
        raise CannotProvision(
            f"{role} is a superuser, bypasses row-level security or is the owner; the application must use another role"
        )


def _append_only_tables(cursor: psycopg.Cursor) -> list[str]:
    cursor.execute(
        "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE t.tgname = 'append_only' AND NOT t.tgisinternal ORDER BY 1"
    )
    return [row[0] for row in cursor.fetchall()]


def _crossings(cursor: psycopg.Cursor) -> list[str]:
    cursor.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname = 'public' AND p.prosecdef ORDER BY 1"
    )
    return [row[0] for row in cursor.fetchall()]
