"""Remembering keys in this process, briefly: nothing is given out later than its time, and it is dropped soon after."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Place = TypeVar("Place", bound=Hashable)
Kept = TypeVar("Kept")
_TIDY_SECONDS = 5


class BriefMemory(Generic[Place, Kept]):
    """A thread-safe dictionary whose entries last `seconds` from when they were put in."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._kept: dict[Place, tuple[float, Kept]] = {}
        self._tidied = 0.0

    def __repr__(self) -> str:
        return f"BriefMemory({len(self._kept)} kept)"

    def get(self, place: Place) -> Kept | None:
        """What was put there less than `seconds` ago, or None."""
        now = time.monotonic()
        with self._lock:
            self._tidy(now)
            until, kept = self._kept.get(place, (now, None))
            return kept if until > now else None

    def put(self, place: Place, kept: Kept) -> None:
        with self._lock:
            self._kept[place] = (time.monotonic() + self.seconds, kept)

    def forget(self, which: Callable[[Place], bool] = lambda place: True) -> None:
        """Drop every entry whose place `which` names."""
        with self._lock:
            self._kept = {place: entry for place, entry in self._kept.items() if not which(place)}

    def _tidy(self, now: float) -> None:
        if now - self._tidied > _TIDY_SECONDS:
            self._tidied = now
            self._kept = {place: entry for place, entry in self._kept.items() if entry[0] > now}
