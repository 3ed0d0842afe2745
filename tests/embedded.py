"""pytest plugin: the test run's own PostgreSQL and Valkey, never the developer's data.

Loaded with `-p tests.embedded`, before Django reads its settings. Every process of a parallel run starts throw-away
servers of its own in a temporary folder: roles, the oldest running transaction and the write-ahead log belong to a
whole cluster, and tests look at all three. The schema is built once, as the owner, in template databases; tests work
on copies and connect as the restricted application role, so row-level security is as real as in production.
`TEST_DURABLE=1` lets PostgreSQL write as safely as in production (measurements want that);
`TEST_POSTGRES_DSN` (a superuser's) uses a server of your own, best for a run of one process.
"""

import atexit
import contextlib
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from config.launcher.postgres import EmbeddedPostgres
from config.launcher.valkey import EmbeddedValkey

OWNER, APP = "sottovoce_owner", "sottovoce_app"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
TEMPLATES = {"default": f"template_{WORKER}", "keyring": f"template_{WORKER}_keyring"}
_DATABASES = {"default": f"test_{WORKER}", "keyring": f"test_{WORKER}_keyring"}


def _start_servers() -> tuple[Path, str, str, EmbeddedPostgres | None, EmbeddedValkey]:
    """Afterwards both answer: their folder, the superuser's DSN, Valkey's URL without the number, both servers."""

    home = Path(tempfile.mkdtemp(prefix="sv-test-"))
    home.chmod(0o755)
    stops = []

    def stop() -> None:
        for server in reversed(stops):
            with contextlib.suppress(Exception):
                server.kill()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    dsn, postgres = os.environ.get("TEST_POSTGRES_DSN", ""), None
    if not dsn:
        postgres = EmbeddedPostgres(home / "pg", home / "run", throwaway=os.environ.get("TEST_DURABLE") != "1")
        stops.append(postgres)
        postgres.start()
        dsn = postgres.superuser_dsn()
    valkey = EmbeddedValkey(home / "valkey", home / "run", throwaway=True)
    stops.append(valkey)
    valkey.start()
    return home, dsn, valkey.url(0).removesuffix("0"), postgres, valkey


HOME, _DSN, _VALKEY, POSTGRES, VALKEY = _start_servers()


def _url(user: str, database: str) -> str:
    info = psycopg.conninfo.conninfo_to_dict(_DSN)
    host = str(info.get("host", "127.0.0.1"))
    port = f"&port={info['port']}" if info.get("port") else ""
    return f"postgresql://{user}:test@/{database}?host={host}{port}"


def _set_environment() -> None:
    data = HOME / "data"
    data.mkdir()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings.test",
        SECRET_KEY="test-" + secrets.token_hex(16),
        DATA_DIR=str(data),
        REDIS_URL=f"{_VALKEY}0",
        REDIS_CACHE_URL=f"{_VALKEY}1",
        DATABASE_URL=_url(APP, _DATABASES["default"]),
        KEYRING_DATABASE_URL=_url(APP, _DATABASES["keyring"]),
        DATABASE_OWNER_URL=_url(OWNER, _DATABASES["default"]),
        KEYRING_DATABASE_OWNER_URL=_url(OWNER, _DATABASES["keyring"]),
        DJANGO_ALLOW_ASYNC_UNSAFE="true",
    )
    for name in ("S3_BUCKET", "KMS_KEY_ID", "KEYSTORE_BACKEND", "OBJECTS_BACKEND", "OPERATOR_PROFILE"):
        os.environ.pop(name, None)


_set_environment()


# ------------------------------------------------------------------ databases from templates
def database_names() -> dict[str, str]:
    """Alias -> name of this process's database."""
    return _DATABASES


def superuser(alias: str | None = None) -> psycopg.Connection:
    """An autocommit connection of the superuser: for tampering and for putting tables back."""
    return psycopg.connect(_DSN, dbname=_DATABASES[alias] if alias else "postgres", autocommit=True)


def owner(alias: str) -> psycopg.Connection:
    """An autocommit connection of the schema's owner, as `nightly` and migrations have it."""
    return psycopg.connect(_url(OWNER, _DATABASES[alias]), autocommit=True)


def make_roles() -> None:
    """The owner, who may create scratch databases as the launcher lets it, and the restricted application role."""
    with superuser() as connection:
        for role in (OWNER, APP):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'test'").format(sql.Identifier(role))
                )
        connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER)))


def build_templates() -> None:
    """Migrate and provision the template databases, as the owner."""
    from django.core.management import call_command
    from django.db import connections

    from ground.tenancy.provision import provision

    make_roles()
    for alias, name in TEMPLATES.items():
        with superuser() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )
        django = connections[alias]
        before = dict(django.settings_dict)
        django.close()
        django.settings_dict.update(NAME=name, USER=OWNER)
        call_command("migrate", database=alias, verbosity=0, interactive=False)
        django.close()
        django.settings_dict.update(NAME=before["NAME"], USER=before["USER"])
        provision(owner_url=_url(OWNER, name), app_url=_url(APP, name))


def copy_databases() -> None:
    """This process's databases, fresh from the templates."""
    with superuser() as connection:
        for alias, name in database_names().items():
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(TEMPLATES[alias])
                )
            )
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(APP))
            )


_SEEDS: dict[str, dict[str, list[tuple]]] = {}


def _tables(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations'"
    )
    return [row[0] for row in rows.fetchall()]


def _filled(connection: psycopg.Connection, tables: list[str]) -> list[str]:
    if not tables:
        return []
    parts = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(sql.Literal(table), sql.Identifier(table))
        for table in tables
    )
    return [row[0] for row in connection.execute(parts).fetchall()]


def remember_seeds() -> None:
    """Rows that migrations themselves put into tables; `put_back` restores exactly these."""
    for alias in TEMPLATES:
        with superuser(alias) as connection:
            tables = _tables(connection)
            _SEEDS[alias] = {
                table: connection.execute(sql.SQL("SELECT {0}::text FROM {0}").format(sql.Identifier(table))).fetchall()
                for table in _filled(connection, tables)
            }


def put_back(aliases: set[str]) -> None:
    """Every table as the migrations left it. As superuser with triggers off: append-only tables resist otherwise."""
    for alias in aliases:
        with superuser(alias) as connection:
            connection.execute("SET session_replication_role = replica")
            seeds = _SEEDS.get(alias, {})
            for table in _filled(connection, _tables(connection)):
                name = sql.Identifier(table)
                rows = seeds.get(table, [])
                now = connection.execute(sql.SQL("SELECT {0}::text FROM {0}").format(name)).fetchall() if rows else None
                if now is not None and sorted(now) == sorted(rows):
                    continue
                connection.execute(sql.SQL("DELETE FROM {}").format(name))
                for (text,) in rows:
                    connection.execute(sql.SQL("INSERT INTO {0} SELECT (%s::{0}).*").format(name), [text])


_SKIPPED: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """`SKIPS_FAIL=1` (the build): a skipped test fails the run, so nothing is passed over silently."""
    if _SKIPPED and os.environ.get("SKIPS_FAIL") == "1" and exitstatus == 0:
        session.exitstatus = 1
