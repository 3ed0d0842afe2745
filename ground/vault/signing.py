"""The operator's signature: Ed25519 keys in the key store, and the published history of their public halves.

Invariant: a public key stays in the history for ever, with the time it was in use; replacing the private key never
makes an old statement unverifiable. Private keys lie under the reserved id `OPERATOR`, wrapped by the root.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ground.vault import keystore, shelves
from ground.vault.brief_memory import BriefMemory
from ground.vault.canonical import canonical_json
from ground.vault.exceptions import BadSignature, KeyLost
from ground.vault.statements import SignedStatement, key_id_of, verify_offline

__all__ = ["OPERATOR", "PublicKey", "SignedStatement", "public_keys", "replace_key", "sign", "verify", "verify_offline"]

OPERATOR = UUID(int=0)
_KIND = "signing"
_memory: BriefMemory[str, tuple[str, Ed25519PrivateKey]] = BriefMemory(shelves.CACHE_SECONDS)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One published key. `valid_until` is None while it signs."""

    key_id: str
    public_key: bytes
    valid_from: datetime
    valid_until: datetime | None

    def to_dict(self) -> dict[str, str | None]:
        """For the published list."""
        return {
            "key_id": self.key_id,
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(self.public_key).decode(),
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }


def sign(body: dict[str, Any]) -> SignedStatement:
    """Sign a JSON object. Give it a field that says what kind of statement it is, so that none passes for another."""
    key_id, private_key = _current_key()
    written = canonical_json(body)
    return SignedStatement(written, private_key.sign(written), key_id)


def verify(statement: SignedStatement) -> dict[str, Any]:
    """The content of a statement that one of our keys signed; BadSignature otherwise."""
    for known in public_keys():
        if known.key_id == statement.key_id:
            return verify_offline(statement, known.public_key)
    raise BadSignature(f"no key {statement.key_id} in our history")


def public_keys() -> list[PublicKey]:
    """The whole history, oldest first."""
    notes = keystore.store().public(OPERATOR)
    keys = [
        PublicKey(
            key_id,
            base64.b64decode(note["public_key"]),
            datetime.fromisoformat(note["valid_from"]),
            datetime.fromisoformat(note["valid_until"]) if note.get("valid_until") else None,
        )
        for key_id, note in notes.items()
    ]
    return sorted(keys, key=lambda key: (key.valid_from, key.valid_until is None))


def replace_key() -> PublicKey:
    """Sign with a new key from now on. The old private key is destroyed, its public half stays in the history."""
    with shelves.locked(OPERATOR):
        old = [key.key_id for key in public_keys() if key.valid_until is None]
        fresh, _ = _mint()
        keystore.store().destroy(OPERATOR, _KIND, old)
    forget()
    return fresh


def forget() -> None:
    """Forget the private key in this process."""
    _memory.forget()


def _current_key() -> tuple[str, Ed25519PrivateKey]:
    remembered = _memory.get("current")
    if remembered is None:
        remembered = _load() or _create()
        _memory.put("current", remembered)
    return remembered


def _load() -> tuple[str, Ed25519PrivateKey] | None:
    current = [key for key in public_keys() if key.valid_until is None]
    if not current:
        return None
    key_id = current[-1].key_id
    secret = keystore.store().get(OPERATOR, _KIND, key_id)
    if secret is None:
        raise KeyLost(f"the private half of signing key {key_id} is missing from the key store")
    return key_id, Ed25519PrivateKey.from_private_bytes(secret)


def _create() -> tuple[str, Ed25519PrivateKey]:
    with shelves.locked(OPERATOR):
        existing = _load()
        if existing is not None:
            return existing
        fresh, private_key = _mint()
        return fresh.key_id, private_key


def _mint() -> tuple[PublicKey, Ed25519PrivateKey]:
    """Inside the lock: store the private half first, then publish; a crash in between leaves an unused secret."""
    private_key = Ed25519PrivateKey.generate()
    public_key = private_key.public_key().public_bytes_raw()
    key_id, now = key_id_of(public_key), datetime.now(UTC)
    keystore.store().add(OPERATOR, _KIND, key_id, private_key.private_bytes_raw())

    def publish(notes: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        closed = {
            name: note if note.get("valid_until") else note | {"valid_until": now.isoformat()}
            for name, note in notes.items()
        }
        public = {"public_key": base64.b64encode(public_key).decode(), "valid_from": now.isoformat()}
        return closed | {key_id: public}

    keystore.store().change_public(OPERATOR, publish)
    return PublicKey(key_id, public_key, now, None), private_key
