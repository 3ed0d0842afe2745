import importlib.util
import json
import sys

import pytest

from tests.launcher.conftest import ROOT


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """The script as `make setup` runs it, on a project of its own whose requirements are empty."""
    spec = importlib.util.spec_from_file_location("environment", ROOT / "config" / "launcher" / "environment.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (tmp_path / "requirements").mkdir()
    for kind in ("base", "dev"):
        (tmp_path / "requirements" / f"{kind}.txt").write_text("# nothing\n")
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin" / "python", "STAMP": venv / ".requirements.json",
    }.items():  # fmt: skip
        monkeypatch.setattr(script, name, value)
    return script


@pytest.fixture
def installs(environment, monkeypatch):
    """The requirement files that were installed, in order; nothing is downloaded, no environment is built."""
    installed = []

    def create():
        environment.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        environment.PYTHON.touch(mode=0o755)
        (environment.VENV / "pyvenv.cfg").write_text("version = 3.11.7\n")

    monkeypatch.setattr(environment, "_create", create)
    monkeypatch.setattr(environment, "_works", environment.PYTHON.exists)
    monkeypatch.setattr(environment, "_install", lambda requirements: installed.append(requirements.stem))
    return installed


def test_installs_only_when_the_requirements_changed(environment, installs, tmp_path):
    environment.main("dev")
    environment.main("dev")
    assert installs == ["dev"]
    (tmp_path / "requirements" / "dev.txt").write_text("# one more\n")
    environment.main("dev")
    assert installs == ["dev", "dev"]


def test_what_tests_need_includes_what_running_needs_but_not_the_reverse(environment, installs):
    environment.main("base")
    environment.main("base")
    environment.main("dev")
    environment.main("base")
    assert installs == ["base", "dev"]


def test_an_interrupted_installation_is_done_again(environment, installs, monkeypatch):
    def interrupted(requirements):
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(environment, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.main("dev")
    environment.main("dev")
    assert installs == ["dev"]


def test_another_python_in_the_environment_means_installing_again(environment, installs):
    environment.main("dev")
    (environment.VENV / "pyvenv.cfg").write_text("version = 3.12.1\n")
    environment.main("dev")
    assert installs == ["dev", "dev"]


def test_builds_a_real_environment(environment, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environment.main("base")
    assert environment.PYTHON.exists()
    assert set(json.loads(environment.STAMP.read_text())) == {"base", "python"}
    assert list(environment.VENV.rglob("__pycache__/*.pyc"))


def test_a_python_without_venv_is_told_what_to_install(environment, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    with pytest.raises(environment.CannotBuild, match=r"sudo apt install python3\.\d+-venv"):
        environment.main("base")
    assert not environment.VENV.exists()


def test_an_old_python_is_named(environment, monkeypatch):
    monkeypatch.setattr(environment, "OLDEST", (99, 0))
    with pytest.raises(environment.CannotBuild, match="is needed, this is"):
        environment.main("base")
