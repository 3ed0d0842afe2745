"""Vapi's messages as events of ours. What is of the wrong type is passed over, except where a call needs it."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from calls.providers.base import Event, EventKind, Richness
from calls.record import (
    CallRecord,
    Channel,
    Consent,
    ConsentResult,
    Direction,
    LinkedId,
    Outcome,
    Problem,
    RecordingKind,
    RecordingSource,
    Speaker,
    Turn,
    Unreadable,
)
from calls.record.sense import problems_of

_SPEAKERS = {
    "user": Speaker.USER,
    "customer": Speaker.USER,
    "bot": Speaker.AGENT,
    "assistant": Speaker.AGENT,
    "tool": Speaker.TOOL,
}
# Vapi has more than six hundred reasons; only those that change the outcome are named here.
_OUTCOMES = (
    ("customer-did-not-answer", Outcome.NO_ANSWER),
    ("customer-busy", Outcome.BUSY),
    ("voicemail", Outcome.VOICEMAIL),
    ("assistant-forwarded-call", Outcome.TRANSFERRED),
    ("manually-canceled", Outcome.CANCELED),
    ("twilio-failed", Outcome.FAILED),
    ("vonage-failed", Outcome.FAILED),
    ("call.start.error", Outcome.FAILED),
    ("call.in-progress.error", Outcome.FAILED),
    ("assistant-error", Outcome.FAILED),
    ("pipeline-error", Outcome.FAILED),
    ("call-start-error", Outcome.FAILED),
)
_UNTIDY = re.compile(r"[^A-Za-z0-9._-]+")
_RECORDINGS = (  # best first: addresses that carry their own short-lived permission
    (RecordingKind.MONO, ("presignedMonoUrl",), False),
    (RecordingKind.STEREO, ("presignedStereoUrl",), False),
    (RecordingKind.MONO, ("recording", "mono", "combinedUrl"), False),
    (RecordingKind.STEREO, ("recording", "stereoUrl"), False),
    (RecordingKind.MONO, ("recordingUrl",), False),
    (RecordingKind.STEREO, ("stereoRecordingUrl",), False),
)


def events(payload: Any, *, received_at: datetime, now: datetime) -> list[Event]:
    """What a server message, or a pulled call, says; raises Unreadable."""
    message = _at(payload, "message")
    if not isinstance(message, Mapping):
        raise Unreadable([Problem("/message", "missing", "is required")])
    at = _moment(message.get("timestamp")) or received_at
    call_id = _text(_at(message, "call", "id")) or _text(message.get("callId"))
    kind = message.get("type")
    if kind == "pulled":
        return _said(message, call_id, at, Richness.PULLED, now)
    if kind == "end-of-call-report":
        return _said(message, call_id, at, Richness.REPORT, now)
    if kind == "status-update" and message.get("status") == "ended":
        return _said(message, call_id, at, Richness.STATUS, now)
    if kind in ("call.deleted", "call.delete.failed"):
        state = EventKind.COPY_GONE if kind == "call.deleted" else EventKind.COPY_STAYED
        return [Event(state, at, CallRecord(each, account)) for each, account in _named_calls(message)]
    if kind == "hint":
        return [Event(EventKind.PULL, at, CallRecord(_required(call_id)), Richness.HINT)]
    return []


def _said(message: Mapping[str, Any], call_id: str, at: datetime, richness: Richness, now: datetime) -> list[Event]:
    record = _record(message, _required(call_id), at, richness)
    if problems := problems_of(record, now=now):
        raise Unreadable(problems)
    return [Event(EventKind.CALL, at, record, richness)]


def _required(call_id: str) -> str:
    if not call_id or len(call_id) > 200:
        raise Unreadable([Problem("/message/call/id", "missing", "is required")])
    return call_id


def _named_calls(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The calls a deletion event names: one in `call`, or many in `ids`/`callIds`."""
    account = _text(_at(message, "call", "orgId"))
    one = _text(_at(message, "call", "id")) or _text(message.get("callId"))
    if one:
        yield one, account
    for name in ("ids", "callIds"):
        many = message.get(name)
        for each in many if isinstance(many, list) else ():
            if isinstance(each, str) and 0 < len(each) <= 200 and each != one:
                yield each, account


