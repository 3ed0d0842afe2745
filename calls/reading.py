"""Reading what is sealed of a call: masked for everyone who may see calls, open for those who may, and noted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from calls import looks, sealing
from calls.exceptions import NoSuchPart
from calls.models import Call, CallReport, Transcript
from calls.record import Direction, Turn
from calls.record.merging import Told
from contacts import masking
from ground import vault
from ground.tenancy import Actor, acting_for

_LOOK_SECONDS = 5 * 60
FIELDS = ("number", "agent_number", "name", "email", "external_id")


@dataclass(frozen=True, slots=True)
class Person:
    """Who was on the call, masked or open. `number` is the person's, `agent_number` the organization's side."""

    number: str = ""
    agent_number: str = ""
    name: str = ""
    email: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    summary: str
    analysis: dict[str, Any]


def masked(organization_id: UUID, calls: Iterable[Call]) -> dict[UUID, Person]:
    """By call id, who was on it, masked: one key look-up for a page of calls. Raises VaultError."""
    wanted = list(calls)
    keys = sealing.keys_of(organization_id, wanted)
    return {call.id: _masked(person_of(sealing.open_call(keys[call.key_id], call))) for call in wanted}


def opened(organization_id: UUID, calls: Iterable[Call]) -> dict[UUID, Person]:
    """By call id, who was on it, open. For exports, which write down themselves what left. Raises VaultError."""
    wanted = list(calls)
    keys = sealing.keys_of(organization_id, wanted)
    return {call.id: person_of(sealing.open_call(keys[call.key_id], call)) for call in wanted}


def revealed(*, organization_id: UUID, call_id: UUID, by: Actor) -> Person:
    """Who was on the call, open. Every look is an access event. Raises Call.DoesNotExist, VaultError."""
    with acting_for(organization_id):
        call = Call.objects.get(organization_id=organization_id, id=call_id)
        person = person_of(sealing.open_call(vault.keys.open_one(organization_id, call.key_id), call))
        looks.note(
            "calls.revealed",
            organization_id=organization_id,
            object_type="call",
            object_id=call_id,
            call_id=call_id,
            by=by,
        )
    return person


def transcript(*, organization_id: UUID, call_id: UUID, by: Actor) -> list[Turn]:
    """What was said; turns carry `start_ms`. Raises NoSuchPart, VaultError."""
    with acting_for(organization_id):
        row = Transcript.objects.filter(organization_id=organization_id, call_id=call_id).first()
        if row is None:
            raise NoSuchPart("transcript")
        turns = sealing.open_turns(vault.keys.open_one(organization_id, row.key_id), row)
        looks.note(
            "calls.transcript_read",
            organization_id=organization_id,
            object_type="transcript",
            object_id=row.id,
            call_id=call_id,
            by=by,
            once_in=_LOOK_SECONDS,
        )
    return turns


def report(*, organization_id: UUID, call_id: UUID, by: Actor) -> Report:
    """Summary and analysis. Raises NoSuchPart, VaultError."""
    with acting_for(organization_id):
        row = CallReport.objects.filter(organization_id=organization_id, call_id=call_id).first()
        if row is None:
            raise NoSuchPart("report")
        told = sealing.open_report(vault.keys.open_one(organization_id, row.key_id), row)
        looks.note(
            "calls.report_read",
            organization_id=organization_id,
            object_type="report",
            object_id=row.id,
            call_id=call_id,
            by=by,
            once_in=_LOOK_SECONDS,
        )
    return Report(told.get("summary") or "", dict(told.get("analysis") or {}))


def told_of(organization_id: UUID, call: Call) -> Told:
    """Everything known about a call, open. For services; whoever shows it to a person notes the look."""
    return sealing.open_call(vault.keys.open_one(organization_id, call.key_id), call)


def person_of(told: Told) -> Person:
    """The person's side and ours, by the direction of the call."""
    theirs, ours = told.get("from_number"), told.get("to_number")
    if told.get("direction") == Direction.OUTBOUND:
        theirs, ours = ours, theirs
    return Person(
        number=theirs or "",
        agent_number=ours or "",
        name=told.get("customer_name") or "",
        email=told.get("customer_email") or "",
        external_id=told.get("customer_external_id") or "",
    )


def _masked(person: Person) -> Person:
    return Person(
        number=masking.phone(person.number),
        agent_number=person.agent_number,
        name=masking.name(person.name),
        email=masking.email(person.email),
        external_id=masking.external_id(person.external_id),
    )
