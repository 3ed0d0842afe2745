"""`make up`: everything, in order, and everything stopped in order.

    lock -> port -> PostgreSQL -> roles and databases -> Valkey -> migrate, provision, static files -> demo data
    -> web, worker, beat, nightly -> /healthz and /readyz answer -> the address and the demo logins

Ctrl-C: beat -> nightly -> web -> worker (finishes its tasks) -> Valkey -> PostgreSQL. A second Ctrl-C kills.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from config.launcher import children, credentials, locks, messages, parts
from config.launcher.children import interrupts, wait_until
from config.launcher.logs import DayLogs
from config.launcher.messages import NOT_READY, Refusal, say
from config.launcher.processes import Family

READY_WITHIN_SECONDS = 90
STOPPING_ORDER = ("beat", "nightly", "web", "worker")


def up(environ: Mapping[str, str]) -> int:
    """Runs until it is asked to stop; returns the exit code."""
    began = time.monotonic()
    data_dir = parts.data_dir(environ)
    port = locks.port_number(environ.get("PORT") or "8000")
    address = f"http://127.0.0.1:{port}"
    interrupts.listen()
    lock = locks.FolderLock(data_dir)
    lock.take()
    if lock.stale:
        say(f"The last run (pid {lock.stale.get('pid')}) was killed; its data is kept and checked.")
    locks.require_port(port, patience_seconds=15 if lock.stale else 0)
    lock.note(address=address)
    logs = DayLogs(parts.log_dir(environ, data_dir))
    logs.start()
    family = Family(say=say)
    try:
        return _run(family, logs, data_dir, port, environ, began)
    except children.Interrupted:
        return _stop(family)
    except Refusal as refusal:
        messages.complain(str(refusal))
        _stop(family, quietly=True)
        return refusal.code
    finally:
        family.kill()
        logs.close()
        lock.release()


def _run(family: Family, logs: DayLogs, data_dir: Path, port: int, environ: Mapping[str, str], began: float) -> int:
    address = f"http://127.0.0.1:{port}"
    kept = credentials.kept_in(data_dir)
    say(f"Starting Sottovoce (data in {data_dir})")
    servers = parts.start_servers(family, logs, data_dir, kept, environ)
    settings = parts.Settings(servers=servers, credentials=kept, data_dir=data_dir, address=address, environ=environ)
    known = parts.prepare(settings, logs)
    if "demo" in known:
        parts.load_demo(settings, logs)
    parts.start_programs(family, logs, settings, port, nightly="nightly" in known)
    _wait_until_ready(family, address)
    _welcome(address, data_dir, logs.folder, environ, time.monotonic() - began)
    while True:
        family.tend()
        wait_until(lambda: False, seconds=0.5, every=0.1)


def _wait_until_ready(family: Family, address: str) -> None:
    messages.step("waiting until everything answers")
    answer = ""

    def ready() -> bool:
        nonlocal answer
        family.tend()
        family.require_steady()
        answer = _problem(f"{address}/healthz") or _problem(f"{address}/readyz")
        return not answer

    if not wait_until(ready, seconds=READY_WITHIN_SECONDS, every=0.1):
        raise Refusal(f"Not ready after {READY_WITHIN_SECONDS} s: {answer}", code=NOT_READY)


def _problem(url: str) -> str:
    """What the address says against being ready; empty when it answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own loopback address
            return ""
    except urllib.error.HTTPError as error:
        return f"{url} says {error.code} {error.read(500).decode(errors='replace').strip()}"
    except OSError as error:
        return f"{url}: {error}"


def _welcome(address: str, data_dir: Path, logs: Path, environ: Mapping[str, str], seconds: float) -> None:
    say(f"\nSottovoce is ready after {seconds:.0f} s:  {address}\n")
    for line in _demo_logins(data_dir / "demo-logins.json"):
        say(f"  {line}")
    mail = "" if environ.get("EMAIL_URL") else f" · E-mail: {data_dir / 'mail'}"
    say(f"\nLogs: {logs}{mail} · stop with Ctrl-C\n")


def _demo_logins(path: Path) -> list[str]:
    """One line per login; `manage.py demo` writes the file."""
    if not path.is_file():
        return []
    logins = json.loads(path.read_text())
    entries = logins.items() if isinstance(logins, dict) else [(login.get("role", ""), login) for login in logins]
    return [_login(role, login) for role, login in entries]


def _login(role: str, login: Mapping[str, str]) -> str:
    line = f"{role:<8} {login['email']:<36} {login['password']}"
    secret = login.get("totp_secret")
    return f"{line}   authenticator: {secret}" if secret else line


def _stop(family: Family, *, quietly: bool = False) -> int:
    if not quietly:
        say("\nStopping (Ctrl-C again kills at once)")
    interrupts.tolerated = interrupts.count
    try:
        family.stop(STOPPING_ORDER)
    except children.Interrupted:
        say("Killing what is left")
        interrupts.tolerated = interrupts.count + 1000
        family.kill()
        return 130
    return 0