def _record(message: Mapping[str, Any], call_id: str, at: datetime, richness: Richness) -> CallRecord:
    call = message.get("call") if isinstance(message.get("call"), Mapping) else {}
    direction, channel = _direction(_text(_at(call, "type")))
    own = _text(_at(message, "phoneNumber", "number")) or _text(_at(call, "phoneNumber", "number"))
    customer = message.get("customer") if isinstance(message.get("customer"), Mapping) else _at(call, "customer")
    external = _text(_at(customer, "number"))
    inbound = direction == Direction.INBOUND
    started = _moment(_first(message, call, "startedAt"), "/message/startedAt")
    ended = _moment(_first(message, call, "endedAt"), "/message/endedAt") or at
    reason = _text(_first(message, call, "endedReason"))
    cost = _first(message, call, "cost")
    has_cost = isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < 1_000_000
    artifact = _at(message, "artifact")
    return CallRecord(
        provider_call_id=call_id,
        account=_text(_at(call, "orgId")),
        provider_agent_id=_text(_at(call, "assistantId")) or None,
        direction=direction,
        channel=channel,
        outcome=_outcome(reason) if reason else None,
        end_reason=_UNTIDY.sub("-", reason).strip("-.")[:100] or None,
        started_at=started,
        ended_at=ended,
        cost_micros=round(cost * 1_000_000) if has_cost else None,
        cost_currency="USD" if has_cost else None,
        from_number=(external if inbound else own) or None,
        to_number=(own if inbound else external) or None,
        customer_name=_text(_at(customer, "name"))[:200] or None,
        customer_email=_text(_at(customer, "email"))[:254] or None,
        customer_external_id=_text(_at(customer, "externalId"))[:200] or None,
        linked_ids=_linked(call),
        recordings=tuple(_recordings(artifact)),
        turns=_turns(artifact),
        summary=_text(_at(message, "analysis", "summary"))[:20_000] or None,
        analysis=_analysis(_at(message, "analysis")),
        consent=_consent(_at(message, "compliance", "recordingConsent")),
    )


def _direction(kind: str) -> tuple[str | None, str | None]:
    """`call.type`: inboundPhoneCall, outboundPhoneCall, webCall, vapi.websocketCall."""
    if kind.startswith("inbound"):
        return Direction.INBOUND.value, Channel.PSTN.value
    if kind.startswith("outbound"):
        return Direction.OUTBOUND.value, Channel.PSTN.value
    return (Direction.INBOUND.value, Channel.WEB.value) if kind else (None, None)


def _outcome(reason: str) -> str:
    for prefix, outcome in _OUTCOMES:
        if reason.startswith(prefix):
            return outcome.value
    return Outcome.FAILED.value if "error" in reason else Outcome.COMPLETED.value


def _linked(call: Any) -> tuple[LinkedId, ...] | None:
    provider, carrier_id = _text(_at(call, "phoneCallProvider")), _text(_at(call, "phoneCallProviderId"))
    if not carrier_id or len(carrier_id) > 200:
        return None
    return (LinkedId(_UNTIDY.sub("-", provider)[:20] or "carrier", "call", carrier_id),)


def _recordings(artifact: Any) -> Iterator[RecordingSource]:
    seen = set()
    for kind, path, needs_key in _RECORDINGS:
        url = _text(_at(artifact, *path))
        if url and url not in seen and len(url) <= 4_000:
            seen.add(url)
            yield RecordingSource(kind.value, url, needs_key)


def _turns(artifact: Any) -> tuple[Turn, ...] | None:
    messages = _at(artifact, "messages")
    if not isinstance(messages, list):
        return None
    turns = []
    for each in messages:
        speaker = _SPEAKERS.get(_text(_at(each, "role")))
        text = _text(_at(each, "message"))
        if speaker is None or not text:
            continue  # system messages hold the prompt; tool calls without words hold nothing said
        start = _milliseconds(_at(each, "secondsFromStart"), 1000)
        length = _milliseconds(_at(each, "duration"), 1)
        turns.append(Turn(speaker.value, text, start, start + length if start is not None and length else None))
    return tuple(turns)


def _analysis(analysis: Any) -> Mapping[str, Any] | None:
    kept = {
        name: analysis[name]
        for name in ("successEvaluation", "structuredData")
        if isinstance(analysis, Mapping) and analysis.get(name) not in (None, {}, "")
    }
    return kept or None


def _consent(said: Any) -> Consent | None:
    """`grantedAt` absent means declined, or hung up before answering: both forbid keeping the sound."""
    if not isinstance(said, Mapping):
        return None
    method = _UNTIDY.sub("-", _text(said.get("type")))[:40]
    granted_at = _moment(said.get("grantedAt"))
    if granted_at is None:
        return Consent(ConsentResult.DECLINED.value, method)
    result = ConsentResult.IMPLIED if method == "stay-on-line" else ConsentResult.GRANTED
    return Consent(result.value, method, granted_at)


def _at(value: Any, *path: str) -> Any:
    """The value at a path of members, or None."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _first(message: Any, call: Any, name: str) -> Any:
    found = _at(message, name)
    return found if found is not None else _at(call, name)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _milliseconds(value: Any, factor: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value * factor < 7 * 86_400_000:
        return None
    return round(value * factor)


def _moment(value: Any, pointer: str = "") -> datetime | None:
    """A moment from ISO text or Unix milliseconds. With a `pointer` what is no moment raises, else it is None."""
    if value is None:
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        moment = None
    if not pointer:
        return None
    if moment is not None:
        raise Unreadable([Problem(pointer, "naive_time", "must name its offset from UTC")])
    raise Unreadable([Problem(pointer, "not_a_moment", "is not a date and time")])
