"""Restoring: both databases, or one of them, from sealed backups; then the past catches up before anybody is served.

Order, and what a crash leaves (the gate stays shut; say the same command again):
  1. every archive is read to its end: altered, cut or foreign ones are refused while nothing has happened yet
  2. the gate shuts: web answers 503, workers do nothing
  3. the owner drops what is there and loads each archive, one transaction for each
  4. migrations of this release, crossings closed to the public, grants of the application's role
  5. a new epoch of the audit trail begins; the erasure journal is replayed into both databases; the gate opens
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from ground import faults
from ground.tenancy.provision import provision
from ground.vault import backup, backup_tools, gate, owner
from ground.vault import backup_archive as archive
from ground.vault.backup_archive import Manifest
from ground.vault.exceptions import BackupDamaged, RestoreFailed
from ground.vault.owner import ALIASES, KEYRING, MAIN

Tell = Callable[[str], None]
PATIENCE_SECONDS = gate.CACHE_SECONDS + 1  # until every process has noticed that the gate is shut


def plan(path: Path, *, only: str | None = None) -> list[Manifest]:
    """Which backups are restored for this manifest: a main one brings the fitting keyring one unless told otherwise."""
    chosen = archive.read(path)
    if only is not None and only != chosen.part:
        if chosen.part == MAIN and only == KEYRING:
            return [backup.keyring_for(chosen)]
        raise BackupDamaged(f"{path.name} is a backup of the {chosen.part} database; only {only} was asked for")
    if chosen.part == KEYRING or only == MAIN:
        return [chosen]
    return [chosen, backup.keyring_for(chosen)]


def restore(wanted: Sequence[Manifest], *, tell: Tell, accept_lost_journal: bool = False) -> int:
    """Replace the contents of the configured databases. How many journal entries were replayed.

    BackupDamaged, BackupPruned: nothing has happened. RestoreFailed and everything later: the gate is shut.
    """
    for manifest in wanted:
        tell(f"Reading {manifest.archive.name} to its end …")
        _fits(manifest)
        for _ in archive.open_archive(manifest):
            pass
        if not manifest.signed:
            tell(f"  its signing key is not in the key store; root {manifest.body['root']} vouches for it")
    gate.shut(gate.RESTORING)
    time.sleep(PATIENCE_SECONDS)
    for manifest in wanted:
        tell(f"Loading the {manifest.part} database as of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC …")
        _load(manifest)
        faults.point("restore.loaded")
    for part in owner.PARTS:
        _prepare(part, tell)
    gate.shut(gate.REPLAYING)
    tell("Replaying the erasure journal …")
    return gate.open_again(accept_lost_journal=accept_lost_journal)


def _fits(manifest: Manifest) -> None:
    with owner.connect(manifest.part) as connection:
        role = connection.info.user
        major = connection.info.server_version // 10000
    if manifest.body["owner"] != role:
        raise BackupDamaged(
            f"{manifest.path.name} was taken by the owner {manifest.body['owner']}; its policies name that role, "
            f"and here the owner is {role}: create and use the same role"
        )
    backup_tools.tool("pg_restore", max(major, int(manifest.body["dump_major"])))


def _load(manifest: Manifest) -> None:
    with owner.connect(manifest.part) as connection:
        owner.clear_contents(connection)
        faults.point("restore.cleared")
        major = max(connection.info.server_version // 10000, int(manifest.body["dump_major"]))
        backup_tools.restore(owner.address(manifest.part), major, archive.open_archive(manifest))
    connections[ALIASES[manifest.part]].close()


_CROSSINGS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'public' AND p.prosecdef
"""


def _prepare(part: str, tell: Tell) -> None:
    """Schema of this release, crossings closed to the public (dumps are loaded without privileges), grants."""
    with owner.connect(part) as connection:
        for (signature,) in connection.execute(_CROSSINGS).fetchall():
            connection.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")  # from the catalogue, already quoted
    owner_url = settings.DATABASE_OWNER_URL if part == MAIN else settings.KEYRING_DATABASE_OWNER_URL
    provision(owner_url=owner_url, app_url=owner.app_conninfo(part))
    if _behind(part):
        tell(f"Migrating the {part} database to this release …")
        _migrate(part, owner_url)
        provision(owner_url=owner_url, app_url=owner.app_conninfo(part))


def _behind(part: str) -> bool:
    executor = MigrationExecutor(connections[ALIASES[part]])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _migrate(part: str, owner_url: str) -> None:
    """In a process of its own, as the owner; this process goes on as the application's role."""
    variable = "DATABASE_URL" if part == MAIN else "KEYRING_DATABASE_URL"
    command = [sys.executable, "-m", "django", "migrate", "--database", ALIASES[part], "--no-input", "-v", "0"]
    done = subprocess.run(command, env=os.environ | {variable: owner_url}, capture_output=True, text=True, check=False)  # noqa: S603  (PostgreSQL's own programs, our arguments)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise RestoreFailed(f"migrating the {part} database failed: {last}")
