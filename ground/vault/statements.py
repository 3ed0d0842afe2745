"""Signed statements, and how anyone verifies them offline with nothing but the public key.

A statement is a JSON object in its canonical spelling (RFC 8785) and an Ed25519 signature (RFC 8032) over exactly
these bytes. This module needs no settings, no database and no Django.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ground.vault.canonical import canonical_json, read_canonical
from ground.vault.exceptions import BadSignature, NotCanonical

ALGORITHM = "Ed25519"
KEY_ID_CHARACTERS = 32


def key_id_of(public_key: bytes) -> str:
    """The id of a public key: the first half of its SHA-256, in hex."""
    return hashlib.sha256(public_key).hexdigest()[:KEY_ID_CHARACTERS]


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """`body`: canonical JSON. `signature`: 64 bytes over `body`. `key_id`: which public key verifies it."""

    body: bytes
    signature: bytes
    key_id: str

    @property
    def digest(self) -> str:
        """SHA-256 of the body in hex: what an audit block anchors."""
        return hashlib.sha256(self.body).hexdigest()

    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    def to_json(self) -> bytes:
        """The file people download: statement, algorithm, key id and signature in one JSON object."""
        return canonical_json(
            {
                "statement": self.content(),
                "signature": {
                    "algorithm": ALGORITHM,
                    "key_id": self.key_id,
                    "value": base64.b64encode(self.signature).decode(),
                },
            }
        )

    @classmethod
    def from_json(cls, raw: bytes) -> "SignedStatement":
        """Read such a file, in any JSON spelling; BadSignature when it is none."""
        try:
            outer = json.loads(raw)
            signature = outer["signature"]
            if signature["algorithm"] != ALGORITHM or not isinstance(outer["statement"], dict):
                raise ValueError("algorithm")
            return cls(
                canonical_json(outer["statement"]),
                base64.b64decode(signature["value"], validate=True),
                str(signature["key_id"]),
            )
        except (ValueError, KeyError, TypeError, binascii.Error, RecursionError, NotCanonical) as error:
            raise BadSignature("this is no signed statement") from error


def verify_offline(statement: SignedStatement, public_key: bytes) -> dict[str, Any]:
    """The content, if the 32 bytes of `public_key` signed exactly it; BadSignature otherwise."""
    try:
        if key_id_of(public_key) != statement.key_id:
            raise BadSignature(f"signed by key {statement.key_id}, not by {key_id_of(public_key)}")
        Ed25519PublicKey.from_public_bytes(public_key).verify(statement.signature, statement.body)
        content = read_canonical(statement.body)
    except (InvalidSignature, ValueError, NotCanonical) as error:
        raise BadSignature("the signature is not over these bytes") from error
    if not isinstance(content, dict):
        raise BadSignature("a statement is a JSON object")
    return content
