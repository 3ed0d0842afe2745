"""The figures of the soak in small counts: the same program, once for a module's figures, on servers of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED = "20261122"


def run_small(folder, *figures, seed=SEED):
    """{figure id: its result} of one run of `python -m soak --small`."""
    answer = folder / "answer.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    finished = subprocess.run(
        [sys.executable, "-m", "soak", *figures, "--small", "--seed", seed, "--answer", str(answer)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    told = finished.stdout + finished.stderr
    assert answer.exists(), told
    return json.loads(answer.read_text()), told


def assert_held(results, told, figure, *, at_least):
    """The figure held at its small count; what it said stands in the message."""
    result = results[figure]
    assert result["verdict"] == "held", f"{result['failures']}\n{result['notes']}\n{told[-6000:]}"
    assert result["ran"] >= at_least
    assert result["checks"]
    assert not result["broken"]


@pytest.fixture(scope="module")
def soaked(request, tmp_path_factory):
    """What the figures in the module's `FIGURES` came to.

    A figure that broke is run once more, alone, with the same seed: processes are killed by the clock, and a crowded
    machine may only have been slow. What breaks twice is broken; what broke once is printed (`-rP` shows it).
    """
    results, told = run_small(tmp_path_factory.mktemp("soak"), *request.module.FIGURES)
    if again := [figure for figure, result in results.items() if result["verdict"] == "broken"]:
        print(f"broke once: {again}", told, sep="\n")
        second, told_again = run_small(tmp_path_factory.mktemp("again"), *again)
        results, told = results | second, told + told_again
    return results, told
