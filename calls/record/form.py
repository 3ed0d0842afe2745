"""The published form of a call: generic webhooks and the API take exactly this."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from calls.record.problems import Problem, Unreadable
from calls.record.sense import problems_of
from calls.record.shapes import Choice, Entry, Free, Listing, Moment, Text, Whole
from calls.record.types import (
    CallRecord,
    Channel,
    Consent,
    ConsentResult,
    Direction,
    LinkedId,
    Outcome,
    RecordingKind,
    RecordingSource,
    Speaker,
    Turn,
)

_DAY_MS = 24 * 60 * 60 * 1000
_WORD = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

TURN = Entry(
    {
        "speaker": Choice([word.value for word in Speaker]),
        "text": Text(20_000),
        "start_ms": Whole(0, 7 * _DAY_MS, "milliseconds from the start of the call"),
        "end_ms": Whole(0, 7 * _DAY_MS),
    },
    frozenset({"speaker", "text"}),
)
CUSTOMER = Entry(
    {
        "name": Text(200),
        "email": Text(254),
        "external_id": Text(200, about="the organization's own id of this person"),
    }
)
CALL = Entry(
    {
        "call_id": Text(200, 1, about="the sender's id of the call; the same id again is the same call"),
        "account": Text(200, about="the sender's account, when call ids are unique only within one"),
        "agent": Text(200, 1, about="the sender's id of the AI agent"),
        "direction": Choice([word.value for word in Direction]),
        "channel": Choice([word.value for word in Channel]),
        "outcome": Choice([word.value for word in Outcome]),
        "end_reason": Text(100, pattern=_WORD, about="the sender's own word for how it ended"),
        "started_at": Moment(),
        "answered_at": Moment(),
        "ended_at": Moment("retention periods count from here"),
        "language": Text(35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", about="BCP 47"),
        "cost": Entry(
            {
                "amount": Text(20, pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", about="decimal text"),
                "currency": Text(3, 3, pattern="^[A-Z]{3}$", about="ISO 4217"),
            },
            frozenset({"amount", "currency"}),
        ),
        "from": Text(64, about="the calling number, best in E.164"),
        "to": Text(64, about="the called number, best in E.164"),
        "customer": CUSTOMER,
        "linked_ids": Listing(
            Entry(
                {"provider": Text(20, 1, _WORD), "kind": Text(40, 1, _WORD), "id": Text(200, 1)},
                frozenset({"provider", "kind", "id"}),
            ),
            10,
        ),
        "recordings": Listing(
            Entry(
                {"kind": Choice([word.value for word in RecordingKind]), "url": Text(4_000, 1)},
                frozenset({"url"}),
            ),
            4,
            about="https addresses on hosts the connection allows",
        ),
        "turns": Listing(TURN, 5_000),
        "summary": Text(20_000),
        "analysis": Free(65_536),
        "consent": Entry(
            {
                "result": Choice([word.value for word in ConsentResult], "about being recorded"),
                "method": Text(40, pattern=_WORD),
                "at": Moment(),
                "turn": Whole(0, 5_000, "the turn that proves it"),
            },
            frozenset({"result"}),
        ),
        "provider_expires_at": Moment("when the sender's own copy goes by itself"),
    },
    frozenset({"call_id", "direction", "started_at", "ended_at"}),
)


def read(value: Any, *, now: datetime, pointer: str = "") -> CallRecord:
    """The call this JSON value tells; raises Unreadable with every problem of form and of sense."""
    problems: list[Problem] = []
    found = CALL.read(value, pointer, problems)
    if problems:
        raise Unreadable(problems)
    record = _record(found)
    if senseless := problems_of(record, now=now, names=_NAMES):
        raise Unreadable([each.under(pointer) for each in senseless])
    return record


_NAMES = {"outcome": "outcome", "from_number": "from", "to_number": "to"}


def _record(found: dict[str, Any]) -> CallRecord:
    customer, cost, consent = found.get("customer") or {}, found.get("cost"), found.get("consent")
    return CallRecord(
        provider_call_id=found["call_id"],
        account=found.get("account", ""),
        provider_agent_id=found.get("agent"),
        direction=found["direction"],
        channel=found.get("channel", Channel.PSTN.value),
        outcome=found.get("outcome", Outcome.COMPLETED.value),
        end_reason=found.get("end_reason"),
        started_at=found["started_at"],
        answered_at=found.get("answered_at"),
        ended_at=found["ended_at"],
        language=found.get("language"),
        cost_micros=int(Decimal(cost["amount"]) * 1_000_000) if cost else None,
        cost_currency=cost["currency"] if cost else None,
        from_number=found.get("from"),
        to_number=found.get("to"),
        customer_name=customer.get("name"),
        customer_email=customer.get("email"),
        customer_external_id=customer.get("external_id"),
        linked_ids=tuple(LinkedId(**each) for each in found["linked_ids"]) if "linked_ids" in found else None,
        recordings=tuple(
            RecordingSource(each.get("kind", RecordingKind.MONO.value), each["url"])
            for each in found.get("recordings", ())
        ),
        turns=tuple(Turn(**each) for each in found["turns"]) if "turns" in found else None,
        summary=found.get("summary"),
        analysis=found.get("analysis"),
        consent=Consent(**consent) if consent else None,
        provider_expires_at=found.get("provider_expires_at"),
    )


def moment_of_milliseconds(value: float) -> datetime:
    """A moment from Unix milliseconds; raises ValueError when there is no such moment."""
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("no such moment") from error
