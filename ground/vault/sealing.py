"""Sealing small things: one fresh data key, one slot, once.

Invariants
- AES-256-GCM. What is authenticated beside the bytes: organization, category, object id, slot, version; so a sealed
  value moved to another row, field, version or organization does not open.
- Each slot of a data key ("numbers", "waveform") has a key of its own (HKDF-SHA256). A slot is sealed once, by the
  process that minted the key; a retry, a new version or a later field mints another data key. With one message per
  key the random 96-bit nonce cannot repeat in any way that matters.
- A wrapped key is 60 bytes (nonce, 32 bytes, tag) and is bound to the organization and id of the key it holds. One
  shelf wraps far fewer than 2**32 keys (NIST SP 800-38D, section 8.3): that is 7,000 a second for a whole week.

Sealed layout: format byte 0x01, 12 bytes nonce, ciphertext, 16 bytes tag.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ground.vault.exceptions import SealedTwice, Tampered, Truncated, UnknownFormat, WrongKey

FORMAT = b"\x01"
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = len(FORMAT) + NONCE_BYTES + TAG_BYTES
KEY_BYTES = 32
WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES


@dataclass(slots=True)
class DataKey:
    """One data key in the clear, for the length of a request. Never printed, pickled or cached.

    `fresh`: minted by this process and not yet used up; only a fresh key seals.
    """

    id: UUID
    organization_id: UUID
    secret: bytes = field(repr=False)
    fresh: bool = False
    used_slots: set[str] = field(default_factory=set, repr=False)

    def slot_secret(self, slot: str) -> bytes:
        """The key of one slot, derived so that no two slots share one."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"sottovoce/slot/" + slot.encode()).derive(self.secret)

    def use_up(self, slot: str) -> bytes:
        """The slot's key for sealing, once; raises SealedTwice ever after."""
        if not self.fresh:
            raise SealedTwice(f"data key {self.id} was opened, not minted here; mint another to seal")
        if slot in self.used_slots:
            raise SealedTwice(f"data key {self.id} has already sealed its slot {slot!r}")
        self.used_slots.add(slot)
        return self.slot_secret(slot)

    def __reduce__(self) -> Any:
        raise TypeError("a data key is never pickled")


def bound_context(*parts: str | UUID | int) -> bytes:
    """Associated data of several parts, each with its length, so that no two lists give the same bytes."""
    written = [str(part).encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in written)


def seal(
    key: DataKey, plaintext: bytes, *, category: str, object_id: UUID, slot: str = "body", version: int = 1
) -> bytes:
    """Seal `plaintext` into `slot` of this fresh key. 29 bytes longer than the plaintext."""
    nonce = os.urandom(NONCE_BYTES)
    context = bound_context("seal", key.organization_id, category, object_id, slot, version)
    return FORMAT + nonce + AESGCM(key.use_up(slot)).encrypt(nonce, plaintext, context)


def unseal(
    key: DataKey, sealed: bytes, *, category: str, object_id: UUID, slot: str = "body", version: int = 1
) -> bytes:
    """The plaintext; raises Truncated, UnknownFormat or Tampered (which includes a wrong key or a wrong place)."""
    sealed = bytes(sealed)
    if len(sealed) < OVERHEAD_BYTES:
        raise Truncated(f"sealed value of {object_id} has {len(sealed)} bytes, fewer than any sealed value")
    if sealed[:1] != FORMAT:
        raise UnknownFormat(f"sealed value of {object_id} has format byte {sealed[0]:#04x}")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    context = bound_context("seal", key.organization_id, category, object_id, slot, version)
    try:
        return AESGCM(key.slot_secret(slot)).decrypt(nonce, rest, context)
    except InvalidTag:
        raise Tampered(
            f"sealed {category} {object_id} (slot {slot}, version {version}) does not open under data key {key.id}"
        ) from None


def seal_json(
    key: DataKey, value: Any, *, category: str, object_id: UUID, slot: str = "body", version: int = 1
) -> bytes:
    """Seal a JSON value (compact; any text, also text that is no valid Unicode, comes back as it was)."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    plaintext = written.encode(errors="surrogatepass")
    return seal(key, plaintext, category=category, object_id=object_id, slot=slot, version=version)


def unseal_json(
    key: DataKey, sealed: bytes, *, category: str, object_id: UUID, slot: str = "body", version: int = 1
) -> Any:
    """The JSON value that `seal_json` sealed."""
    return json.loads(unseal(key, sealed, category=category, object_id=object_id, slot=slot, version=version))


def wrap_keys(shelf: AESGCM, keys: Sequence[DataKey]) -> bytes:
    """The wrapped keys, 60 bytes each, one after the other."""
    nonces = os.urandom(NONCE_BYTES * len(keys))
    wrapped = bytearray()
    for place, key in enumerate(keys):
        nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
        wrapped += nonce + shelf.encrypt(nonce, key.secret, _key_context(key.organization_id, key.id))
    return bytes(wrapped)


def unwrap_key(shelf: AESGCM, wrapped: bytes, organization_id: UUID, key_id: UUID, *, fresh: bool = False) -> DataKey:
    """The data key; raises WrongKey when the row was altered, swapped, or wrapped by another shelf.

    `fresh`: this process minted it and gives it out for the first time (`stock`).
    """
    wrapped = bytes(wrapped)
    try:
        if len(wrapped) != WRAPPED_BYTES:
            raise InvalidTag
        secret = shelf.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _key_context(organization_id, key_id))
    except InvalidTag:
        raise WrongKey(f"data key {key_id} does not open under its shelf key") from None
    return DataKey(key_id, organization_id, secret, fresh)


def _key_context(organization_id: UUID, key_id: UUID) -> bytes:
    return b"data key" + organization_id.bytes + key_id.bytes
