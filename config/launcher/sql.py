"""The few statements that make roles and databases, for the embedded server and for one the user already runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

_NOT_FOR_LIBPQ = {
    "conn_max_age",
    "conn_health_checks",
    "autocommit",
    "atomic_requests",
    "disable_server_side_cursors",
}


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection outside any transaction (CREATE DATABASE refuses one)."""
    connection = psycopg.connect(for_libpq(dsn), autocommit=True, connect_timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def ensure_role(dsn: str, name: str, password: str, *, createdb: bool = False) -> None:
    """Afterwards the role can log in with this password, is no superuser and cannot pass row-level security."""
    with connected(dsn) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        connection.execute(
            sql.SQL(
                "{verb} ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION {createdb} "
                "PASSWORD {password}"
            ).format(
                verb=sql.SQL("ALTER" if known else "CREATE"),
                name=sql.Identifier(name),
                createdb=sql.SQL("CREATEDB" if createdb else "NOCREATEDB"),
                password=sql.Literal(verifier),
            )
        )


def ensure_database(dsn: str, name: str, owner: str) -> bool:
    """Afterwards the database exists; True when it was made now."""
    with connected(dsn) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return False
        connection.execute(
            sql.SQL("CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'").format(
                name=sql.Identifier(name), owner=sql.Identifier(owner)
            )
        )
        return True


def for_libpq(dsn: str) -> str:
    """The URL without the parameters that only Django understands."""
    parts = urlsplit(dsn)
    kept = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0].lower() not in _NOT_FOR_LIBPQ]
    scheme = "postgresql" if parts.scheme in ("postgres", "psql", "pgsql") else parts.scheme
    return urlunsplit((scheme, parts.netloc, parts.path, "&".join(kept), ""))


def with_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(name, safe='')}"))


def with_login(dsn: str, user: str, password: str) -> str:
    """The same server and database, another login."""
    parts = urlsplit(dsn)
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{server}"))
