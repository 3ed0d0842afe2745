"""What the key store holds for one organization: wrapped secrets by kind and id, and notes of deliberate destruction.

Invariants: the revision grows with every change, so of two copies the higher one is the truth; a checksum tells a
damaged file from a good one; a secret that is gone on purpose has a note, so that a missing one without a note is a
loss (an alarm) and never looks like an erasure.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from ground.vault.canonical import canonical_json
from ground.vault.exceptions import KeyStoreDamaged

KINDS = ("shelf", "blind", "signing")
Entry = tuple[str, str]
"""(kind, id) of one secret."""


@dataclass(frozen=True, slots=True)
class Record:
    """One organization's file. Everything in it is wrapped or public."""

    organization_id: UUID
    root: str
    revision: int = 0
    secrets: dict[Entry, bytes] = field(default_factory=dict, repr=False)
    destroyed: dict[Entry, str] = field(default_factory=dict)
    public: dict[str, dict[str, str]] = field(default_factory=dict)

    def with_secrets(self, added: dict[Entry, bytes]) -> "Record":
        return replace(self, revision=self.revision + 1, secrets=self.secrets | added)

    def with_public(self, public: dict[str, dict[str, str]]) -> "Record":
        return replace(self, revision=self.revision + 1, public=public)

    def without_secrets(self, gone: set[Entry], at: datetime) -> "Record":
        notes = dict.fromkeys(gone & self.secrets.keys(), at.isoformat(timespec="seconds"))
        left = {entry: wrapped for entry, wrapped in self.secrets.items() if entry not in gone}
        return replace(self, revision=self.revision + 1, secrets=left, destroyed=self.destroyed | notes)

    def without_notes(self, before: datetime) -> "Record":
        kept = {entry: at for entry, at in self.destroyed.items() if datetime.fromisoformat(at) >= before}
        return replace(self, revision=self.revision + 1, destroyed=kept)

    def to_bytes(self) -> bytes:
        body = {
            "organization": str(self.organization_id),
            "root": self.root,
            "revision": self.revision,
            "secrets": {f"{kind}/{name}": base64.b64encode(w).decode() for (kind, name), w in self.secrets.items()},
            "destroyed": {f"{kind}/{name}": at for (kind, name), at in self.destroyed.items()},
            "public": self.public,
        }
        return canonical_json({"format": 1, "body": body, "sha256": _digest(body)}) + b"\n"

    @classmethod
    def from_bytes(cls, raw: bytes, organization_id: UUID) -> "Record":
        """Read a file; KeyStoreDamaged unless it is whole and this organization's."""
        try:
            outer = json.loads(raw)
            body = outer["body"]
            if outer["format"] != 1 or outer["sha256"] != _digest(body):
                raise ValueError("checksum")
            if UUID(body["organization"]) != organization_id:
                raise ValueError("of another organization")
            return cls(
                organization_id=organization_id,
                root=body["root"],
                revision=body["revision"],
                secrets={_entry(name): base64.b64decode(wrapped) for name, wrapped in body["secrets"].items()},
                destroyed={_entry(name): at for name, at in body["destroyed"].items()},
                public=body["public"],
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise KeyStoreDamaged(f"the key file of organization {organization_id} is damaged") from error


def _entry(name: str) -> Entry:
    kind, _, identifier = name.partition("/")
    return kind, identifier


def _digest(body: object) -> str:
    return hashlib.sha256(canonical_json(body)).hexdigest()
