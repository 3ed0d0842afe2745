"""Anchors: where each chain stood, written outside the database, so that a lost tail cannot pass for the truth.

A chain proves its own inside, not its end: whoever rolls the whole database back shows a perfect, shorter chain. Each
seal therefore adds a line to `DATA_DIR/anchors/<UTC day>.log` (appended, fsynced, a file per day), and
`manage.py export_anchor` writes all heads as one signed statement for safekeeping elsewhere. Anchors hold ids only.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from ground.audit import signatures
from ground.vault.durable import file_lock, make_folder, sync_folder, write_all, write_atomically

EXPORT_TYPE = "sottovoce.audit.anchor"

KEPT_DAYS = 7  # day files older than this are folded into one line per chain and epoch

Chain = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Block `number` of a chain had this hash while `epoch` was current."""

    organization_id: UUID
    stream: str
    epoch: int
    number: int
    block_hash: bytes

    @property
    def chain(self) -> Chain:
        return (self.organization_id, self.stream)

    def as_json(self) -> dict[str, Any]:
        return {
            "organization": str(self.organization_id),
            "stream": self.stream,
            "epoch": self.epoch,
            "number": self.number,
            "block_hash": self.block_hash.hex(),
        }

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> "Anchor":
        return cls(
            UUID(line["organization"]),
            str(line["stream"]),
            int(line["epoch"]),
            int(line["number"]),
            bytes.fromhex(line["block_hash"]),
        )


@dataclass(slots=True)
class Anchors:
    """What is left to remember of many anchors: the highest of each chain and epoch (blocks hold the hash before)."""

    highest: dict[Chain, dict[int, list[Anchor]]] = field(default_factory=dict)
    unreadable_lines: int = 0
    forged_files: list[str] = field(default_factory=list)

    def add(self, anchor: Anchor) -> None:
        epochs = self.highest.setdefault(anchor.chain, {})
        known = epochs.get(anchor.epoch)
        if known is None or anchor.number > known[0].number:
            epochs[anchor.epoch] = [anchor]
        elif anchor.number == known[0].number and anchor not in known:
            known.append(anchor)

    def of_chain(self, chain: Chain) -> list[Anchor]:
        """In the order of their numbers."""
        found = [anchor for anchors in self.highest.get(chain, {}).values() for anchor in anchors]
        return sorted(found, key=lambda anchor: (anchor.number, anchor.epoch))

    def all(self) -> Iterator[Anchor]:
        for chain in self.highest:
            yield from self.of_chain(chain)


def folder() -> Path:
    return Path(settings.DATA_DIR) / "anchors"


def write(anchors: Iterable[Anchor], *, today: date | None = None) -> None:
    """Append the lines to today's file and return when they are on disk."""
    lines = _lines(anchors)
    if not lines:
        return
    place = folder()
    make_folder(place)
    path = place / f"{today or datetime.now(UTC).date()}.log"
    begins_day = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # a crash in the middle of a line
        write_all(descriptor, (("\n" if torn else "") + lines).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if begins_day:
        sync_folder(place)
        fold(before=datetime.now(UTC).date() - timedelta(days=KEPT_DAYS))


def read(exports: Iterable[Path] = ()) -> Anchors:
    """This machine's own logs and the given exports. A torn line is counted, a forged export named."""
    make_folder(folder())
    with file_lock(_folding()):  # no file is folded away while we read
        return _read([*logs(), *exports])


def _read(paths: Iterable[Path]) -> Anchors:
    anchors = Anchors()
    for path in paths:
        for line in _entries(path, anchors):
            try:
                anchors.add(Anchor.from_json(line))
            except (KeyError, ValueError, TypeError):
                anchors.unreadable_lines += 1
    return anchors


def _folding() -> Path:
    return folder() / "folding.lock"


def logs() -> list[Path]:
    """The files this machine has written itself."""
    return sorted(folder().glob("*.log"))


def fold(*, before: date) -> int:
    """Replace the files of days before `before` by one that keeps only the highest anchors; returns files removed."""
    with file_lock(_folding()):
        folded = folder() / "0000-folded.log"
        old = [path for path in logs() if path.stem < before.isoformat() and path != folded]
        if not old:
            return 0
        kept = _read([*([folded] if folded.exists() else []), *old])
        write_atomically(folded, _lines(kept.all()).encode())
        for path in old:
            path.unlink()
    return len(old)


def _lines(anchors: Iterable[Anchor]) -> str:
    return "".join(json.dumps(anchor.as_json(), sort_keys=True) + "\n" for anchor in anchors)


def _entries(path: Path, anchors: Anchors) -> Iterator[Any]:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict) and "heads" in whole:
        if _is_genuine(whole):
            yield from whole["heads"]
        else:
            anchors.forged_files.append(str(path))
        return
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except ValueError:
            anchors.unreadable_lines += 1


def _is_genuine(export: dict[str, Any]) -> bool:
    """True when this platform signed the export and nobody changed it since."""
    body = {key: value for key, value in export.items() if key not in ("signature", "signing_key")}
    try:
        return signatures.holds(body, bytes.fromhex(export["signature"]), str(export["signing_key"]))
    except (KeyError, ValueError, TypeError):
        return False
