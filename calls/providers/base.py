"""What every provider's folder offers: proof of origin, a reading of its events, its media hosts, its deletion.

An adapter is pure except for `ask_deletion`, `pull` and `list_calls`, which talk to the provider through the client
they are given.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Protocol
from uuid import UUID

from calls.providers.client import ApiClient
from calls.record import CallRecord, Problem, RecordingSource, Unreadable

TOLERANCE = timedelta(minutes=5)
"""How far a signed moment may lie from ours, to both sides."""


DEEPEST = 64
"""Levels of nesting a delivery may have."""


class NotVerified(Exception):
    """The request does not prove where it comes from. `code` says which way; never what was sent."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Strength(StrEnum):
    """STRONG: the signature covers the body. WEAK: only the sender is known, so the body is no more than a hint."""

    STRONG = "strong"
    WEAK = "weak"


class Proof(StrEnum):
    """How a connection was set up to prove its deliveries; never a weaker one than that."""

    STANDARD_WEBHOOKS = "standard_webhooks"
    HMAC = "hmac"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class Verified:
    """`event_id`: the sender's own message id, or "" when it names none (the body itself is the identity then)."""

    event_id: str
    strength: Strength = Strength.STRONG


class Richness(IntEnum):
    """How much an event tells; the richer telling wins a field, whichever comes first."""

    HINT = 0
    STATUS = 1
    REPORT = 2
    PULLED = 3


class EventKind(StrEnum):
    CALL = "call"
    PULL = "pull"
    COPY_GONE = "copy_gone"
    COPY_STAYED = "copy_stayed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing an event says. `at`: when the sender says it happened."""

    kind: EventKind
    at: datetime
    record: CallRecord
    richness: Richness = Richness.REPORT


@dataclass(frozen=True, slots=True)
class PulledCall:
    """One finished call of a provider's list. `version` changes when the provider changes the call."""

    call_id: str
    version: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a provider's list. `is_full`: it may have left calls out; ask for a narrower window."""

    calls: Sequence[PulledCall]
    is_full: bool


class Busy(Exception):
    """The provider asks for patience. `retry_after`: seconds, when it named them."""

    def __init__(self, status: int, retry_after: int | None) -> None:
        self.status, self.retry_after = status, retry_after
        super().__init__(f"status {status}")


class CopyState(StrEnum):
    """What a provider answered when asked to delete its copy."""

    GONE = "gone"
    RETRY = "retry"
    CREDENTIALS = "credentials"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class DeletionAnswer:
    """`code`: the HTTP status (0: no answer at all). `retry_after`: seconds, when the provider named them."""

    state: CopyState
    code: int = 0
    retry_after: int | None = None


class Provider(Protocol):
    """One voice provider. Adapters keep no state."""

    slug: str
    name: str
    refuses_at_door: bool
    """True: the sender can act on a 400 that lists problems. False: accept, and set aside what makes no sense."""
    keeps_copies: bool
    deletes_by_api: bool
    lists_calls: bool
    """Whether `list_calls` works: missed deliveries are made up for by asking."""
    api_hosts: tuple[str, ...]
    media_hosts: tuple[str, ...]
    """Hosts from which recordings may come; a leading dot allows every host below."""

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime, proof: Proof
    ) -> Verified:
        """Who sent this; raises NotVerified. Header names in lower case."""
        ...

    def scope_of(self, record: CallRecord, connection_id: UUID) -> str:
        """Within what this provider's call ids are unique: "" everywhere, else an account or the connection."""
        ...

    def reduce(self, payload: Any, *, strength: Strength, recording: bool, transcript: bool) -> Any:
        """The payload without what must not be kept: prompts, secrets, and what the agent's settings forbid."""
        ...

    def read(self, payload: Any, *, received_at: datetime, now: datetime) -> Sequence[Event]:
        """What the (reduced or whole) payload says; raises Unreadable."""
        ...

    def pull(self, client: ApiClient, call_id: str) -> Any:
        """The payload of one call, asked from the provider: for weak hints."""
        ...

    def list_calls(self, client: ApiClient, *, after: datetime, until: datetime, limit: int) -> Page:
        """Finished calls that changed in (after, until]; raises NotVerified (key refused), Busy, NoAnswer."""
        ...

    def recording_fallbacks(self, client: ApiClient, record: CallRecord) -> Sequence[RecordingSource]:
        """Where else a recording can be had when the addresses in the event no longer work."""
        ...

    def ask_deletion(self, client: ApiClient, ids: Mapping[str, str]) -> DeletionAnswer: ...


def parse_json(body: bytes) -> Any:
    """The JSON value of a request body; raises Unreadable. NaN, bad UTF-8 and bottomless nesting are refused."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        if _is_deeper(value, DEEPEST):
            raise RecursionError
        return value
    except UnicodeDecodeError:
        raise Unreadable([Problem("", "not_utf8", "the body is not UTF-8")]) from None
    except RecursionError:
        raise Unreadable([Problem("", "too_deep", "the body is nested too deeply")]) from None
    except ValueError:
        raise Unreadable([Problem("", "not_json", "the body is not JSON")]) from None


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether `value` is nested deeper than `limit`: what we walk and write again must not exhaust the stack."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _refuse_constant(_name: str) -> float:
    raise ValueError("no JSON number")


def signature_matches(secrets: Sequence[bytes], signed: bytes, given: bytes, algorithm: str = "sha256") -> bool:
    """Whether `given` is the HMAC of `signed` under any of the secrets. Tries all of them in any case."""
    matches = [hmac.compare_digest(hmac.digest(secret, signed, algorithm), given) for secret in secrets]
    return any(matches)


def require_recent(moment: datetime, now: datetime) -> None:
    """Raise NotVerified unless `moment` lies within five minutes of `now`, either side."""
    if moment < now - TOLERANCE:
        raise NotVerified("timestamp_too_old")
    if moment > now + TOLERANCE:
        raise NotVerified("timestamp_in_the_future")
