"""Which function does which kind of work, with how much patience.

Apps register in `jobs.py` or `tasks.py`, which every process imports at start.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ground.audit.payload import kind as checked_kind
from ground.jobs.exceptions import UnknownKind

if TYPE_CHECKING:
    from ground.jobs.lease import Lease

Work = Callable[["Lease"], None]
Backoff = Callable[[int], float]


def exponential(attempt: int) -> float:
    """Seconds before the next attempt: 10, 20, 40 … at most an hour, with a fifth of jitter so that crowds disperse."""
    return min(10.0 * 2.0 ** (attempt - 1), 3600.0) * random.uniform(0.8, 1.2)  # noqa: S311  (jitter, not a secret)


@dataclass(frozen=True, slots=True)
class Handler:
    """`attempts`: how often it may fail before the job fails for good. Work takes `lease_seconds` in one stretch."""

    kind: str
    work: Work
    lease_seconds: int
    attempts: int
    backoff: Backoff


_handlers: dict[str, Handler] = {}


def handler(
    kind: str, *, lease_seconds: int = 120, attempts: int = 8, backoff: Backoff = exponential
) -> Callable[[Work], Work]:
    """Register the decorated function for `kind` (`app.verb`).

    It is called outside a transaction with a `Lease`, may run twice, and returns None or raises RetryLater or GiveUp.
    Any other exception is a failed attempt.
    """

    def register(work: Work) -> Work:
        existing = _handlers.get(kind)
        if existing is not None and existing.work.__qualname__ != work.__qualname__:
            raise ValueError(f"{kind} already has a handler")
        _handlers[checked_kind(kind)] = Handler(kind, work, lease_seconds, attempts, backoff)
        return work

    return register


def handler_of(kind: str) -> Handler:
    """The handler; UnknownKind when none is registered."""
    try:
        return _handlers[kind]
    except KeyError:
        raise UnknownKind(f"no handler for jobs of kind {kind}") from None


def kinds() -> list[str]:
    return sorted(_handlers)


def unregister(kind: str) -> None:
    """For tests that register handlers of their own."""
    _handlers.pop(kind, None)
