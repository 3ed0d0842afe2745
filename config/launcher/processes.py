"""The programs of the platform, started in order, started again when they crash, stopped in reverse order."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from config.launcher import children
from config.launcher.logs import Log
from config.launcher.messages import SERVER_DID_NOT_START, Refusal

LONGEST_PAUSE_SECONDS = 30.0
STEADY_AFTER_SECONDS = 60.0


class Service(Protocol):
    """What the family can start and stop; PostgreSQL and Valkey have the same shape."""

    log: Log
    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...

    def stop(self) -> int: ...

    def kill(self) -> int: ...


@dataclass(slots=True)
class Program:
    """One of our own programs. `ending` lists the signals that stop it, each with the seconds to wait after it."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Log
    ending: Sequence[tuple[signal.Signals, float]]
    orphaned: signal.Signals = signal.SIGTERM
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = children.spawn(
            self.command, log=self.log, env=self.environment, dies_with=self.orphaned, cwd=self.folder
        )

    def stop(self) -> int:
        return 0 if self.process is None else children.stop(self.process, *self.ending, (signal.SIGKILL, 5))

    def kill(self) -> int:
        return 0 if self.process is None else children.stop(self.process, (signal.SIGKILL, 5))


@dataclass(slots=True)
class _Member:
    name: str
    service: Service
    started_at: float
    crashes: int = 0
    start_again_at: float | None = None


@dataclass(slots=True)
class Family:
    """Everything that runs, in the order in which it was started."""

    say: Callable[[str], None]
    members: list[_Member] = field(default_factory=list)

    def start(self, name: str, service: Service) -> None:
        self.members.append(_Member(name, service, time.monotonic()))
        service.start()

    def tend(self) -> None:
        """One look at everybody: who crashed is started again after a pause that doubles with every crash in a row."""
        now = time.monotonic()
        for member in self.members:
            process = member.service.process
            if member.start_again_at is None and process is not None and process.poll() is not None:
                children.kill_group(process.pid)
                steady = now - member.started_at > STEADY_AFTER_SECONDS
                member.crashes = 1 if steady else member.crashes + 1
                self._pause(member, now, f"{member.name} ended {_how(process.returncode)}")
            elif member.start_again_at is not None and now >= member.start_again_at:
                member.started_at, member.start_again_at = now, None
                try:
                    member.service.start()
                except Refusal as refusal:
                    member.crashes += 1
                    self._pause(member, time.monotonic(), str(refusal))

    def _pause(self, member: _Member, now: float, what: str) -> None:
        seconds = min(0.5 * 2 ** (member.crashes - 1), LONGEST_PAUSE_SECONDS)
        member.start_again_at = now + seconds
        self.say(f"{what}; starting it again in {seconds:g} s (log: {member.service.log.path}).")

    def require_steady(self, *, crashes: int = 3) -> None:
        """Refuses to go on with a program that cannot stay up."""
        for member in self.members:
            if member.crashes >= crashes:
                raise Refusal(
                    f"{member.name} does not stay up; its log is {member.service.log.path}.", code=SERVER_DID_NOT_START
                )

    def stop(self, order: Sequence[str]) -> None:
        """Stops everybody in the given order, the rest in reverse order of their start. `Interrupted` kills instead."""
        wanted = [member for name in order for member in self.members if member.name == name]
        rest = [member for member in reversed(self.members) if member not in wanted]
        for member in [*wanted, *rest]:
            process = member.service.process
            began = time.monotonic()
            code = member.service.stop()
            self.members.remove(member)
            if process is not None:
                self.say(f"{member.name} stopped {_how(code)} in {time.monotonic() - began:.1f} s")

    def kill(self) -> None:
        """Ends everybody at once."""
        for member in reversed(self.members):
            with contextlib.suppress(children.Interrupted):
                member.service.kill()
        self.members.clear()


def _how(code: int | None) -> str:
    if code is None:
        return ""
    return f"with signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}" if code else "cleanly"
