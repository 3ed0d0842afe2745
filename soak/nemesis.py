"""Who breaks things: by process ids of what this run started, and always so that a careful operator could mend it."""

import os
import signal
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connections

from ground.jobs import broker
from soak import world
from soak.harness import Run
from soak.platform import Platform, children_of


class Nemesis:
    """Faults on a platform, drawn by the run's seed. Every fault is over when its method returns."""

    def __init__(self, run: Run, platform: Platform) -> None:
        self.run, self.platform = run, platform

    def strike(self, *names: str) -> str:
        """One of the named faults (of all without), by chance; returns its name."""
        name = self.run.random.choice(names or tuple(FAULTS))
        FAULTS[name](self)
        self.run.tell(**{name: 1})
        return name

    def worker_killed(self) -> None:
        self._killed("worker")

    def web_killed(self) -> None:
        self._killed("web")

    def beat_killed(self) -> None:
        self._killed("beat")

    def pool_process_killed(self) -> None:
        """One process of the worker's pool."""
        self._one_child("worker")

    def web_process_killed(self) -> None:
        """One of the web server's processes."""
        self._one_child("web")

    def worker_paused(self) -> None:
        """Stopped as by a debugger or a swapped-out machine, and continued."""
        pids = self.platform.pids("worker")
        self._signal(pids, signal.SIGSTOP)
        time.sleep(self.run.random.uniform(0.5, 3.0))
        self._signal(pids, signal.SIGCONT)

    def queue_killed(self) -> None:
        """kill -9; it keeps nothing on disk, so it comes back empty."""
        world.VALKEY.kill()
        time.sleep(self.run.random.uniform(0, 1.5))
        world.VALKEY.start()
        broker.forget_failure()

    def queue_flushed(self) -> None:
        redis.Redis.from_url(settings.REDIS_URL).flushall()

    def database_crashed(self) -> None:
        """Immediate shutdown: no session ends in order, and the next start recovers from the write-ahead log."""
        assert world.POSTGRES is not None
        world.POSTGRES.kill()
        time.sleep(self.run.random.uniform(0, 1.0))
        world.POSTGRES.start()
        connections.close_all()

    def _killed(self, name: str) -> None:
        self.platform.kill(name)
        time.sleep(self.run.random.uniform(0, 0.5))
        self.platform.start_again(name)

    def _one_child(self, name: str) -> None:
        process = self.platform.programs[name].process
        if process is not None and (children := children_of(process.pid)):
            self._signal([self.run.random.choice(sorted(children))], signal.SIGKILL)

    @staticmethod
    def _signal(pids: list[int], number: signal.Signals) -> None:
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


FAULTS: dict[str, Callable[[Nemesis], None]] = {
    name: getattr(Nemesis, name)
    for name in (
        "worker_killed",
        "web_killed",
        "beat_killed",
        "pool_process_killed",
        "web_process_killed",
        "worker_paused",
        "queue_killed",
        "queue_flushed",
        "database_crashed",
    )
}
