"""The normalised call, as values. `None` always means "this telling says nothing about it"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    UNKNOWN = "unknown"


class Channel(StrEnum):
    PSTN = "pstn"
    SIP = "sip"
    WEB = "web"
    WHATSAPP = "whatsapp"
    SMS = "sms"


class Outcome(StrEnum):
    """How the call ended."""

    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    CANCELED = "canceled"
    TRANSFERRED = "transferred"


class Speaker(StrEnum):
    AGENT = "agent"
    USER = "user"
    TOOL = "tool"
    THIRD_PARTY = "third_party"


class RecordingKind(StrEnum):
    MONO = "mono"
    STEREO = "stereo"
    CUSTOMER = "customer"
    AGENT = "agent"


class ConsentResult(StrEnum):
    """What was said about being recorded. Evidence points at a turn by number, never quotes it."""

    GRANTED = "granted"
    DECLINED = "declined"
    IMPLIED = "implied"
    DISCLOSED = "disclosed"


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said. `start_ms`, `end_ms` count from the start of the call."""

    speaker: str
    text: str
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RecordingSource:
    """Where a recording may be fetched. The address is often a bearer secret: sealed at rest, never logged."""

    kind: str
    url: str
    needs_key: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    result: str
    method: str = ""
    at: datetime | None = None
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class LinkedId:
    """The id of the same call elsewhere (the carrier's behind a voice platform's)."""

    provider: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one event says about one call. `external_number` is the person's, `agent_number` the organization's own."""

    provider_call_id: str
    account: str = ""
    provider_agent_id: str | None = None
    direction: str | None = None
    channel: str | None = None
    outcome: str | None = None
    end_reason: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    language: str | None = None
    cost_micros: int | None = None
    cost_currency: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    customer_name: str | None = None
    customer_email: str | None = None
    customer_external_id: str | None = None
    linked_ids: tuple[LinkedId, ...] | None = None
    recordings: tuple[RecordingSource, ...] = ()
    turns: tuple[Turn, ...] | None = None
    summary: str | None = None
    analysis: Mapping[str, Any] | None = None
    consent: Consent | None = None
    provider_expires_at: datetime | None = None
