"""Generic ingest: `{"type": "call.ended", "timestamp": …, "data": <our form of a call>}`, signed.

One door for home-made agents and for frameworks whose own webhooks carry no transcript. The sender wrote its code
against our form, so it is told at once, place by place, what is wrong.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from calls.providers import standard
from calls.providers.base import (
    CopyState,
    DeletionAnswer,
    Event,
    EventKind,
    Page,
    Proof,
    Strength,
    Verified,
)
from calls.providers.client import ApiClient
from calls.record import CallRecord, Problem, RecordingSource, Unreadable, form
from calls.record.shapes import Choice, Entry, Free, Moment, Text

CALL_ENDED, CALL_DELETED = "call.ended", "call.deleted"
_TYPES = (CALL_ENDED, CALL_DELETED)
_ENVELOPE = Entry(
    {"type": Choice(_TYPES), "timestamp": Moment("when it happened"), "data": Free(64 * 1024 * 1024)},
    frozenset({"type", "timestamp", "data"}),
)
_DELETED = Entry({"call_id": Text(200, 1), "account": Text(200)}, frozenset({"call_id"}))


def schema() -> dict[str, Any]:
    """The JSON Schema of the body, as published."""
    members: dict[str, Any] = {
        "type": {"type": "string", "const": CALL_ENDED},
        "timestamp": Moment("when it happened").schema(),
        "data": form.CALL.schema(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A finished call",
        "type": "object",
        "properties": members,
        "required": ["data", "timestamp", "type"],
        "additionalProperties": False,
    }


class GenericProvider:
    """Strongly authenticated by definition: there is no unsigned way in."""

    slug = "generic"
    name = "Standard Webhooks"
    refuses_at_door = True
    keeps_copies = False
    deletes_by_api = False
    lists_calls = False
    api_hosts: tuple[str, ...] = ()
    media_hosts: tuple[str, ...] = (".amazonaws.com", ".r2.cloudflarestorage.com", "storage.googleapis.com")

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime, proof: Proof
    ) -> Verified:
        return standard.verify(headers, body, secrets, now)

    def scope_of(self, record: CallRecord, connection_id: UUID) -> str:
        return record.account or str(connection_id)

    def reduce(self, payload: Any, *, strength: Strength, recording: bool, transcript: bool) -> Any:
        data = payload.get("data") if isinstance(payload, dict) else None
        if not isinstance(data, dict):
            return payload
        dropped = set() if recording else {"recordings"}
        if not transcript:
            dropped |= {"turns", "summary", "analysis"}
        return {**payload, "data": {name: value for name, value in data.items() if name not in dropped}}

    def read(self, payload: Any, *, received_at: datetime, now: datetime) -> Sequence[Event]:
        problems: list[Problem] = []
        if isinstance(payload, dict) and payload.get("type") == CALL_ENDED:
            found = _envelope_of(payload, problems)
            record = _call_of(payload.get("data"), now, problems)
            if problems or record is None:
                raise Unreadable(problems)
            return [Event(EventKind.CALL, found["timestamp"], record)]
        found = _ENVELOPE.read(payload, "", problems)
        if problems:
            raise Unreadable(problems)
        gone = _DELETED.read(found["data"], "/data", problems)
        if problems:
            raise Unreadable(problems)
        return [Event(EventKind.COPY_GONE, found["timestamp"], CallRecord(gone["call_id"], gone.get("account", "")))]

    def pull(self, client: ApiClient, call_id: str) -> Any:
        raise NotImplementedError("generic events are never hints")

    def list_calls(self, client: ApiClient, *, after: datetime, until: datetime, limit: int) -> Page:
        raise NotImplementedError("senders of generic events have no list to ask for")

    def recording_fallbacks(self, client: ApiClient, record: CallRecord) -> Sequence[RecordingSource]:
        return ()

    def ask_deletion(self, client: ApiClient, ids: Mapping[str, str]) -> DeletionAnswer:
        return DeletionAnswer(CopyState.UNSUPPORTED)


def _envelope_of(payload: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The envelope without looking into `data`, which has its own form."""
    light = {**payload, "data": {}} if isinstance(payload.get("data"), dict) else payload
    found: dict[str, Any] = _ENVELOPE.read(light, "", problems) or {}
    return found


def _call_of(data: Any, now: datetime, problems: list[Problem]) -> CallRecord | None:
    if not isinstance(data, dict):
        return None  # the envelope said so
    try:
        return form.read(data, now=now, pointer="/data")
    except Unreadable as error:
        problems.extend(error.problems)
        return None
