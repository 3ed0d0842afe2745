"""What is remembered outside both databases about where they stand: one small file beside the journal.

Kept with the journal on purpose: whoever restores databases leaves it alone, and what it guards is the replay of that
very journal. In a bucket it is one object beside the journal's.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError
from django.conf import settings

from ground.vault import keystore
from ground.vault.aws import is_missing, named_outage, s3_client
from ground.vault.canonical import canonical_json
from ground.vault.durable import make_folder, write_atomically
from ground.vault.exceptions import JournalDamaged, JournalDown

_NAME = "where-we-stand.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one database stood. `origin`: which physical database it was (see `gate`)."""

    number: int
    token: UUID
    origin: str


@dataclass(slots=True)
class Memory:
    """`reached`: confirmed; `next`: announced before it is written. `closed`: why the gate is shut, empty when not."""

    reached: dict[str, Standing] = field(default_factory=dict)
    next: dict[str, Standing] = field(default_factory=dict)
    closed: str = ""

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "format": _FORMAT,
                "closed": self.closed,
                "reached": {part: _plain(standing) for part, standing in self.reached.items()},
                "next": {part: _plain(standing) for part, standing in self.next.items()},
            }
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Memory":
        try:
            read = json.loads(raw)
            if read["format"] != _FORMAT:
                raise ValueError("format")
            return cls(
                {part: _standing(plain) for part, plain in read["reached"].items()},
                {part: _standing(plain) for part, plain in read["next"].items()},
                str(read["closed"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise JournalDamaged(f"{_NAME} beside the journal does not read back") from error


def load() -> Memory:
    """What is remembered; an empty memory when there is none. JournalDown, JournalDamaged."""
    raw = _read_bucket() if settings.KEYSTORE_BACKEND == "s3" else _read_folder()
    return Memory.from_bytes(raw) if raw else Memory()


def save(memory: Memory) -> None:
    """Durable when this returns. Callers hold the gate's lock."""
    content = memory.to_bytes()
    if settings.KEYSTORE_BACKEND == "s3":
        with named_outage(JournalDown, "remembering where we stand"):
            s3_client().put_object(Bucket=_bucket(), Key=_NAME, Body=content)
        return
    try:
        make_folder(_path().parent)
        write_atomically(_path(), content)
    except OSError as error:
        raise JournalDown(f"{_path()} cannot be written: {error.strerror}") from error


def _path() -> Path:
    return Path(settings.JOURNAL_PATH) / _NAME


def _read_folder() -> bytes | None:
    try:
        return _path().read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalDown(f"{_path()} cannot be read: {error.strerror}") from error


def _bucket() -> str:
    primary = keystore.store().primary
    assert isinstance(primary, keystore.BucketPlace)  # by the same setting
    return primary.bucket


def _read_bucket() -> bytes | None:
    with named_outage(JournalDown, "reading where we stand"):
        try:
            body: Any = s3_client().get_object(Bucket=_bucket(), Key=_NAME)["Body"]
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        return bytes(body.read())


def _plain(standing: Standing) -> dict[str, Any]:
    return {"number": standing.number, "token": str(standing.token), "origin": standing.origin}


def _standing(plain: dict[str, Any]) -> Standing:
    return Standing(int(plain["number"]), UUID(plain["token"]), str(plain["origin"]))
