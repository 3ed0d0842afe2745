"""Looking for what PostgreSQL keeps of deleted keys, byte by byte, and trying whether anything opens it."""

import contextlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ground.vault import backup_tools, keystore
from ground.vault.exceptions import WrongKey
from ground.vault.keystore.record import Record
from ground.vault.sealing import unwrap_key
from tests import embedded
from tests.ground.vault_ops.conftest import cluster


def checkpoint_and_vacuum():
    with embedded.superuser("keyring") as connection:
        connection.execute("VACUUM vault_datakey")
        connection.execute("CHECKPOINT")


def found_in_files(wanted):
    """Which of the wrapped keys still lie in any file of the cluster: heap, indexes, write-ahead log."""
    left = set()
    for folder, _, names in os.walk(cluster()):  # passes over folders of databases that parallel tests drop meanwhile
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(FileNotFoundError):
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
                left |= {key_id for key_id, (_, wrapped) in wanted.items() if wrapped in content}
    return left


def found_in_dump(wanted, archive):
    program, _ = backup_tools.tool("pg_restore", 18)
    text = backup_tools.subprocess.run(
        [program, "--data-only", "--table=vault_datakey", "--file=-"],
        input=archive.read_bytes(),
        capture_output=True,
        check=True,
    ).stdout
    return {key_id for key_id, (_, wrapped) in wanted.items() if wrapped.hex().encode() in text}


def opening(organization_id, remnants):
    """Those that open with anything that either place of the key store still holds."""
    store, shelf_keys = keystore.store(), []
    for place in (store.primary, store.mirror):
        raw, _ = place.read(f"{organization_id}.keys")
        for (kind, name), wrapped in Record.from_bytes(raw, organization_id).secrets.items():
            if kind == "shelf":
                context = {"organization": str(organization_id), "kind": kind, "id": name}
                shelf_keys.append(AESGCM(store.root.unwrap(wrapped, context)))
    found = set()
    for key_id, (_, wrapped) in remnants.items():
        for shelf in shelf_keys:
            try:
                unwrap_key(shelf, wrapped, organization_id, key_id)
            except WrongKey:
                continue
            found.add(key_id)
    return found
