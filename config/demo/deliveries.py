"""A few calls of the last hours that come in as they do in life: signed, through the door for providers, then read."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from calls.services import processing, receiving
from config.demo.places import DemoAgent, Place
from config.demo.telling import Teller

_MINUTES = {"generic": (7, 17), "vapi": (12, 23)}  # provider -> how long ago the newest ended, and how far apart


def deliver(
    organization_id: UUID,
    place: Place,
    teller: Teller,
    *,
    provider: str,
    public_id: str,
    secret: bytes,
    count: int,
    now: datetime,
) -> int:
    """Send and read `count` calls of the first agent at this provider; returns how many were accepted."""
    agent = next((each for each in place.agents if each.provider == provider), None)
    if agent is None:
        return 0
    accepted, (newest, apart) = 0, _MINUTES[provider]
    for number in range(count):
        ends = now - timedelta(minutes=newest + apart * number)
        item = _moved(teller.call(90_000 + number, 0.5, agent).item, ends)
        payload = _generic(item, agent, number) if provider == "generic" else _vapi(item, agent, place, number)
        body = json.dumps(payload).encode()
        headers = _signed(body, secret, f"msg_{provider}_{number}", now)
        receipt = receiving.receive(provider, public_id, headers, body, now=now)
        if receipt.event_id is not None:
            processing.process(organization_id, receipt.event_id, now=now)
            accepted += 1
    return accepted


def _moved(item: dict[str, Any], ends: datetime) -> dict[str, Any]:
    """The same call, ending at another moment."""
    by = ends - datetime.fromisoformat(item["ended_at"])
    moments = {name: item[name] for name in ("started_at", "answered_at", "ended_at") if name in item}
    later = {name: (datetime.fromisoformat(value) + by).isoformat() for name, value in moments.items()}
    return {name: value for name, value in item.items() if name != "consent"} | later


def _generic(item: dict[str, Any], agent: DemoAgent, number: int) -> dict[str, Any]:
    return {
        "type": "call.ended",
        "timestamp": item["ended_at"],
        "data": item | {"agent": agent.key, "call_id": f"live-{number}"},
    }


def _vapi(item: dict[str, Any], agent: DemoAgent, place: Place, number: int) -> dict[str, Any]:
    """An end-of-call-report as Vapi sends it."""
    outbound = agent.direction == "outbound"
    customer = {"number": item["to" if outbound else "from"]}
    if "customer" in item:
        customer |= {"name": item["customer"]["name"], "externalId": item["customer"]["external_id"]}
    messages = [
        {
            "role": "user" if turn["speaker"] == "user" else "bot",
            "message": turn["text"],
            "secondsFromStart": turn["start_ms"] / 1000,
            "duration": turn["end_ms"] - turn["start_ms"],
        }
        for turn in item.get("turns", ())
    ]
    ends = datetime.fromisoformat(item["ended_at"])
    return {
        "message": {
            "type": "end-of-call-report",
            "timestamp": int((ends + timedelta(seconds=4)).timestamp() * 1000),
            "startedAt": item["started_at"],
            "endedAt": item["ended_at"],
            "endedReason": "customer-ended-call" if messages else "customer-did-not-answer",
            "cost": float(item["cost"]["amount"]),
            "call": {
                "id": f"00000000-0000-4000-8000-{number:012}",
                "orgId": f"demo-{place.slug}",
                "type": "outboundPhoneCall" if outbound else "inboundPhoneCall",
                "assistantId": agent.key,
            },
            "phoneNumber": {"number": place.line},
            "customer": customer,
            "analysis": {"summary": item.get("summary", "")},
            "artifact": {"messages": messages},
        }
    }


def _signed(body: bytes, secret: bytes, event_id: str, now: datetime) -> dict[str, str]:
    """Headers as the Standard Webhooks specification has them."""
    stamp = str(int(now.timestamp()))
    content = f"{event_id}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": event_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
