"""A few calls of the last hour that come in as they do in life: signed, through the door for providers, then read."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from uuid import UUID

from calls.services import processing, receiving
from config.demo.places import Place
from config.demo.telling import Teller


def deliver(
    organization_id: UUID, place: Place, teller: Teller, *, public_id: str, secret: bytes, count: int, now: datetime
) -> int:
    """Send and read `count` calls of the first agent with a generic connection; returns how many were accepted."""
    agent = next(each for each in place.agents if each.provider == "generic")
    accepted = 0
    for number in range(count):
        told = teller.call(90_000 + number, 0.5, agent)
        ends = now - timedelta(minutes=12 * number + 7)
        moved = ends - datetime.fromisoformat(told.item["ended_at"])
        item = dict(told.item) | {"agent": agent.key, "direction": agent.direction, "call_id": f"live-{number}"}
        for name in ("started_at", "answered_at", "ended_at"):
            if name in item:
                item[name] = (datetime.fromisoformat(item[name]) + moved).isoformat()
        item.pop("consent", None)
        body = json.dumps({"type": "call.ended", "timestamp": ends.isoformat(), "data": item}).encode()
        receipt = receiving.receive("generic", public_id, _signed(body, secret, f"msg_{number}", now), body, now=now)
        if receipt.event_id is not None:
            processing.process(organization_id, receipt.event_id, now=now)
            accepted += 1
    return accepted


def _signed(body: bytes, secret: bytes, event_id: str, now: datetime) -> dict[str, str]:
    """Headers as the Standard Webhooks specification has them."""
    stamp = str(int(now.timestamp()))
    content = f"{event_id}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": event_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
