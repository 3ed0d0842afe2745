import signal
import sys
import time
from pathlib import Path

import pytest

from config.launcher import children, processes
from config.launcher.children import Interrupted
from config.launcher.logs import DayLogs, FileLog
from config.launcher.messages import Refusal
from config.launcher.processes import Family, Program
from tests.launcher.conftest import eventually

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)


@pytest.fixture
def family():
    said = []
    family = Family(say=said.append)
    yield family, said
    family.kill()


@pytest.fixture
def program(tmp_path):
    def make(source, name="program", seconds=5.0):
        log = FileLog(tmp_path / f"{name}.log")
        return Program([sys.executable, "-c", source], {"PATH": ""}, log, [(signal.SIGTERM, seconds)])

    return make


def test_a_crashed_program_starts_again_after_growing_pauses(family, program):
    family, said = family
    worker = program("raise SystemExit(3)")
    family.start("worker", worker)
    eventually(lambda: family.tend() or len(said) >= 3)
    assert [line.split(" (log")[0] for line in said[:3]] == [
        f"worker ended with code 3; starting it again in {pause} s" for pause in ("0.5", "1", "2")
    ]
    with pytest.raises(Refusal, match=r"worker does not stay up; its log is .*program\.log"):
        family.require_steady()


def test_a_killed_program_is_replaced_and_the_others_go_on(family, program):
    family, said = family
    web, worker = program(SLEEP, "web"), program(SLEEP, "worker")
    family.start("web", web)
    family.start("worker", worker)
    first, other = worker.process.pid, web.process.pid
    worker.process.kill()
    eventually(lambda: family.tend() or worker.process.pid != first)
    assert said[0].startswith("worker ended with signal SIGKILL; starting it again in 0.5 s")
    assert web.process.pid == other
    assert worker.process.poll() is None


def test_pauses_do_not_grow_beyond_their_limit(family, program):
    family, said = family
    family.start("worker", program(SLEEP))
    [member] = family.members
    member.crashes = 40
    member.service.process.kill()
    eventually(lambda: family.tend() or said)
    assert f"again in {processes.LONGEST_PAUSE_SECONDS:g} s" in said[0]


def test_stops_in_the_order_asked_for_then_backwards(family, program):
    family, said = family
    for name in ("PostgreSQL", "Valkey", "web", "worker", "beat"):
        family.start(name, program(SLEEP, name))
    family.stop(("beat", "web", "worker"))
    assert [line.split()[0] for line in said] == ["beat", "web", "worker", "Valkey", "PostgreSQL"]
    assert family.members == []


def test_a_second_interrupt_stops_waiting_and_kills(family, program, monkeypatch):
    family, _ = family
    deaf = program(STUBBORN, "deaf", seconds=60)
    family.start("deaf", deaf)
    eventually(lambda: deaf.log.path.read_text() == "deaf\n")
    monkeypatch.setattr(children.interrupts, "count", 1)
    monkeypatch.setattr(children.interrupts, "tolerated", 0)
    began = time.monotonic()
    with pytest.raises(Interrupted):
        family.stop(())
    monkeypatch.setattr(children.interrupts, "tolerated", 1000)
    family.kill()
    assert deaf.process.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 5


def test_what_a_program_leaves_in_its_group_is_ended_with_it(program, tmp_path):
    parent = program(
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    parent.start()
    eventually(lambda: parent.log.path.read_text().endswith("\n"))
    child = int(parent.log.path.read_text())
    parent.stop()
    eventually(lambda: not _runs(child))


def test_output_goes_into_one_file_per_program_and_day(program, tmp_path):
    logs = DayLogs(tmp_path / "logs")
    logs.start()
    log = logs.of("web")
    speaker = Program([sys.executable, "-c", "print('hello')"], {"PATH": ""}, log, [])
    speaker.start()
    speaker.process.wait()
    logs.close()
    assert log.path.read_text() == "hello\n"
    assert log.path.name.startswith("web-20")
    assert log.path.stat().st_mode & 0o777 == 0o600


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
