"""pytest plugin: the test run's own PostgreSQL and Valkey, never the developer's data.

Loaded with `-p tests.embedded`, before Django reads its settings. The controlling process starts throw-away servers
in a temporary folder; workers of a parallel run inherit them through the environment. The schema is built once, as
the owner, in template databases; every worker gets copies. Tests connect as the restricted application role, so
row-level security is as real as in production. `TEST_POSTGRES_DSN` (a superuser's) uses a server of your own.
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

OWNER, APP = "sottovoce_owner", "sottovoce_app"
TEMPLATES = {"default": "template_main", "keyring": "template_keyring"}


def _url(user: str, database: str) -> str:
    info = psycopg.conninfo.conninfo_to_dict(os.environ["TEST_POSTGRES_DSN"])
    host = str(info.get("host", "127.0.0.1"))
    port = f"&port={info['port']}" if info.get("port") else ""
    return f"postgresql://{user}:test@/{database}?host={host}{port}"


def _start_servers() -> None:
    from config.launcher.postgres import EmbeddedPostgres
    from config.launcher.valkey import EmbeddedValkey

    home = Path(tempfile.mkdtemp(prefix="sv-test-"))
    home.chmod(0o755)
    os.environ["TEST_HOME"] = str(home)
    stops = []

    def stop() -> None:
        for server in reversed(stops):
            with contextlib.suppress(Exception):
                server.kill()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    if "TEST_POSTGRES_DSN" not in os.environ:
        postgres = EmbeddedPostgres(home / "pg", home / "run", throwaway=True)
        stops.append(postgres)
        postgres.start()
        os.environ["TEST_POSTGRES_DSN"] = postgres.superuser_dsn()
    valkey = EmbeddedValkey(home / "valkey", home / "run", throwaway=True)
    stops.append(valkey)
    valkey.start()
    os.environ["TEST_VALKEY"] = valkey.url(0).removesuffix("0")
    with psycopg.connect(os.environ["TEST_POSTGRES_DSN"], autocommit=True) as connection:
        for role in (OWNER, APP):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'test'").format(sql.Identifier(role))
                )
        for name in TEMPLATES.values():
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )


def _set_environment() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    os.environ["TEST_DATABASES"] = f"test_{worker}"
    home = Path(os.environ["TEST_HOME"]) / worker
    home.mkdir(exist_ok=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings.test",
        SECRET_KEY="test-" + secrets.token_hex(16),
        DATA_DIR=str(home),
        REDIS_URL=f"{os.environ['TEST_VALKEY']}{2 * number}",
        REDIS_CACHE_URL=f"{os.environ['TEST_VALKEY']}{2 * number + 1}",
        DATABASE_URL=_url(APP, f"test_{worker}"),
        KEYRING_DATABASE_URL=_url(APP, f"test_{worker}_keyring"),
        DATABASE_OWNER_URL=_url(OWNER, f"test_{worker}"),
        KEYRING_DATABASE_OWNER_URL=_url(OWNER, f"test_{worker}_keyring"),
        DJANGO_ALLOW_ASYNC_UNSAFE="true",
    )
    for name in ("S3_BUCKET", "KMS_KEY_ID", "KEYSTORE_BACKEND", "OBJECTS_BACKEND", "OPERATOR_PROFILE"):
        os.environ.pop(name, None)


if "TEST_HOME" not in os.environ:
    _start_servers()
_set_environment()


# ------------------------------------------------------------------ databases from templates
def database_names() -> dict[str, str]:
    """Alias -> name of this worker's database."""
    base = os.environ["TEST_DATABASES"]
    return {"default": base, "keyring": f"{base}_keyring"}


def superuser(alias: str | None = None) -> psycopg.Connection:
    """An autocommit connection of the superuser: for tampering and for putting tables back."""
    name = database_names()[alias] if alias else "postgres"
    return psycopg.connect(os.environ["TEST_POSTGRES_DSN"], dbname=name, autocommit=True)


def owner(alias: str) -> psycopg.Connection:
    """An autocommit connection of the schema's owner, as `nightly` and migrations have it."""
    return psycopg.connect(_url(OWNER, database_names()[alias]), autocommit=True)


def build_templates() -> None:
    """Migrate and provision the template databases, as the owner; once per run (a lock file makes workers wait)."""
    import fcntl

    from django.core.management import call_command
    from django.db import connections

    from ground.tenancy.provision import provision

    home = Path(os.environ["TEST_HOME"])
    with (home / "templates.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home / "templates.done"
        if done.exists():
            return
        for alias, name in TEMPLATES.items():
            connection = connections[alias]
            before = dict(connection.settings_dict)
            connection.close()
            connection.settings_dict.update(NAME=name, USER=OWNER)
            call_command("migrate", database=alias, verbosity=0, interactive=False)
            connection.close()
            connection.settings_dict.update(NAME=before["NAME"], USER=before["USER"])
            provision(owner_url=_url(OWNER, name), app_url=_url(APP, name))
        done.touch()


def copy_databases() -> None:
    """This worker's databases, fresh from the templates."""
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
