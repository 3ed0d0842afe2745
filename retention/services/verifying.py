"""Is this certificate genuine? Signature, content and wrapper must agree, by the published keys alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ground import vault
from ground.vault.exceptions import BadSignature
from ground.vault.statements import SignedStatement, verify_offline

LARGEST = 1024 * 1024  # bytes
MOST_STATEMENTS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem` is empty when every statement is genuine; `contents` are the statements that were read."""

    contents: list[dict[str, Any]]
    problem: str = ""

    @property
    def valid(self) -> bool:
        return not self.problem

    @property
    def certificate(self) -> dict[str, Any]:
        """Id and number as the first statement says them."""
        found = self.contents[0].get("certificate") if self.contents else None
        return found if isinstance(found, dict) else {}


class NoCertificate(ValueError):
    """The text is no certificate."""


def verify(raw: bytes, keys: Mapping[str, bytes] | None = None) -> Verdict:
    """Check a certificate file, or a single statement, by `keys` (default: the published history)."""
    if keys is None:
        keys = {known.key_id: known.public_key for known in vault.signing.public_keys()}
    contents: list[dict[str, Any]] = []
    try:
        statements, wrapper = _read(raw)
        for signed in statements:
            if signed.key_id not in keys:
                raise BadSignature("unknown_key")
            contents.append(verify_offline(signed, keys[signed.key_id]))
    except NoCertificate:
        return Verdict([], "no_certificate")
    except BadSignature as error:
        return Verdict([], "unknown_key" if str(error) == "unknown_key" else "bad_signature")
    named = [content.get("certificate") for content in contents]
    if any(other != named[0] for other in named) or (wrapper is not None and wrapper != named[0]):
        return Verdict([], "mixed")
    return Verdict(contents)


def _read(raw: bytes) -> tuple[list[SignedStatement], Any]:
    """The statements of the file, and what its wrapper says about itself (None: a single statement)."""
    if len(raw) > LARGEST:
        raise NoCertificate
    try:
        outer = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NoCertificate from error
    if not isinstance(outer, dict):
        raise NoCertificate
    bundled = "statements" in outer
    listed = outer["statements"] if bundled else [outer]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_STATEMENTS:
        raise NoCertificate
    if not all(isinstance(entry, dict) and {"statement", "signature"} <= entry.keys() for entry in listed):
        raise NoCertificate
    return [SignedStatement.from_json(json.dumps(entry).encode()) for entry in listed], (
        outer.get("certificate") if bundled else None
    )
