"""Is this certificate genuine? Signature, content and wrapper must agree, by the published keys alone.

The pages, the public page and `manage.py verify_certificate` all ask here. With `keys` given, nothing but the file and
the keys is needed: no database, no settings, no secret.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ground import vault
from ground.vault.exceptions import BadSignature
from ground.vault.statements import SignedStatement, verify_offline

LARGEST = 1024 * 1024  # bytes
MOST_STATEMENTS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem` is empty when every statement is genuine; `contents` and `signed` are those that were read.

    Problems: no_certificate, pdf, unknown_key, bad_signature, mixed, broken_chain. `number`: of the statement that
    failed, from 1; 0 when it was the file as a whole.
    """

    contents: list[dict[str, Any]]
    problem: str = ""
    number: int = 0
    signed: list[SignedStatement] = field(default_factory=list)

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
    if raw.startswith(b"%PDF-"):
        return Verdict([], "pdf")  # its text is not signed; the file attached to it is
    if keys is None:
        keys = {known.key_id: known.public_key for known in vault.signing.public_keys()}
    contents: list[dict[str, Any]] = []
    statements: list[SignedStatement] = []
    try:
        entries, wrapper = _read(raw)
        for entry in entries:
            signed = SignedStatement.from_json(json.dumps(entry).encode())
            if signed.key_id not in keys:
                return Verdict([], "unknown_key", len(contents) + 1)
            contents.append(verify_offline(signed, keys[signed.key_id]))
            statements.append(signed)
    except NoCertificate:
        return Verdict([], "no_certificate")
    except BadSignature:
        return Verdict([], "bad_signature", len(contents) + 1)
    named = [content.get("certificate") for content in contents]
    if any(other != named[0] for other in named) or (wrapper is not None and wrapper != named[0]):
        return Verdict([], "mixed")
    if broken := _broken(contents, statements):
        return Verdict([], "broken_chain", broken)
    return Verdict(contents, signed=statements)


def _broken(contents: list[dict[str, Any]], statements: list[SignedStatement]) -> int:
    """The number of the first statement that names another text of an earlier one than the file holds; 0: none."""
    by_moment = {
        str(content.get("moment")): hashlib.sha256(signed.body).hexdigest()
        for content, signed in zip(contents, statements, strict=True)
    }
    for number, content in enumerate(contents, 1):
        earlier = content.get("earlier_statements")
        if not isinstance(earlier, dict):
            continue
        if any(by_moment.get(moment, digest) != digest for moment, digest in earlier.items()):
            return number
    return 0


def _read(raw: bytes) -> tuple[list[dict[str, Any]], Any]:
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
    return listed, outer.get("certificate") if bundled else None
