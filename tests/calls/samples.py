"""Calls as providers tell them, with canaries: values that must never turn up in a log."""

import base64
import copy
import hashlib
import hmac
import io
import json
import math
import struct
import wave
from datetime import UTC, datetime, timedelta

NUMBER, AGENT_NUMBER = "+14155550123", "+14155550100"
NAME = "Zażółć Gęślą-Jaźń 李"
EMAIL = "canary.person@example.org"
SAID = "my canary sentence is äöü 你好 🦜"
PROMPT = "You are a canary system prompt"
CANARIES = (NUMBER, NUMBER[1:], NAME, "Zażółć", EMAIL, SAID, "canary sentence", PROMPT, "canary system prompt")


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def generic_call(now: datetime | None = None, **changes):
    end = (now or datetime.now(UTC)) - timedelta(minutes=5)
    call = {
        "call_id": "call-1",
        "agent": "desk",
        "direction": "inbound",
        "channel": "pstn",
        "outcome": "completed",
        "end_reason": "hangup",
        "started_at": iso(end - timedelta(minutes=4)),
        "answered_at": iso(end - timedelta(minutes=3, seconds=55)),
        "ended_at": iso(end),
        "language": "en-US",
        "cost": {"amount": "0.41", "currency": "USD"},
        "from": NUMBER,
        "to": AGENT_NUMBER,
        "customer": {"name": NAME, "email": EMAIL, "external_id": "crm-9"},
        "turns": [
            {"speaker": "agent", "text": "Hello", "start_ms": 700, "end_ms": 1100},
            {"speaker": "user", "text": SAID, "start_ms": 2100, "end_ms": 3000},
        ],
        "summary": "Asked about an order.",
        "analysis": {"resolved": True},
    }
    call.update(changes)
    return {name: value for name, value in call.items() if value is not ...}


def generic_event(now: datetime | None = None, **changes):
    now = now or datetime.now(UTC)
    return {"type": "call.ended", "timestamp": iso(now - timedelta(minutes=4)), "data": generic_call(now, **changes)}


def vapi_report(
    now: datetime | None = None, *, call_id="7e2f6f7c-0000-4000-8000-000000000001", artifact=None, **message
):
    now = now or datetime.now(UTC)
    end = now - timedelta(minutes=5)
    return {
        "message": {
            "type": "end-of-call-report",
            "timestamp": int((end + timedelta(seconds=5)).timestamp() * 1000),
            "startedAt": iso(end - timedelta(minutes=4)),
            "endedAt": iso(end),
            "endedReason": "customer-ended-call",
            "cost": 0.41,
            "costBreakdown": {"llm": 0.3},
            "assistant": {"model": {"messages": [{"role": "system", "content": PROMPT}]}},
            "call": {
                "id": call_id,
                "orgId": "9b1",
                "type": "inboundPhoneCall",
                "assistantId": "a3f",
                "phoneCallProvider": "twilio",
                "phoneCallProviderId": "CA123",
                "status": "ended",
                "assistant": {"firstMessage": PROMPT},
            },
            "phoneNumber": {"number": AGENT_NUMBER},
            "customer": {"number": NUMBER, "name": NAME, "externalId": "crm-9"},
            "analysis": {
                "summary": "Asked about an order.",
                "structuredData": {"topic": "order"},
                "successEvaluation": "true",
            },
            "artifact": {
                "logUrl": "https://storage.vapi.ai/log",
                "pcapUrl": "https://storage.vapi.ai/pcap",
                "transcript": f"AI: Hello User: {SAID}",
                "variableValues": {"secret": PROMPT},
                "messages": [
                    {"role": "system", "message": PROMPT},
                    {"role": "bot", "message": "Hello", "secondsFromStart": 1.2, "duration": 1000},
                    {"role": "user", "message": SAID, "secondsFromStart": 3.1},
                    {"role": "tool_calls", "message": PROMPT},
                ],
                **(artifact or {}),
            },
            **message,
        }
    }


def encoded(payload) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def standard_headers(body: bytes, secret: str, *, event_id="msg_1", at: datetime | None = None) -> dict[str, str]:
    stamp = int((at or datetime.now(UTC)).timestamp())
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = base64.b64encode(hmac.digest(key, f"{event_id}.{stamp}.".encode() + body, "sha256")).decode()
    return {"webhook-id": event_id, "webhook-timestamp": str(stamp), "webhook-signature": f"v1,{signed}"}


def vapi_headers(body: bytes, secret: str, *, at: datetime | None = None, milliseconds=False) -> dict[str, str]:
    moment = (at or datetime.now(UTC)).timestamp()
    stamp = str(int(moment * 1000 if milliseconds else moment))
    return {
        "x-timestamp": stamp,
        "x-signature": hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest(),
    }


def wav(seconds=1.0, *, rate=8000, channels=1, width=2, loud=True) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        frames = int(seconds * rate)
        if width == 2:
            level = 30000 if loud else 0
            data = b"".join(
                struct.pack("<h", int(level * math.sin(place / 5)) if place > frames // 2 else 0) * channels
                for place in range(frames)
            )
        else:
            data = (b"\x80" if width == 1 else b"\x00" * width) * frames * channels
        file.writeframes(data)
    return out.getvalue()


def without(value, *path):
    """A deep copy with one member removed."""
    made = copy.deepcopy(value)
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return made
