"""The journal in a bucket: one object per entry, `journal/<sequence>`, gapless from 1.

Two writers that pick the same number are kept apart by If-None-Match; the loser takes the next number. Where the
server ignores the condition, `guard` (the keyring's advisory lock) serialises writers instead.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from botocore.exceptions import ClientError

from ground.vault.aws import is_conflict, named_outage
from ground.vault.exceptions import JournalDamaged, JournalDown
from ground.vault.journal.entries import JournalEntry

_PREFIX = "journal/"
_TRIES = 50


class BucketJournal:
    """Append-only objects below `journal/` of the key store's bucket."""

    def __init__(
        self, client: Any, bucket: str, *, conditional: bool, guard: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._client = client
        self.bucket = bucket
        self._conditional = conditional
        self._guard: Callable[[], AbstractContextManager[None]] = nullcontext if conditional else guard
        self._known = 0

    def describe(self) -> str:
        return f"bucket {self.bucket}/{_PREFIX}"

    def append(self, build: Callable[[int], JournalEntry]) -> JournalEntry:
        """Append the entry that `build` makes of the next sequence number; stored when this returns."""
        condition = {"IfNoneMatch": "*"} if self._conditional else {}
        for _ in range(_TRIES):
            with self._guard():
                entry = build(1 + self.last_sequence())
                with self._outage("appending"):
                    try:
                        self._client.put_object(
                            Bucket=self.bucket, Key=_key(entry.sequence), Body=entry.to_line(), **condition
                        )
                    except ClientError as error:
                        if is_conflict(error):
                            continue
                        raise
            self._known = max(self._known, entry.sequence)
            return entry
        raise JournalDown("the journal is too busy")

    def entries(self, after: int = 0) -> Iterator[JournalEntry]:
        """Entries with a higher sequence than `after`, in order."""
        expected = after + 1
        with self._outage("listing"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=_PREFIX, StartAfter=_key(after)
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    line = self._client.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read()
                    entry = JournalEntry.from_line(line, item["Key"])
                    if entry.sequence != expected or item["Key"] != _key(expected):
                        raise JournalDamaged(f"{item['Key']}: expected entry {expected}")
                    expected += 1
                    yield entry

    def last_sequence(self) -> int:
        """The last sequence, 0 when there is none: doubling steps, then halving, for numbers have no gaps."""
        low, step = self._known, 1
        while self._any_after(low + step - 1):
            low, step = low + step, step * 2
        high = low + step - 1
        while low < high:
            middle = (low + high) // 2
            if self._any_after(middle):
                low = middle + 1
            else:
                high = middle
        self._known = low
        return low

    def _any_after(self, sequence: int) -> bool:
        with self._outage("looking for the end of"):
            answer = self._client.list_objects_v2(
                Bucket=self.bucket, Prefix=_PREFIX, StartAfter=_key(sequence), MaxKeys=1
            )
        return bool(answer.get("KeyCount"))

    def _outage(self, doing: str) -> AbstractContextManager[None]:
        return named_outage(JournalDown, f"{doing} bucket {self.bucket}")


def _key(sequence: int) -> str:
    return f"{_PREFIX}{sequence:016d}"
