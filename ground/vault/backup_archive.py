"""A backup on disk: one sealed archive and one signed manifest, in `BACKUP_PATH`.

    main-20261122T021500Z-3f2a91c4.sealed          pg_dump's custom format, sealed in 64 KiB chunks
    main-20261122T021500Z-3f2a91c4.manifest.json   what it holds, its hash, and its key wrapped by the root

Invariants: the manifest is written last, so an archive without one is the rest of a crash. The key of an archive is
wrapped by the root under a context that names the manifest's digest: whoever cannot use the root can neither read an
archive nor pass another manifest for its own, even where the signing keys are lost.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings

from ground.vault import keystore, signing
from ground.vault.canonical import canonical_json
from ground.vault.durable import make_folder, sync_folder, write_all, write_atomically
from ground.vault.exceptions import BackupDamaged, BackupPruned, BadSignature, WrongKey
from ground.vault.sealing import KEY_BYTES, DataKey
from ground.vault.statements import SignedStatement, verify_offline
from ground.vault.stream import SealedReader, seal_stream

TYPE, FORMAT = "sottovoce.backup", 1
MANIFEST_SUFFIX, ARCHIVE_SUFFIX = ".manifest.json", ".sealed"
_CATEGORY = "backup"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup that reads back. `part`: "main" or "keyring". `rows`: per table, as the dump saw them."""

    path: Path
    body: dict[str, Any]
    signed: bool

    @property
    def id(self) -> UUID:
        return UUID(self.body["id"])

    @property
    def part(self) -> str:
        return str(self.body["part"])

    @property
    def taken_at(self) -> datetime:
        return datetime.fromisoformat(self.body["taken_at"])

    @property
    def rows(self) -> dict[str, int]:
        return dict(self.body["rows"])

    @property
    def archive(self) -> Path:
        return self.path.with_name(self.body["file"])

    @property
    def digest(self) -> str:
        return hashlib.sha256(canonical_json(self.body)).hexdigest()


def folder() -> Path:
    """Where backups lie; made when missing, private to us."""
    place = Path(settings.BACKUP_PATH)
    make_folder(place)
    return place


def write(part: str, pieces: Iterable[bytes], facts: dict[str, Any], taken_at: datetime) -> Manifest:
    """Seal and store `pieces` as they come, then the manifest. Whatever goes wrong, nothing is kept."""
    identifier, secret = uuid4(), os.urandom(KEY_BYTES)
    stem = f"{part}-{taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{identifier.hex[:8]}"
    archive = folder() / f"{stem}{ARCHIVE_SUFFIX}"
    key = DataKey(identifier, signing.OPERATOR, secret, fresh=True)
    try:
        stored, digest = _store(archive, seal_stream(key, pieces, category=_CATEGORY, object_id=identifier, slot=part))
        body = facts | {
            "type": TYPE,
            "format": FORMAT,
            "id": str(identifier),
            "part": part,
            "taken_at": taken_at.astimezone(UTC).isoformat(),
            "file": archive.name,
            "stored_bytes": stored,
            "sha256": digest,
        }
        wrapped = keystore.store().root.wrap(secret, _context(body))
        body["wrapped_key"] = base64.b64encode(wrapped).decode()
        path = folder() / f"{stem}{MANIFEST_SUFFIX}"
        write_atomically(path, signing.sign(body).to_json() + b"\n")
    except BaseException:
        archive.unlink(missing_ok=True)
        raise
    return Manifest(path, body, signed=True)


def read(path: Path) -> Manifest:
    """A manifest whose root and signature hold. `signed` is False where the signing keys are lost: the root vouches."""
    try:
        statement = SignedStatement.from_json(path.read_bytes())
    except FileNotFoundError:
        raise BackupDamaged(f"there is no manifest {path}") from None
    except (OSError, BadSignature) as error:
        raise BackupDamaged(f"{path} is no backup manifest") from error
    body = statement.content()
    if body.get("type") != TYPE or body.get("format") != FORMAT:
        raise BackupDamaged(f"{path} is no backup manifest of a format this release knows")
    known = {key.key_id: key.public_key for key in signing.public_keys()}
    signed = statement.key_id in known
    if signed:
        try:
            verify_offline(statement, known[statement.key_id])
        except BadSignature as error:
            raise BackupDamaged(f"{path} was altered: its signature does not hold") from error
    manifest = Manifest(path, body, signed)
    _secret(manifest)
    return manifest


def open_archive(manifest: Manifest) -> Iterator[bytes]:
    """The dump in the clear, in pieces; authenticated piece by piece, its end before the first."""
    path = manifest.archive
    try:
        stored = path.stat().st_size
    except FileNotFoundError:
        raise BackupPruned(f"{path.name} is gone; its manifest {manifest.path.name} is all that is left") from None
    if stored != manifest.body["stored_bytes"]:
        raise BackupDamaged(f"{path.name} has {stored} bytes, its manifest says {manifest.body['stored_bytes']}")
    key = DataKey(manifest.id, signing.OPERATOR, _secret(manifest))
    with path.open("rb", buffering=0) as file:

        def read_range(start: int, length: int) -> Iterator[bytes]:
            place, left = start, length
            while left > 0:
                piece = os.pread(file.fileno(), min(left, 1024 * 1024), place)
                if not piece:
                    return
                yield piece
                place, left = place + len(piece), left - len(piece)

        reader = SealedReader(key, read_range, stored, category=_CATEGORY, object_id=manifest.id, slot=manifest.part)
        yield from reader.read()


def remove(manifest_path: Path) -> None:
    """The archive first, then its manifest (with the wrapped key); durable when this returns."""
    archive = manifest_path.with_name(manifest_path.name.removesuffix(MANIFEST_SUFFIX) + ARCHIVE_SUFFIX)
    archive.unlink(missing_ok=True)
    manifest_path.unlink(missing_ok=True)
    sync_folder(manifest_path.parent)


def _secret(manifest: Manifest) -> bytes:
    body = {name: value for name, value in manifest.body.items() if name != "wrapped_key"}
    try:
        wrapped = base64.b64decode(manifest.body["wrapped_key"], validate=True)
        return keystore.store().root.unwrap(wrapped, _context(body))
    except WrongKey as error:
        raise BackupDamaged(
            f"{manifest.path.name} was altered, or belongs to root {body.get('root')}: "
            f"root {keystore.store().root.name} does not open it"
        ) from error
    except (KeyError, ValueError) as error:
        raise BackupDamaged(f"{manifest.path.name} names no key") from error


def _context(body: dict[str, Any]) -> dict[str, str]:
    return {
        "organization": str(signing.OPERATOR),
        "kind": "backup",
        "id": body["id"],
        "manifest": hashlib.sha256(canonical_json(body)).hexdigest(),
    }


def _store(path: Path, pieces: Iterable[bytes]) -> tuple[int, str]:
    digest, stored = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        for piece in pieces:
            write_all(descriptor, piece)
            digest.update(piece)
            stored += len(piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)
    return stored, digest.hexdigest()
