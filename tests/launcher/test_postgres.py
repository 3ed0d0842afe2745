import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from config.launcher import children, messages, places, postgres
from config.launcher.messages import Refusal
from config.launcher.postgres import EmbeddedPostgres
from tests.launcher.conftest import eventually


@pytest.fixture
def server(tmp_path, run_dir):
    tmp_path.chmod(0o700)  # nobody but us can walk there, whoever the server runs as
    server = EmbeddedPostgres(tmp_path / "data" / "postgres", run_dir, throwaway=True)
    yield server
    server.kill()


def ask(dsn, question="SELECT current_user"):
    with psycopg.connect(dsn) as connection:
        return connection.execute(question).fetchone()[0]


def test_starts_from_nothing_and_keeps_what_was_written(server):
    server.start()
    server.ensure_role("owner", "first")
    assert server.ensure_database("books", "owner") is True
    assert server.ensure_database("books", "owner") is False
    with psycopg.connect(server.dsn("owner", "first", "books")) as connection:
        connection.execute("CREATE TABLE page (text text)")
        connection.execute("INSERT INTO page VALUES ('kept')")
    assert server.stop() == 0
    server.start()
    assert ask(server.dsn("owner", "first", "books"), "SELECT text FROM page") == "kept"


def test_roles_are_not_powerful_and_their_password_can_change(server):
    server.start()
    server.ensure_role("owner", "first")
    server.ensure_role("owner", "second")
    assert ask(server.dsn("owner", "second", "postgres")) == "owner"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn("owner", "first", "postgres"))
    powers = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles"
    assert ask(server.superuser_dsn(), f"{powers} WHERE rolname = 'owner'") is False


def test_listens_on_a_private_socket_only_and_never_runs_as_root(server):
    server.start()
    assert ask(server.superuser_dsn(), "SHOW listen_addresses") == ""
    assert ask(server.superuser_dsn(), "SHOW password_encryption") == "scram-sha-256"
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert (server.data_dir.stat().st_uid) != 0
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.superuser_dsn().replace(postgres.SUPERUSER + ":", postgres.SUPERUSER + ":wrong"))


def test_errors_in_the_log_quote_no_values(server):
    server.start()
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (phone text UNIQUE)")
        connection.execute("INSERT INTO person VALUES ('+15550100')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s)", ["+15550100"])
    server.stop()
    logged = server.log.path.read_text()
    assert "duplicate key" in logged
    assert "15550100" not in logged


def test_an_unfinished_database_is_made_again(tmp_path, run_dir):
    unfinished = tmp_path / "postgres.unfinished" / "cluster"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    said = []
    server = EmbeddedPostgres(tmp_path / "postgres", run_dir, throwaway=True, notice=said.append)
    server.start()
    server.kill()
    assert not unfinished.parent.exists()
    assert said == ["A database that was never finished has been removed; making it again."]


def test_what_is_no_database_is_moved_aside_never_removed(tmp_path, run_dir):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("years of work")
    said = []
    server = EmbeddedPostgres(tmp_path / "postgres", run_dir, throwaway=True, notice=said.append)
    server.start()
    server.kill()
    [aside] = tmp_path.glob("postgres.incomplete-*")
    assert (aside / "thesis.txt").read_text() == "years of work"
    assert str(aside) in said[0]


def test_a_database_of_another_version_is_refused(server):
    server.start()
    server.stop()
    (server.data_dir / "PG_VERSION").write_text("17\n")
    with pytest.raises(Refusal, match=r"made by PostgreSQL 17, this release brings 18") as refused:
        server.start()
    assert refused.value.code == messages.WRONG_DATABASE_VERSION


def test_a_deep_data_folder_is_no_obstacle_but_a_deep_socket_folder_is(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60) / ("f" * 60)
    short = places.run_dir_for(deep)
    server = EmbeddedPostgres(deep / "postgres", short, throwaway=True)
    server.start()
    assert ask(server.superuser_dsn()) == postgres.SUPERUSER
    server.kill()
    shutil.rmtree(short)
    with pytest.raises(Refusal, match="longer than 107 bytes"):
        EmbeddedPostgres(tmp_path / "postgres", deep)


def test_ends_the_server_that_a_killed_launcher_left(tmp_path, run_dir):
    left, said = EmbeddedPostgres(tmp_path / "postgres", run_dir, throwaway=True), []
    left.start()
    server = EmbeddedPostgres(tmp_path / "postgres", run_dir, throwaway=True, notice=said.append)
    server.start()
    assert left.process.wait(timeout=5) == 0
    assert f"pid {left.process.pid}" in said[0]
    assert ask(server.superuser_dsn()) == postgres.SUPERUSER
    server.kill()


def test_dies_with_the_process_that_started_it(script, tmp_path, run_dir):
    starter = script(
        """
        import sys, time
        from pathlib import Path
        from config.launcher.postgres import EmbeddedPostgres
        from config.launcher.valkey import EmbeddedValkey
        data, run = Path(sys.argv[1]), Path(sys.argv[2])
        servers = [EmbeddedPostgres(data / "postgres", run, throwaway=True), EmbeddedValkey(data / "valkey", run)]
        for server in servers:
            server.start()
            print(server.process.pid, flush=True)
        time.sleep(60)
        """,
        tmp_path,
        run_dir,
    )
    pids = [int(starter.stdout.readline()) for _ in range(2)]
    assert all(map(children.alive, pids))
    starter.kill()
    starter.wait()
    eventually(lambda: not any(map(children.alive, pids)), seconds=5)


def test_binaries_out_of_reach_are_copied_once(monkeypatch):
    account = children.unprivileged()
    if account is None:  # an ordinary user reaches what it installed
        assert postgres.readable_binaries(None) == postgres.binaries()
        return
    with tempfile.TemporaryDirectory() as folder:  # not below pytest's folders, which only root can enter
        home = Path(folder)
        home.chmod(0o755)
        really_can_run = postgres._can_run
        monkeypatch.setattr(postgres, "COPIES", home)
        monkeypatch.setattr(
            postgres, "_can_run", lambda who, program: home in program.parents and really_can_run(who, program)
        )
        copied = postgres.readable_binaries(account)
        assert home in copied.parents
        assert subprocess.run([copied / "initdb", "--version"], user=account.uid, check=False).returncode == 0
        made = copied.stat().st_ino
        assert postgres.readable_binaries(account) == copied
        assert copied.stat().st_ino == made
