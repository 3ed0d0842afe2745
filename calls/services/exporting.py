"""Taking calls out: one as vCon, many as CSV. What leaves the platform is written down before its first byte."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts import lists
from agents.models import Agent
from calls import looks, playback, reading, sealing, vcon
from calls.exceptions import NoSuchPart
from calls.models import Call, CallReport, Transcript
from ground import vault
from ground.tenancy import Actor, acting_for

COLUMNS = (
    "call",
    "ended_at",
    "agent",
    "direction",
    "number",
    "agent_number",
    "name",
    "email",
    "external_id",
    "seconds",
    "outcome",
    "language",
    "recording",
    "transcript",
    "report",
    "consent",
    "held",
)


def as_vcon(*, organization_id: UUID, organization_name: str, call_id: UUID, by: Actor) -> dict[str, Any]:
    """The call with everything that is here of it. Raises Call.DoesNotExist, VaultError. One access event."""
    with acting_for(organization_id):
        call = Call.objects.get(organization_id=organization_id, id=call_id)
        looks.note(
            "calls.exported",
            organization_id=organization_id,
            object_type="call",
            object_id=call_id,
            call_id=call_id,
            by=by,
        )
        agent = (
            Agent.objects.filter(organization_id=organization_id, id=call.agent_id).first() if call.agent_id else None
        )
        transcript = Transcript.objects.filter(organization_id=organization_id, call_id=call_id).first()
        report = CallReport.objects.filter(organization_id=organization_id, call_id=call_id).first()
        try:
            recording = playback.recording_of(organization_id, call_id)
        except NoSuchPart:
            recording = None
        rows = [row for row in (call, transcript, report, recording) if row is not None]
        keys = sealing.keys_of(organization_id, rows)
    told = sealing.open_report(keys[report.key_id], report) if report else None
    sound = None
    if recording is not None and recording.plain_bytes <= vcon.LARGEST_SOUND_BYTES:
        reader = vault.objects.open_sealed(
            keys[recording.key_id], recording.object_name, stored_bytes=recording.stored_bytes
        )
        sound = b"".join(reader.read(0, recording.plain_bytes))
    return vcon.build(
        vcon.Content(
            call=call,
            person=reading.person_of(sealing.open_call(keys[call.key_id], call)),
            agent_name=agent.name if agent else "",
            organization_name=organization_name,
            turns=sealing.open_turns(keys[transcript.key_id], transcript) if transcript else (),
            report=reading.Report(told.get("summary") or "", dict(told.get("analysis") or {})) if told else None,
            recording=recording,
            sound=sound,
        )
    )


def as_csv(
    *,
    organization_id: UUID,
    rows: QuerySet[Call],
    order: lists.Order,
    time_zone: str,
    agents: Mapping[UUID, str],
    by: Actor,
) -> Iterator[str]:
    """These calls in this order, line by line, with numbers in the clear. Written down before the first line."""
    zone = ZoneInfo(time_zone)

    def cells(calls: Sequence[Call]) -> list[list[Any]]:
        people = reading.opened(organization_id, list(calls))
        return [_cells(call, people[call.id], zone, agents) for call in calls]

    return lists.csv_rows(
        rows, order, organization_id=organization_id, kind="calls.list_exported", by=by, header=COLUMNS, cells=cells
    )


def _cells(call: Call, person: reading.Person, zone: ZoneInfo, agents: Mapping[UUID, str]) -> list[Any]:
    return [
        call.id,
        _moment(call.ended_at, zone),
        agents.get(call.agent_id, "") if call.agent_id else "",
        call.direction,
        person.number,
        person.agent_number,
        person.name,
        person.email,
        person.external_id,
        round(call.duration_ms / 1000) if call.duration_ms is not None else "",
        call.outcome,
        call.language,
        "yes" if call.has_recording else call.recording_state,
        "yes" if call.has_transcript else "no",
        "yes" if call.has_report else "no",
        call.consent,
        "yes" if call.held else "no",
    ]


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
