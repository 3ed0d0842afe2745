"""The whole of `make up`, with the real platform, through what can happen to it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest

from config.launcher import messages
from config.launcher.places import run_dir_for
from config.launcher.postgres import EmbeddedPostgres
from config.launcher.valkey import EmbeddedValkey
from tests.launcher.conftest import ROOT, eventually, processes_of


class Launcher:
    def __init__(self, environment, folder, port):
        self.folder, self.port = folder, port
        self.environment = environment | {"DATA_DIR": str(folder), "PORT": str(port), "DEMO": "0"}

    def command(self, *arguments, **extra):
        return {
            "args": [sys.executable, "-m", "config.launcher", *arguments],
            "cwd": ROOT, "env": self.environment | extra, "text": True,
            "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "start_new_session": True,
        }  # fmt: skip

    def start(self, **extra):
        self.process = subprocess.Popen(**self.command("up", **extra))
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if "is ready after" in line:
                return self
        raise AssertionError("".join(self.said))

    def run(self, *arguments, **extra):
        done = subprocess.run(**self.command(*arguments, **extra), timeout=60, check=False)
        return done.returncode, done.stdout

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        rest = self.process.stdout.read()
        return self.process.wait(timeout=60), rest

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.status

    def running(self, part):
        return [pid for pid, command in processes_of(self.folder).items() if part in command]


@pytest.fixture
def launcher(clean_environment, tmp_path, free_port):
    launcher = Launcher(clean_environment, tmp_path / "data", free_port)
    yield launcher
    for pid in processes_of(launcher.folder):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(run_dir_for(launcher.folder))


def environment_of(pid):
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def test_the_life_of_an_embedded_platform(launcher):
    launcher.start(PYTHONDONTWRITEBYTECODE="1")
    assert (launcher.get("/healthz"), launcher.get("/readyz")) == (200, 200)

    # Who asks again is told; who asks for the same port elsewhere, too; nothing of theirs is left.
    code, said = launcher.run("up")
    assert (code, f"(pid {launcher.process.pid})" in said) == (messages.RUNNING_ALREADY, True)
    code, said = launcher.run("up", DATA_DIR=f"{launcher.folder}-2")
    assert (code, f"Port {launcher.port} is in use" in said) == (messages.PORT_IN_USE, True)
    assert not (launcher.folder.with_name("data-2") / "postgres").exists()

    # Web, worker and beat never see the owner of the database.
    for part in ("gunicorn", "config.celery worker", "config.celery beat"):
        [*pids] = launcher.running(part)
        assert pids, part
        for pid in pids:
            environment = environment_of(pid)
            assert "sottovoce_app:" in environment["DATABASE_URL"]
            assert not [
                name for name, value in environment.items() if "OWNER_URL" in name or "sottovoce_owner" in value
            ]
            assert "PYTHONDONTWRITEBYTECODE" not in environment
    with psycopg.connect(environment_of(launcher.running("gunicorn")[0])["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")

    # A management command works beside the running platform.
    code, said = launcher.run(
        "manage", "shell", "-v0", "-c", "from django.conf import settings as s; print(s.DATA_DIR)"
    )
    assert (code, said.strip()) == (0, str(launcher.folder))

    # A crashed server and a crashed worker come back.
    worker = min(launcher.running("config.celery worker"))
    os.kill(worker, signal.SIGKILL)
    [postmaster] = [pid for pid in launcher.running("postgres") if " -D " in processes_of(launcher.folder)[pid]]
    os.kill(postmaster, signal.SIGKILL)
    eventually(
        lambda: launcher.running("config.celery worker") and worker not in launcher.running("config.celery worker"),
        seconds=30,
    )
    eventually(lambda: _answers(launcher), seconds=30)

    # The launcher itself is killed: nobody outlives it, and the next start goes on with the data.
    launcher.process.kill()
    launcher.process.wait()
    eventually(lambda: not processes_of(launcher.folder), seconds=30)
    launcher.start()
    assert "was killed; its data is kept" in launcher.said[0]

    code, said = launcher.interrupt()
    stopped = [line.split()[0] for line in said.splitlines() if " stopped " in line]
    assert [name for name in stopped if name != "nightly"] == ["beat", "web", "worker", "Valkey", "PostgreSQL"]
    assert code == 0
    assert processes_of(launcher.folder) == {}


def test_servers_that_the_user_runs_take_the_place_of_ours(launcher, tmp_path, run_dir):
    theirs = run_dir
    postgres = EmbeddedPostgres(tmp_path / "theirs" / "postgres", theirs, throwaway=True)
    valkey = EmbeddedValkey(tmp_path / "theirs" / "valkey", theirs, throwaway=True)
    try:
        postgres.start()
        valkey.start()
        postgres.ensure_role("them", "secret", createdb=True)
        with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as connection:
            connection.execute("ALTER ROLE them CREATEROLE")
        postgres.ensure_database("shop", "them")
        given = {"DATABASE_URL": postgres.dsn("them", "secret", "shop"), "REDIS_URL": valkey.url(0)}

        launcher.start(**given)
        assert launcher.get("/readyz") == 200
        assert not (launcher.folder / "postgres").exists()
        assert not (launcher.folder / "valkey").exists()
        environment = environment_of(launcher.running("gunicorn")[0])
        assert "shop_app:" in environment["DATABASE_URL"]
        assert "/shop_keyring?" in environment["KEYRING_DATABASE_URL"]
        assert not [value for value in environment.values() if "them:secret" in value]

        # A second Ctrl-C kills at once.
        launcher.process.send_signal(signal.SIGINT)
        eventually(lambda: "Stopping" in launcher.process.stdout.readline())
        launcher.process.send_signal(signal.SIGTERM)
        assert launcher.process.wait(timeout=20) in (0, 130)
        eventually(lambda: not processes_of(launcher.folder))
        assert postgres.running
        assert valkey.running
    finally:
        valkey.kill()
        postgres.kill()


def test_a_step_that_fails_says_why_and_leaves_nothing_running(launcher):
    code, said = launcher.run("up", DJANGO_SETTINGS_MODULE="config.settings.nowhere")
    assert code == messages.STEP_FAILED
    assert "No module named 'config.settings.nowhere'" in said
    assert processes_of(launcher.folder) == {}


def test_nothing_is_touched_where_a_database_does_not_answer(launcher, free_port):
    code, said = launcher.run("up", DATABASE_URL=f"postgres://them:hush@127.0.0.1:{free_port}/shop")
    assert code == messages.SERVER_UNREACHABLE
    assert "does not answer" in said
    assert "hush" not in said


def test_a_command_without_a_running_platform_starts_the_servers_for_itself(launcher):
    code, said = launcher.run("manage", "shell", "-v0", "-c", "print('here')")
    assert (code, said) == (0, "here\n")
    assert processes_of(launcher.folder) == {}


def test_an_unknown_command_explains_the_usage(launcher):
    assert launcher.run("down")[0] == 2


def _answers(launcher):
    try:
        return launcher.get("/readyz") == 200
    except OSError:
        return False


def test_the_port_is_free_again(launcher):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", launcher.port))
