import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from config.launcher.places import run_dir_for

ROOT = Path(__file__).resolve().parents[2]
_OURS = ("DATABASE", "KEYRING", "REDIS", "TEST_", "S3_", "KMS_", "SECRET_KEY", "DATA_DIR", "DJANGO_", "PORT", "DEMO")


@pytest.fixture
def clean_environment():
    """The developer's environment without anything that this test run or a developer set for the platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | {"NO_COLOR": "1"}


@pytest.fixture
def run_dir(tmp_path):
    folder = run_dir_for(tmp_path)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def script(clean_environment):
    """Starts a Python program in a process of its own; it is killed at the end of the test."""
    started = []

    def start(source, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source), *map(str, arguments)],
            cwd=ROOT, env=clean_environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def eventually(condition, *, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def processes_of(folder):
    """Every process that works on this data folder: by its environment, or by where it runs."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            named = f"DATA_DIR={folder}".encode() in (entry / "environ").read_bytes().split(b"\0")
            within = str((entry / "cwd").readlink()).startswith(f"{folder}/")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if (named or within) and command:
            found[int(entry.name)] = command
    return found


def kill(pid, name=signal.SIGKILL):
    os.kill(pid, name)
