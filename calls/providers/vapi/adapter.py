"""Vapi: server messages in, the call pulled when the message proves too little, its copy deleted on request."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from calls.providers.base import (
    CopyState,
    DeletionAnswer,
    Event,
    Page,
    Proof,
    Strength,
    Verified,
)
from calls.providers.client import ApiClient, NoAnswer
from calls.providers.vapi import asking, reading, verifying
from calls.record import CallRecord, RecordingKind, RecordingSource

_MESSAGE = ("type", "timestamp", "status", "startedAt", "endedAt", "endedReason", "cost", "callId", "ids", "callIds")
_CALL = (
    "id",
    "orgId",
    "type",
    "assistantId",
    "phoneCallProvider",
    "phoneCallProviderId",
    "status",
    "startedAt",
    "endedAt",
    "endedReason",
    "cost",
)
_CUSTOMER = ("number", "name", "email", "externalId")
_RECORDING_LINKS = ("recordingUrl", "stereoRecordingUrl", "recording", "presignedMonoUrl", "presignedStereoUrl")
_SAID = {"user", "customer", "bot", "assistant", "tool"}
_TURN = ("role", "message", "secondsFromStart", "duration")


class VapiProvider:
    """`VapiAI/docs` of August 2026. Nobody retries by default on their side, so nothing readable is refused."""

    slug = "vapi"
    name = "Vapi"
    refuses_at_door = False
    keeps_copies = True
    deletes_by_api = True
    lists_calls = True
    api_hosts: tuple[str, ...] = ("api.vapi.ai", "api.eu.vapi.ai")
    media_hosts: tuple[str, ...] = (
        "api.vapi.ai",
        "api.eu.vapi.ai",
        "storage.vapi.ai",
        ".vapi.ai",
        ".amazonaws.com",
        ".r2.cloudflarestorage.com",
        "storage.googleapis.com",
    )

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime, proof: Proof
    ) -> Verified:
        return verifying.verify(headers, body, secrets, now, proof)

    def scope_of(self, record: CallRecord, connection_id: UUID) -> str:
        return ""  # random UUIDs; some of its messages leave the account out

    def reduce(self, payload: Any, *, strength: Strength, recording: bool, transcript: bool) -> Any:
        """An allow list: the whole `assistant` (prompts), variables, logs and packet captures never get past it."""
        message = payload.get("message") if isinstance(payload, dict) else None
        if not isinstance(message, dict):
            return {"message": None}
        if strength is Strength.WEAK:
            return {"message": _hint(message)}
        call = message.get("call")
        kept = _only(message, _MESSAGE)
        kept["call"] = {
            **_only(call, _CALL),
            "customer": _only(_member(call, "customer"), _CUSTOMER),
            "phoneNumber": _only(_member(call, "phoneNumber"), ("number",)),
        }
        kept["phoneNumber"] = _only(message.get("phoneNumber"), ("number",))
        if isinstance(message.get("customer"), dict):
            kept["customer"] = _only(message["customer"], _CUSTOMER)
        consent = _member(message.get("compliance"), "recordingConsent")
        if isinstance(consent, dict):
            kept["compliance"] = {"recordingConsent": _only(consent, ("type", "grantedAt"))}
        artifact: dict[str, Any] = {}
        if recording:
            artifact = _only(message.get("artifact"), _RECORDING_LINKS)
        if transcript:
            kept["analysis"] = _only(message.get("analysis"), ("summary", "structuredData", "successEvaluation"))
            messages = _member(message.get("artifact"), "messages")
            if isinstance(messages, list):
                artifact["messages"] = [_only(each, _TURN) for each in messages if _member(each, "role") in _SAID]
        kept["artifact"] = artifact
        return {"message": kept}

    def read(self, payload: Any, *, received_at: datetime, now: datetime) -> Sequence[Event]:
        return reading.events(payload, received_at=received_at, now=now)

    def pull(self, client: ApiClient, call_id: str) -> Any:
        return asking.one(client, call_id)

    def list_calls(self, client: ApiClient, *, after: datetime, until: datetime, limit: int) -> Page:
        return asking.many(client, after=after, until=until, limit=limit)

    def recording_fallbacks(self, client: ApiClient, record: CallRecord) -> Sequence[RecordingSource]:
        """Stored links became private in 2026: the interface redirects a key's holder to a short-lived one."""
        if not client.has_key:
            return ()
        base = f"{client.base_url}/call/{quote(record.provider_call_id, safe='')}"
        return (
            RecordingSource(RecordingKind.MONO.value, f"{base}/mono-recording", needs_key=True),
            RecordingSource(RecordingKind.STEREO.value, f"{base}/stereo-recording", needs_key=True),
        )

    def ask_deletion(self, client: ApiClient, ids: Mapping[str, str]) -> DeletionAnswer:
        """`DELETE /call/{id}`. 200 and 404: gone. 503: recordings not erased and the call not deleted."""
        if not client.has_key:
            return DeletionAnswer(CopyState.CREDENTIALS)
        try:
            answer = client.ask("DELETE", f"/call/{quote(ids['call_id'], safe='')}", body={})
        except NoAnswer:
            return DeletionAnswer(CopyState.RETRY)
        status = answer.status
        if status == 200 and isinstance(answer.body, dict) and answer.body.get("status") == "deletion-failed":
            return DeletionAnswer(CopyState.RETRY, status)
        if status in (200, 204, 404):
            return DeletionAnswer(CopyState.GONE, status)
        if status in (401, 403):
            return DeletionAnswer(CopyState.CREDENTIALS, status)
        if status in (408, 409, 423, 425, 429) or status >= 500:
            return DeletionAnswer(CopyState.RETRY, status, answer.retry_after)
        return DeletionAnswer(CopyState.FAILED, status)


def _hint(message: dict[str, Any]) -> dict[str, Any]:
    """All that is kept of a message whose body nobody vouches for."""
    call_id = _member(message.get("call"), "id")
    finished = message.get("type") == "end-of-call-report" or message.get("status") == "ended"
    return {"type": "hint" if finished else "unfinished", "call": {"id": call_id}}


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _only(value: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else {}
