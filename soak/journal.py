"""What the outside knows: written by the senders, in a file of their own, before and after every request."""

import json
import threading
from collections import Counter
from pathlib import Path


class Journal:
    """`sent`: every call that was ever tried. `acknowledged`: those that were answered with 2xx. Safe among threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.answers: Counter[str] = Counter()

    def sends(self, name: str) -> None:
        with self._lock:
            self.sent.add(name)
            self._write("sent", name)

    def answered(self, name: str, status: int | str) -> None:
        """A status, or the name of what went wrong with the connection."""
        with self._lock:
            self.answers[str(status)] += 1
            if isinstance(status, int) and 200 <= status < 300:
                self.acknowledged.add(name)
                self._write("acknowledged", name)

    def close(self) -> None:
        self._file.close()

    def _write(self, what: str, name: str) -> None:
        self._file.write(json.dumps([what, name]) + "\n")
