"""The erasure journal: what was about to be destroyed, held, restricted or suppressed, outside both databases.

Invariant: an entry is on disk before the thing it announces happens (destruction) or is acknowledged (hold,
restriction, suppression). After a restore of any database, replaying the journal brings both databases to where they
promised to be; higher floors register what an entry means for them with `on_replay`, and handlers are safe to repeat.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings

from ground.vault import keystore, shelves
from ground.vault.aws import s3_client
from ground.vault.exceptions import NoHandler
from ground.vault.journal.bucket import BucketJournal
from ground.vault.journal.entries import KINDS, JournalEntry, plain_payload
from ground.vault.journal.folder import FolderJournal

__all__ = ["KINDS", "JournalEntry", "append", "entries", "journal", "last_sequence", "on_replay", "replay"]

Handler = Callable[[JournalEntry], None]
_WRITERS = UUID(int=1)
_handlers: dict[str, list[Handler]] = {}


class Journal(Protocol):
    """A folder or a bucket."""

    def describe(self) -> str: ...

    def append(self, build: Callable[[int], JournalEntry]) -> JournalEntry: ...

    def entries(self, after: int = 0) -> Iterator[JournalEntry]: ...

    def last_sequence(self) -> int: ...


@lru_cache(maxsize=1)
def journal() -> Journal:
    """The journal of the settings: in the key store's bucket when there is one, else in a folder."""
    if settings.KEYSTORE_BACKEND == "s3":
        primary = keystore.store().primary
        assert isinstance(primary, keystore.BucketPlace)  # by the same setting
        return BucketJournal(s3_client(), primary.bucket, conditional=primary.conditional, guard=_one_writer)
    return FolderJournal(Path(settings.JOURNAL_PATH))


@contextmanager
def _one_writer() -> Iterator[None]:
    with shelves.locked(_WRITERS):
        yield


def append(organization_id: UUID, kind: str, payload: dict[str, Any]) -> JournalEntry:
    """Write one entry; it is on disk when this returns. JournalDown: do not go on. NotOpaque: it says too much."""
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    plain = plain_payload(payload)
    at = datetime.now(UTC)
    return journal().append(lambda sequence: JournalEntry(sequence, at, organization_id, kind, plain))


def entries(after: int = 0) -> Iterator[JournalEntry]:
    """Entries beyond a position, in order."""
    return journal().entries(after)


def last_sequence() -> int:
    """The position of the last entry, 0 for an empty journal."""
    return journal().last_sequence()


def on_replay(kind: str) -> Callable[[Handler], Handler]:
    """Decorator: call this with every entry of `kind` during replay. Handlers must be safe to repeat."""
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")

    def register(handler: Handler) -> Handler:
        _handlers.setdefault(kind, []).append(handler)
        return handler

    return register


def replay(after: int = 0, *, progress: Callable[[JournalEntry], None] | None = None) -> int:
    """Hand every entry beyond `after` to its handlers, in order; how many. Stops at the first failure."""
    count = 0
    for entry in entries(after):
        handlers = _handlers.get(entry.kind)
        if not handlers:
            raise NoHandler(f"nothing is registered for journal entries of kind {entry.kind}")
        for handler in handlers:
            handler(entry)
        if progress is not None:
            progress(entry)
        count += 1
    return count
