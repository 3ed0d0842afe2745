"""Builds `.venv` from hash-pinned requirements, and only when they changed. Runs on any Python 3.11+, nothing else.

Run as a script (`python3 config/launcher/environment.py dev`): at this point no package of ours can be imported.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".requirements.json"
OLDEST = (3, 11)


class CannotBuild(Exception):
    """One sentence for the person who typed `make`."""


def main(kind: str) -> None:
    """`kind`: "base" to run the platform, "dev" to test it too."""
    if sys.version_info < OLDEST:
        raise CannotBuild(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}: "
            "name another with `make PYTHON=python3.12 …`."
        )
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    wanted = {name: _digest(name) for name in ("base", "dev")}
    if _installed(wanted, kind):
        return
    with _alone():
        if _installed(wanted, kind):  # somebody else was building it
            return
        if not _works():
            _create()
        _say(f"Installing requirements/{kind}.txt into {VENV.name} …")
        STAMP.unlink(missing_ok=True)
        _install(ROOT / "requirements" / f"{kind}.txt")
        done = wanted if kind == "dev" else {"base": wanted["base"]}
        STAMP.write_text(json.dumps(done | {"python": _version()}))


def _digest(kind: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{kind}.txt").read_bytes()).hexdigest()


def _installed(wanted: dict[str, str], kind: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        stamp = json.loads(STAMP.read_text())
        return bool(stamp.get(kind) == wanted[kind] and os.access(PYTHON, os.X_OK) and stamp["python"] == _version())
    return False


def _version() -> str:
    """Of the interpreter in the environment, read without starting it."""
    for line in (VENV / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            return ".".join(value.strip().split(".")[:3])
    return ""


def _works() -> bool:
    """False for no environment, a half-built one, or one whose Python has been removed."""
    if not os.access(PYTHON, os.X_OK):
        return False
    asked = subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False)
    return asked.returncode == 0 or bool(shutil.which("uv"))


def _create() -> None:
    """With `venv`, else with `virtualenv` or `uv` where the system's Python comes without it."""
    _say(f"Creating {VENV.name} with Python {sys.version.split()[0]} …")
    ways: list[Sequence[str | Path]] = [[sys.executable, "-m", "venv", VENV]]
    if shutil.which("virtualenv"):
        ways.append(["virtualenv", "-q", "-p", sys.executable, VENV])
    if uv := shutil.which("uv"):
        ways.append([uv, "venv", "-q", "--seed", "-p", sys.executable, VENV])
    for way in ways:
        shutil.rmtree(VENV, ignore_errors=True)
        if subprocess.run(way, capture_output=True, check=False).returncode == 0 and _works():
            return
    shutil.rmtree(VENV, ignore_errors=True)
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    raise CannotBuild(f"This Python cannot create environments: run `sudo apt install {package}`, then try again.")


def _install(requirements: Path) -> None:
    """Every file is checked against its pinned hash; bytecode is compiled now, so that the first start is quick."""
    command: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "-r", requirements]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise CannotBuild("Installing failed; pip says why above. Run `make setup` again once that is mended.")
    packages = [str(folder) for folder in VENV.glob("lib/python*/site-packages")]
    # Some packages carry templates that are no Python; that they do not compile is no news.
    subprocess.run([PYTHON, "-m", "compileall", "-q", "-j", "0", *packages], capture_output=True, check=False)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with (ROOT / "requirements").joinpath("base.txt").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "dev")
    except CannotBuild as problem:
        sys.exit(f"{problem}")
    except KeyboardInterrupt:
        sys.exit(130)
