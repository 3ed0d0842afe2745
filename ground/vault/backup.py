"""Backups: both databases, sealed, with signed manifests, kept for the profile's window and not a day longer.

The two databases are dumped one after the other, main first: a key is minted before its row, so the later keyring
holds the key of every row of the earlier main dump, except of those destroyed in between, which the journal names.
They are separate because keyring backups end earlier: a rotation makes those before it useless, and prunes them.
What is not in a backup: the key store (a copy of a destroyed key would undo its destruction) and the objects.
"""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ground import faults, profiles
from ground.vault import backup_archive as archive
from ground.vault import backup_tools, journal, keystore, owner
from ground.vault.backup_archive import ARCHIVE_SUFFIX, MANIFEST_SUFFIX, Manifest
from ground.vault.exceptions import BackupDamaged, BackupFailed
from ground.vault.owner import KEYRING, MAIN, PARTS

__all__ = ["KEYRING", "MAIN", "PARTS", "Manifest", "manifests", "newest", "oldest_taken_at", "prune", "take", "window"]

_NAME = re.compile(rf"(main|keyring)-(\d{{8}}T\d{{6}}Z)-[0-9a-f]{{8}}{re.escape(MANIFEST_SUFFIX)}")
_LEFTOVER_SECONDS = 6 * 3600


def take(part: str) -> Manifest:
    """Back up one of the two databases now. BackupFailed, ToolsMissing, NoOwner: then nothing was kept."""
    _clear_leftovers()
    address, sequence = owner.address(part), journal.last_sequence()
    with owner.connect(part) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot, taken_at = _one(connection, "SELECT pg_export_snapshot(), now()")
        rows = _counts(connection)
        if (part == KEYRING and "vault_datakey" not in rows) or "django_migrations" not in rows:
            raise BackupFailed(f"the {part} database has no tables of ours; migrate it first")
        server = connection.info.server_version // 10000
        _, program = backup_tools.tool("pg_dump", server)
        database, role = _one(connection, "SELECT current_database(), current_user")
        facts = {
            "database": database,
            "owner": role,
            "server_major": server,
            "dump_major": program,
            "rows": rows,
            "journal": sequence,
            "key_store": type(keystore.store().primary).__name__,
            "root": keystore.store().root.name,
        }
        manifest = archive.write(part, backup_tools.dump(address, server, snapshot), facts, taken_at)
    faults.point("backup.taken")
    return manifest


def paths(part: str) -> list[Path]:
    """The manifests of one part, oldest first."""
    found = [path for path in archive.folder().iterdir() if _NAME.fullmatch(path.name) and _part(path) == part]
    return sorted(found)


def manifests(part: str) -> list[Manifest]:
    """Every backup of one part that reads back, oldest first."""
    return list(_readable(part))


def newest(part: str) -> Manifest | None:
    """The last backup of one part that reads back, or None."""
    for path in reversed(paths(part)):
        with contextlib.suppress(BackupDamaged):
            return archive.read(path)
    return None


def oldest_taken_at(part: str) -> datetime | None:
    """When the oldest backup that still exists was taken; None when there is none. Unreadable ones count too."""
    found = paths(part)
    return _taken_at(found[0]) if found else None


def window() -> timedelta:
    """How long backups are kept: the profile's own period for them."""
    period = profiles.current().backup_window
    if period is None:
        raise LookupError("the operator profile gives no period for backups")
    return timedelta(days=period.longest_days)


def prune(at: datetime) -> int:
    """Remove the backups whose window is over at `at`. How many."""
    before = at - window()
    expired = [path for part in PARTS for path in paths(part) if _taken_at(path) < before]
    for path in expired:
        archive.remove(path)
    return len(expired)


def prune_keyring_before(fresh: Manifest) -> int:
    """Remove every keyring backup taken before `fresh`: what stood on shelves that are gone opens nothing. How many."""
    dead = [path for path in paths(KEYRING) if path != fresh.path and _taken_at(path) <= _taken_at(fresh.path)]
    for path in dead:
        archive.remove(path)
        faults.point("backup.pruning")
    return len(dead)


def keyring_for(main: Manifest) -> Manifest:
    """The keyring backup to restore beside a main backup: the first one taken after it, else the newest there is."""
    found = manifests(KEYRING)
    later = [one for one in found if one.taken_at >= main.taken_at]
    if later:
        return later[0]
    if found:
        return found[-1]
    raise BackupDamaged("there is no keyring backup: restore the main database alone with --main-only")


def _readable(part: str) -> Iterator[Manifest]:
    for path in paths(part):
        with contextlib.suppress(BackupDamaged):
            yield archive.read(path)


def _part(path: Path) -> str:
    return path.name.partition("-")[0]


def _taken_at(path: Path) -> datetime:
    """From the name, to the second, rounded down: never younger than the dump is."""
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return datetime.strptime(match[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _clear_leftovers() -> None:
    """Archives without a manifest are the rest of a crash; a dump under way is younger."""
    for path in archive.folder().glob(f"*{ARCHIVE_SUFFIX}"):
        manifest = path.with_name(path.name.removesuffix(ARCHIVE_SUFFIX) + MANIFEST_SUFFIX)
        if not manifest.exists() and time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
            path.unlink(missing_ok=True)


def _counts(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of every table, in the transaction's snapshot (which is the dump's)."""
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    return {
        name: _one(connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))[0] for (name,) in tables
    }


def _one(connection: psycopg.Connection, query: "str | sql.Composed") -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
