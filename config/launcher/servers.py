"""Which servers the platform uses: the embedded ones, or those that the user names in the environment.

A `DATABASE_URL` given by the user is the owner's, unless `DATABASE_OWNER_URL` names the owner; then it is the
application's. The same holds for the keyring. Web, worker and beat only ever see the application's URLs.
"""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg

from config.launcher import sql
from config.launcher.credentials import Credentials
from config.launcher.messages import SERVER_UNREACHABLE, WRONG_DATABASE_VERSION, Refusal
from config.launcher.postgres import EmbeddedPostgres

OWNER, APP = "sottovoce_owner", "sottovoce_app"
MAIN, KEYRING = "sottovoce", "sottovoce_keyring"
OLDEST_POSTGRES = 15


@dataclass(frozen=True, slots=True)
class Pair:
    """One database by its two logins."""

    app: str
    owner: str


def embedded_pair(postgres: EmbeddedPostgres, kept: Credentials, database: str) -> Pair:
    """Both logins to a database of the embedded server."""
    return Pair(
        app=postgres.dsn(APP, kept.app_password, database),
        owner=postgres.dsn(OWNER, kept.owner_password, database),
    )


def set_up(postgres: EmbeddedPostgres, kept: Credentials, databases: Sequence[str]) -> None:
    """Afterwards the embedded server has both roles, neither of them powerful, and the databases of the owner."""
    postgres.ensure_role(OWNER, kept.owner_password, createdb=True)  # for trial restores of backups
    postgres.ensure_role(APP, kept.app_password)
    for name in databases:
        postgres.ensure_database(name, OWNER)


def given_main(environ: Mapping[str, str], credentials: Credentials) -> Pair | None:
    """The user's main database, or None."""
    return _given(environ.get("DATABASE_URL", ""), environ.get("DATABASE_OWNER_URL", ""), credentials)


def given_keyring(environ: Mapping[str, str], credentials: Credentials, main: Pair | None) -> Pair | None:
    """The user's keyring database; beside the user's main database when only that is given; else None."""
    pair = _given(environ.get("KEYRING_DATABASE_URL", ""), environ.get("KEYRING_DATABASE_OWNER_URL", ""), credentials)
    if pair is not None or main is None:
        return pair
    name = f"{database_name(main.owner)}_keyring"
    return Pair(app=sql.with_database(main.app, name), owner=sql.with_database(main.owner, name))


def _given(url: str, owner_url: str, credentials: Credentials) -> Pair | None:
    if url and owner_url:
        return Pair(app=url, owner=owner_url)
    owner = owner_url or url
    if not owner:
        return None
    role = f"{database_name(owner).removesuffix('_keyring')}_app"
    return Pair(app=sql.with_login(owner, role, credentials.app_password), owner=owner)


def database_name(url: str) -> str:
    """The database that a URL names."""
    name = unquote(urlsplit(url).path.strip("/"))
    if not name:
        raise Refusal(f"The address {without_password(url)} names no database.", code=SERVER_UNREACHABLE)
    return name


def require_postgres(pair: Pair, *, make_on: str = "") -> None:
    """Refuses a database that is not there or too old; makes it first through the connection `make_on`, if given."""
    try:
        if make_on:
            _make_database(make_on, database_name(pair.owner))
        with sql.connected(pair.owner) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise Refusal(
            f"The database {without_password(pair.owner)} does not answer: {reason}", code=SERVER_UNREACHABLE
        ) from error
    if version < OLDEST_POSTGRES:
        raise Refusal(
            f"{without_password(pair.owner)} is PostgreSQL {version}; {OLDEST_POSTGRES} or newer is needed.",
            code=WRONG_DATABASE_VERSION,
        )


def _make_database(owner_url: str, name: str) -> None:
    with sql.connected(owner_url) as connection:
        owner = connection.info.user
    try:
        sql.ensure_database(owner_url, name, owner)
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refusal(
            f"{owner} may not create the keyring's database: have an administrator run "
            f'CREATE DATABASE "{name}" OWNER "{owner}", or set KEYRING_DATABASE_URL.',
            code=SERVER_UNREACHABLE,
        ) from error


def require_app_login(pair: Pair) -> None:
    """Refuses when the application's role, which exists now, does not let us in."""
    try:
        with sql.connected(pair.app) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        role = unquote(urlsplit(pair.app).username or "")
        raise Refusal(
            f"The role {role} exists on {without_password(pair.app)} but its password is not the one kept here: "
            f'run DROP OWNED BY "{role}"; DROP ROLE "{role}"; there, or name both logins with '
            "DATABASE_OWNER_URL and DATABASE_URL.",
            code=SERVER_UNREACHABLE,
        ) from error


def require_redis(url: str) -> None:
    """Refuses a Redis or Valkey that cannot be reached."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(parts.path)
        else:
            socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), timeout=5).close()
    except (OSError, ValueError) as error:
        raise Refusal(f"REDIS_URL {without_password(url)} does not answer: {error}", code=SERVER_UNREACHABLE) from error


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(url)
    user, _, server = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return parts._replace(netloc=f"{name}@{server}" if name else server).geturl()
