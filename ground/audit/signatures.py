"""Signatures of blocks, epochs, expiries and anchors, made by the platform's Ed25519 key in the vault."""

from collections.abc import Mapping
from typing import Any

from ground.vault import signing
from ground.vault.canonical import canonical_json
from ground.vault.exceptions import BadSignature
from ground.vault.statements import SignedStatement, verify_offline


def sign(body: Mapping[str, Any]) -> tuple[bytes, str]:
    """The signature over the canonical JSON of `body`, and the id of the key that made it."""
    statement = signing.sign(dict(body))
    return statement.signature, statement.key_id


class KeyHistory:
    """The public keys as they are now, read once: verifying many blocks must not read the key store for each."""

    def __init__(self) -> None:
        self._keys = {known.key_id: known.public_key for known in signing.public_keys()}

    def holds(self, body: Mapping[str, Any], signature: bytes, key_id: str) -> bool:
        """True when a key of ours, under this id, signed exactly this body."""
        public_key = self._keys.get(key_id)
        if public_key is None:
            return False
        try:
            verify_offline(SignedStatement(canonical_json(dict(body)), signature, key_id), public_key)
        except BadSignature:
            return False
        return True


def holds(body: Mapping[str, Any], signature: bytes, key_id: str) -> bool:
    """One check against the key history. An unreachable key store raises; it never reads as a bad signature."""
    return KeyHistory().holds(body, signature, key_id)
