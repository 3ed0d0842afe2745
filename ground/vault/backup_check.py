"""A backup counts when it was restored: into a scratch database, every row counted, every wrapped key unwrapped.

The scratch database lies on the same server and is dropped afterwards (the owner needs CREATEDB), or is the one that
`BACKUP_SCRATCH_URL` names, emptied before and after. The last success is kept as a signed file beside the backups.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ground.vault import backup_archive as archive
from ground.vault import backup_tools, keystore, owner, signing
from ground.vault.backup_archive import Manifest
from ground.vault.durable import write_atomically
from ground.vault.exceptions import BackupDamaged, BackupFailed, KeyLost, WrongKey
from ground.vault.owner import KEYRING, SCRATCH_PREFIX
from ground.vault.sealing import unwrap_key
from ground.vault.statements import SignedStatement

TYPE = "sottovoce.backup.verified"
_PAGE = 20_000
_DROP_TRIES = 3  # PostgreSQL itself waits five seconds each time
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a restore for trial found. Keys by the shelf version they stand on: all, and those that do not open."""

    rows: int
    keys: int
    on_versions: dict[UUID, int]
    unopened: dict[UUID, int]


def verify(manifest: Manifest, *, tolerate_lost_keys: bool = False) -> Verified:
    """Restore the backup into a scratch database and look at everything; BackupDamaged or BackupFailed otherwise.

    `tolerate_lost_keys`: keys that open nowhere are counted, not refused (they were lost before the backup).
    """
    with _scratch(manifest) as connection:
        rows = _same_rows(connection, manifest)
        on_versions, unopened = _open_all(connection) if manifest.part == KEYRING else (Counter(), Counter())
    if unopened and not tolerate_lost_keys:
        raise BackupDamaged(
            f"{sum(unopened.values())} keys of {manifest.archive.name} do not open, on {len(unopened)} shelf versions"
        )
    found = Verified(rows, sum(on_versions.values()), dict(on_versions), dict(unopened))
    _remember(manifest, found)
    return found


def last_verified(part: str) -> dict[str, Any] | None:
    """The signed statement about the last backup of this part that was restored for trial, or None."""
    with contextlib.suppress(FileNotFoundError):
        return signing.verify(SignedStatement.from_json(_evidence(part).read_bytes()))
    return None


def _remember(manifest: Manifest, found: Verified) -> None:
    body = {
        "type": TYPE,
        "part": manifest.part,
        "backup": str(manifest.id),
        "manifest_sha256": manifest.digest,
        "taken_at": manifest.body["taken_at"],
        "verified_at": datetime.now(UTC).isoformat(),
        "rows": found.rows,
        "keys": found.keys,
        "keys_unopened": sum(found.unopened.values()),
    }
    write_atomically(_evidence(manifest.part), signing.sign(body).to_json() + b"\n")


def _evidence(part: str) -> Any:
    return archive.folder() / f"last-verified-{part}.json"


def _same_rows(connection: psycopg.Connection, manifest: Manifest) -> int:
    for table, wanted in manifest.rows.items():
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        if row is None or row[0] != wanted:
            raise BackupDamaged(
                f"{manifest.archive.name}: {table} has {row and row[0]} rows, its manifest says {wanted}"
            )
    return sum(manifest.rows.values())


def _open_all(connection: psycopg.Connection) -> tuple[Counter[UUID], Counter[UUID]]:
    """Unwrap every data key; how many stand on each version, and how many of them do not open."""
    on_versions: Counter[UUID] = Counter()
    unopened: Counter[UUID] = Counter()
    place: tuple[UUID, UUID] | None = None
    shelf: AESGCM | None = None
    with connection.transaction(), connection.cursor(name="every_key") as cursor:
        cursor.itersize = _PAGE
        cursor.execute(
            "SELECT organization_id, shelf_version_id, id, wrapped FROM vault_datakey "
            "ORDER BY organization_id, shelf_version_id"
        )
        for organization_id, version_id, key_id, wrapped in cursor:
            if place != (organization_id, version_id):
                place, shelf = (organization_id, version_id), _shelf(organization_id, version_id)
            on_versions[version_id] += 1
            if shelf is None or not _opens(shelf, wrapped, organization_id, key_id):
                unopened[version_id] += 1
    return on_versions, unopened


def _shelf(organization_id: UUID, version_id: UUID) -> AESGCM | None:
    try:
        return AESGCM(keystore.store().shelf_key(organization_id, version_id))
    except KeyLost:
        return None


def _opens(shelf: AESGCM, wrapped: bytes, organization_id: UUID, key_id: UUID) -> bool:
    try:
        unwrap_key(shelf, wrapped, organization_id, key_id)
    except WrongKey:
        return False
    return True


@contextlib.contextmanager
def _scratch(manifest: Manifest) -> Iterator[psycopg.Connection]:
    if settings.BACKUP_SCRATCH_URL:
        address = dict(conninfo_to_dict(settings.BACKUP_SCRATCH_URL))
        with _filled(address, manifest) as connection:
            yield connection
        return
    with owner.connect(manifest.part) as connection:
        _drop_forgotten(connection)
        name = f"{SCRATCH_PREFIX}{connection.info.backend_pid}_{os.urandom(6).hex()}"
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise BackupFailed(
                "the owner may not create the scratch database in which backups are tested: "
                "GRANT it CREATEDB, or name an empty database of its own in BACKUP_SCRATCH_URL"
            ) from error
        try:
            with _filled(owner.address(manifest.part) | {"dbname": name}, manifest) as scratch:
                yield scratch
        finally:
            _drop(connection, name)


@contextlib.contextmanager
def _filled(address: dict[str, Any], manifest: Manifest) -> Iterator[psycopg.Connection]:
    with contextlib.closing(psycopg.connect(make_conninfo(**address), autocommit=True)) as connection:
        connection.execute("SELECT set_config('app.maintenance', 'on', false)")
        owner.clear_contents(connection)
        try:
            backup_tools.restore(address, connection.info.server_version // 10000, archive.open_archive(manifest))
            yield connection
        finally:
            owner.clear_contents(connection)


def _drop(connection: psycopg.Connection, name: str) -> None:
    """Not by force: that ends the server's own vacuum too, which our role may not. A plain DROP asks it to leave and
    waits some seconds; what somebody else still holds is left to the next trial, as a database that is forgotten."""
    for _ in range(_DROP_TRIES):
        with contextlib.suppress(psycopg.errors.ObjectInUse):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            return
    log.warning("vault.scratch_left")


def _drop_forgotten(connection: psycopg.Connection) -> None:
    """Scratch databases of a process that died: ours, by name and owner, whose maker is gone and nobody is in them.

    The name tells the session that made it, which stays for as long as the database is wanted: between making and
    entering it, another trial would otherwise take it for forgotten. A number used again only keeps one for longer.
    """
    names = connection.execute(
        "SELECT d.datname FROM pg_database d WHERE starts_with(d.datname, %s) "
        "AND pg_get_userbyid(d.datdba) = current_user "
        "AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = d.oid "
        "OR starts_with(d.datname, %s || a.pid || '_'))",
        [SCRATCH_PREFIX, SCRATCH_PREFIX],
    ).fetchall()
    for (name,) in names:
        with contextlib.suppress(psycopg.errors.ObjectInUse, psycopg.errors.InvalidCatalogName):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
