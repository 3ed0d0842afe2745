"""How tellings of the same call become one, in whatever order they arrive.

Every field remembers the stamp of the telling that set it: (richness, moment, event). A field is replaced only by a
greater stamp, so merging is commutative, associative and idempotent: events may come twice, late or the wrong way
round. A telling that is silent about a field never erases it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from calls.record.types import CallRecord, Consent, LinkedId

CALL_FIELDS = (
    "provider_call_id",
    "account",
    "provider_agent_id",
    "direction",
    "channel",
    "outcome",
    "end_reason",
    "started_at",
    "answered_at",
    "ended_at",
    "language",
    "cost_micros",
    "cost_currency",
    "from_number",
    "to_number",
    "customer_name",
    "customer_email",
    "customer_external_id",
    "linked_ids",
    "consent",
    "provider_expires_at",
)
_MOMENTS = {"started_at", "answered_at", "ended_at", "provider_expires_at"}


def stamp(richness: int, at: datetime, event_digest: bytes) -> str:
    """Text that sorts by richness, then moment, then event (so that two events never tie)."""
    return f"{richness:02d}|{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}|{event_digest.hex()}"


def richness_of(told: "Told") -> int:
    """How much the richest telling of a call told; -1 when nobody told anything."""
    return max((int(mark.partition("|")[0]) for mark in told.stamps.values()), default=-1)


@dataclass(slots=True)
class Told:
    """What is known about a call: values as JSON takes them, and the stamp of each."""

    values: dict[str, Any] = field(default_factory=dict)
    stamps: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, sealed: Mapping[str, Any]) -> "Told":
        """From what was sealed. A bulk seal keeps one stamp for all fields under ""."""
        values, stamps = dict(sealed["values"]), dict(sealed["stamps"])
        if one := stamps.pop("", None):
            stamps = dict.fromkeys(values, one)
        return cls(values, stamps)

    def as_json(self) -> dict[str, Any]:
        """What is sealed; one stamp stands for all when all are the same."""
        different = set(self.stamps.values())
        stamps = {"": different.pop()} if len(different) == 1 else self.stamps
        return {"values": self.values, "stamps": stamps}

    def take(self, values: Mapping[str, Any], mark: str) -> bool:
        """Merge one telling; whether anything changed, be it only a stamp (the next telling is judged by it)."""
        changed = False
        for name, value in values.items():
            if value is not None and mark > self.stamps.get(name, ""):
                changed = True
                self.values[name], self.stamps[name] = value, mark
        return changed

    def get(self, name: str) -> Any:
        """A value in our own types: moments as datetime, consent and linked ids as such; None when nobody told."""
        value = self.values.get(name)
        if value is None:
            return None
        if name in _MOMENTS:
            return datetime.fromisoformat(value)
        if name == "consent":
            at = value.get("at")
            return Consent(**{**value, "at": datetime.fromisoformat(at) if at else None})
        if name == "linked_ids":
            return tuple(LinkedId(**each) for each in value)
        return value


def values_of(record: CallRecord) -> dict[str, Any]:
    """The fields of a telling that live with the call, as JSON takes them; what it is silent about is left out."""
    found: dict[str, Any] = {}
    for name in CALL_FIELDS:
        value = getattr(record, name)
        if value is None or (name == "account" and not value):
            continue
        if name in _MOMENTS:
            value = value.isoformat()
        elif name == "consent":
            value = {
                "result": value.result,
                "method": value.method,
                "at": value.at.isoformat() if value.at else None,
                "turn": value.turn,
            }
        elif name == "linked_ids":
            value = [{"provider": each.provider, "kind": each.kind, "id": each.id} for each in value]
        found[name] = value
    return found
