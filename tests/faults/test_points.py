"""The named places themselves: inert unless asked for, and only the asked-for turn counts."""

import signal

import pytest

from ground import faults


@pytest.fixture(autouse=True)
def nothing_passed(monkeypatch):
    monkeypatch.setattr(faults, "_passed", {})


def test_a_place_nobody_asked_for_does_nothing(monkeypatch):
    monkeypatch.delenv(faults.VARIABLE, raising=False)
    faults.point("here")
    monkeypatch.setenv(faults.VARIABLE, "elsewhere:error")
    faults.point("here")
    assert faults._passed == {}


def test_the_wanted_turn_fails_and_no_other(monkeypatch):
    monkeypatch.setenv(faults.VARIABLE, "here:error:2")
    faults.point("here")
    with pytest.raises(faults.InjectedFault, match="here"):
        faults.point("here")
    faults.point("here")


def test_without_an_action_the_process_is_killed(monkeypatch):
    killed = []
    monkeypatch.setattr(faults.os, "kill", lambda process, how: killed.append((process, how)))
    monkeypatch.setenv(faults.VARIABLE, "here")
    faults.point("here")
    faults.point("here")
    assert killed == [(faults.os.getpid(), signal.SIGKILL)]
