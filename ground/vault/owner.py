"""Connections of the schema's owner, for the night, backup and restore. Web and worker have no such address.

`app.maintenance = on` shows the owner every organization's rows (the policy is the owner's alone).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ground.vault.exceptions import KeyringDown, MainDown, NoOwner

MAIN, KEYRING = "main", "keyring"
PARTS = (MAIN, KEYRING)
ALIASES = {MAIN: "default", KEYRING: "keyring"}
_SETTINGS = {MAIN: "DATABASE_OWNER_URL", KEYRING: "KEYRING_DATABASE_OWNER_URL"}
SCRATCH_PREFIX = "sottovoce_scratch_"


def address(part: str) -> dict[str, Any]:
    """What libpq needs to reach one of the two databases as its owner."""
    url = getattr(settings, _SETTINGS[part])
    if not url:
        raise NoOwner(f"{_SETTINGS[part]} is not set: this command works as the owner of the databases")
    return dict(conninfo_to_dict(url))


def app_conninfo(part: str) -> str:
    """The application's own connection to the same database (to provision its role)."""
    known = settings.DATABASES[ALIASES[part]]
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    given = {names[key]: str(known[key]) for key in names if known.get(key)}
    return make_conninfo("", **given)


@contextmanager
def connect(part: str, dbname: str | None = None) -> Iterator[psycopg.Connection]:
    """An autocommit connection that sees every organization. `dbname`: another database of the same server."""
    wanted = address(part) | ({"dbname": dbname} if dbname else {})
    try:
        connection = psycopg.connect(make_conninfo(**wanted), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        kind = KeyringDown if part == KEYRING else MainDown
        raise kind(f"the {part} database does not let its owner in: {type(error).__name__}") from error
    try:
        connection.execute("SELECT set_config('app.maintenance', 'on', false)")
        yield connection
    finally:
        connection.close()


@contextmanager
def alone() -> Iterator[None]:
    """Be the only process that rotates shelves or backs the keyring up; the lock goes with the connection."""
    with connect(KEYRING) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended('vault/rotation', 0))")
        yield


def clear_contents(connection: psycopg.Connection) -> None:
    """Drop everything the owner has in the database, in one transaction. What others own stays."""
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '30s'")
        for word, kinds in (("VIEW", "v"), ("MATERIALIZED VIEW", "m"), ("TABLE", "rp"), ("SEQUENCE", "S")):
            for (name,) in connection.execute(_OWN_RELATIONS, [list(kinds)]).fetchall():
                _drop(connection, word, name)
        for (name,) in connection.execute(_OWN_FUNCTIONS).fetchall():
            _drop(connection, "FUNCTION", name)


_OWN_RELATIONS = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind::text = ANY(%s) AND pg_get_userbyid(c.relowner) = current_user
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
"""
_OWN_FUNCTIONS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'public' AND p.prokind = 'f' AND pg_get_userbyid(p.proowner) = current_user
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


def _drop(connection: psycopg.Connection, word: str, name: str) -> None:
    # The name comes from the catalogue (oid::regclass, oid::regprocedure), already quoted by PostgreSQL.
    connection.execute(sql.SQL("DROP {} IF EXISTS {} CASCADE").format(sql.SQL(word), sql.SQL(name)))
