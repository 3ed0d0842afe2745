"""The root key: it wraps what the key store holds, and nothing else.

Invariant: a root is created only for an empty key store. When the store holds keys and the root is missing, that is
RootMissing (restore it from escrow), never a reason to make another one.

Every wrapping is bound to a context (organization, kind, id) that must be told again to unwrap: as associated data
with the file root, as KMS encryption context with AWS KMS (where CloudTrail shows it too).
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from ground.vault.aws import error_code, kms_client, named_outage
from ground.vault.durable import create_exclusively, make_folder
from ground.vault.exceptions import RootDamaged, RootDown, RootMissing, WrongKey
from ground.vault.sealing import KEY_BYTES, NONCE_BYTES, bound_context

Context = Mapping[str, str]
_FIRST_WORD = "sottovoce-root-1"
_KMS_WRONG = {"InvalidCiphertextException", "IncorrectKeyException"}


class Root(Protocol):
    """Wraps 32-byte secrets for the key store. `name` tells one root from another and is no secret."""

    @property
    def name(self) -> str: ...

    def wrap(self, secret: bytes, context: Context) -> bytes: ...

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        """The secret; WrongKey when this root or this context did not wrap it, RootDown when it cannot be asked."""


class FileRoot:
    """A 256-bit key in a file that only we can read: `sottovoce-root-1 <64 hex> <check>`."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise RootDamaged(f"a root key has {KEY_BYTES} bytes, this one {len(secret)}")
        self._secret = secret
        self._cipher = AESGCM(secret)
        self.name = f"file:{_check(secret)}"

    def __repr__(self) -> str:
        return f"FileRoot({self.name})"

    @classmethod
    def create(cls, path: Path) -> "FileRoot":
        """Make a new key at `path` (0600, never over an existing file) and return what the file holds then."""
        return cls.keep(path, os.urandom(KEY_BYTES))

    @classmethod
    def keep(cls, path: Path, secret: bytes) -> "FileRoot":
        """Write a given key to `path` (0600, never over an existing file) and return what the file holds then."""
        make_folder(path.parent)
        create_exclusively(path, f"{_FIRST_WORD} {secret.hex()} {_check(secret)}\n".encode())
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "FileRoot":
        """Read the key; RootMissing without a file, RootDamaged when others can read it or its check differs."""
        try:
            mode = path.stat().st_mode
            words = path.read_text(encoding="ascii").split()
        except FileNotFoundError:
            raise RootMissing(f"there is no root key at {path}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise RootDamaged(f"the root key at {path} cannot be read: {type(error).__name__}") from error
        if stat.S_IMODE(mode) & 0o077:
            raise RootDamaged(f"the root key at {path} is open to others; run: chmod 600 {path}")
        try:
            first, written, check = words
            secret = bytes.fromhex(written)
        except ValueError:
            raise RootDamaged(f"{path} is no root key") from None
        if first != _FIRST_WORD or len(secret) != KEY_BYTES or check != _check(secret):
            raise RootDamaged(f"{path} is no root key, or was damaged")
        return cls(secret)

    def escrow_secret(self) -> bytes:
        """The key itself, for sealing under the escrow passphrase and nothing else."""
        return self._secret

    def wrap(self, secret: bytes, context: Context) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, _associated(context))

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _associated(context))
        except (InvalidTag, ValueError):
            raise WrongKey(f"root {self.name} did not wrap this {context.get('kind', 'secret')}") from None


class KmsRoot:
    """The root key stays in AWS KMS (or a server that speaks its protocol)."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id
        self.name = f"kms:{key_id}"

    def __repr__(self) -> str:
        return f"KmsRoot({self.name})"

    def wrap(self, secret: bytes, context: Context) -> bytes:
        with named_outage(RootDown, "KMS Encrypt"):
            answer = self._client.encrypt(KeyId=self._key_id, Plaintext=secret, EncryptionContext=dict(context))
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        if not wrapped:
            raise WrongKey("nothing to unwrap")
        with named_outage(RootDown, "KMS Decrypt"):
            try:
                answer = self._client.decrypt(
                    KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext=dict(context)
                )
            except ClientError as error:
                if error_code(error) in _KMS_WRONG:
                    raise WrongKey(f"root {self.name} did not wrap this {context.get('kind', 'secret')}") from None
                raise
        return bytes(answer["Plaintext"])


def configured_root(*, may_create: bool) -> Root:
    """The root the settings name. `may_create`: the key store is empty, so a missing root file may be made."""
    if settings.KMS_KEY_ID:
        return KmsRoot(kms_client(), settings.KMS_KEY_ID)
    path = Path(settings.ROOT_KEY_FILE)
    if may_create and not path.exists():
        return FileRoot.create(path)
    return FileRoot.open(path)


def _check(secret: bytes) -> str:
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(b"sottovoce/root check")
    return mac.finalize()[:8].hex()


def _associated(context: Context) -> bytes:
    return bound_context("root", *(part for pair in sorted(context.items()) for part in pair))
