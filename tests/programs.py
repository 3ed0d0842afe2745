"""Worker, beat and queue as processes of one test, on the test's databases and folders."""

import os
import signal
import subprocess
import sys

import pytest

from config.launcher.places import run_dir_for
from config.launcher.valkey import EmbeddedValkey
from ground.jobs import broker
from tests import processes

CELERY = [sys.executable, "-m", "celery", "-A", "config.celery"]
WORKER = [*CELERY, "worker", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]


@pytest.fixture
def queue(tmp_path, settings):
    """A Valkey of this test's own, which may be stopped; web, worker and beat use it."""
    server = EmbeddedValkey(tmp_path / "valkey", run_dir_for(tmp_path), throwaway=True)
    server.start()
    settings.REDIS_URL = server.url()
    settings.CELERY_BROKER_URL = server.url().replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    broker.forget_failure()
    yield server
    server.kill()
    broker.forget_failure()


class Programs:
    """Processes of this test: each leads a group of its own, and nothing of it is left behind."""

    def __init__(self, settings, folder):
        self.folder, self.running = folder, []
        self.environment = {**os.environ, **processes.folders(settings), "REDIS_URL": settings.REDIS_URL}

    def start(self, name, command, **environment):
        log = (self.folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            command,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.running.append(process)
        return process

    def worker(self, name, **environment):
        return self.start(name, WORKER, **environment)

    def beat(self, name):
        return self.start(name, [*CELERY, "beat", "--pidfile=", "--schedule", str(self.folder / f"{name}-schedule")])

    def kill(self, process):
        """SIGKILL to the main process, then to what it led; all of them ours."""
        process.kill()
        process.wait()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def told(self):
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in sorted(self.folder.glob("*.log")))


@pytest.fixture
def programs(settings, tmp_path, queue):
    made = Programs(settings, tmp_path)
    yield made
    for process in made.running:
        made.kill(process)
