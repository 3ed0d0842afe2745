"""A call as vCon (IETF draft-ietf-vcon-vcon-core, unsigned form): what is still here, in a form other systems read.

Parties: 0 the person, 1 the agent. Parts that were destroyed, or never kept, are simply absent. Sound is carried inside
(base64url) up to a limit; a longer recording is described and fetched by itself.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calls.models import Call, Recording
from calls.reading import Person, Report
from calls.record import Outcome, Speaker, Turn

VERSION = "0.4.0"
MEDIA_TYPE = "application/vcon+json"
LARGEST_SOUND_BYTES = 25 * 1024 * 1024
_VENDOR = "sottovoce"
_UNANSWERED = {
    Outcome.NO_ANSWER: "no-answer",
    Outcome.BUSY: "busy",
    Outcome.FAILED: "failed",
    Outcome.CANCELED: "hung-up",
    Outcome.VOICEMAIL: "voicemail-no-message",
}


@dataclass(frozen=True, slots=True)
class Content:
    """What is open of a call. `sound` None: there is none, or it is too long to carry."""

    call: Call
    person: Person
    agent_name: str
    organization_name: str
    turns: Sequence[Turn] = ()
    report: Report | None = None
    recording: Recording | None = None
    sound: bytes | None = None


def build(content: Content) -> dict[str, Any]:
    """The vCon as plain JSON values."""
    call = content.call
    found: dict[str, Any] = {
        "vcon": VERSION,
        "uuid": str(call.id),
        "created_at": call.created_at.isoformat(),
        "parties": [_person(content.person), _agent(content)],
        "dialog": [_dialog(content)],
        "analysis": list(_analysis(content)),
        "attachments": list(_attachments(content)),
    }
    return found


def _person(person: Person) -> dict[str, str]:
    told = {"tel": _tel(person.number), "name": person.name, "mailto": person.email, "role": "caller"}
    return {name: value for name, value in told.items() if value}


def _agent(content: Content) -> dict[str, str]:
    name = f"{content.agent_name}, {content.organization_name}" if content.agent_name else content.organization_name
    told = {"tel": _tel(content.person.agent_number), "name": name, "role": "agent"}
    return {name: value for name, value in told.items() if value}


def _tel(number: str) -> str:
    return f"tel:{number}" if number.startswith("+") else ""


def _dialog(content: Content) -> dict[str, Any]:
    call, recording = content.call, content.recording
    outbound = call.direction == "outbound"
    start = (call.started_at or call.ended_at).isoformat()
    dialog: dict[str, Any] = {"start": start, "parties": [1, 0] if outbound else [0, 1]}
    if call.duration_ms is not None:
        dialog["duration"] = call.duration_ms / 1000
    if recording is None:
        unanswered = _UNANSWERED.get(Outcome(call.outcome))
        if unanswered:
            return dialog | {"type": "incomplete", "disposition": unanswered}
        return dialog | {"type": "text", "mediatype": "text/plain", "body": "", "encoding": "none"}
    dialog |= {"type": "recording", "mediatype": recording.media_type, "filename": f"{call.id}.{_ending(recording)}"}
    if content.sound is not None:
        dialog["body"] = base64.urlsafe_b64encode(content.sound).decode().rstrip("=")
        dialog["encoding"] = "base64url"
    return dialog


def _ending(recording: Recording) -> str:
    return recording.media_type.rpartition("/")[2]


def _analysis(content: Content) -> Any:
    if content.turns:
        yield {
            "type": "transcript",
            "dialog": 0,
            "vendor": content.call.provider or _VENDOR,
            "schema": "turns: party, text, start and end in seconds",
            "encoding": "json",
            "body": [_turn(turn) for turn in content.turns],
        }
    if content.report is not None and content.report.summary:
        yield {
            "type": "summary",
            "dialog": 0,
            "vendor": content.call.provider or _VENDOR,
            "mediatype": "text/plain",
            "encoding": "none",
            "body": content.report.summary,
        }
    if content.report is not None and content.report.analysis:
        yield {
            "type": "report",
            "dialog": 0,
            "vendor": content.call.provider or _VENDOR,
            "encoding": "json",
            "body": content.report.analysis,
        }


def _turn(turn: Turn) -> dict[str, Any]:
    told: dict[str, Any] = {"party": 0 if turn.speaker == Speaker.USER else 1, "text": turn.text}
    if turn.speaker not in (Speaker.USER, Speaker.AGENT):
        told["speaker"] = str(turn.speaker)
    if turn.start_ms is not None:
        told["start"] = turn.start_ms / 1000
    if turn.end_ms is not None:
        told["end"] = turn.end_ms / 1000
    return told


def _attachments(content: Content) -> Any:
    call = content.call
    if call.consent:
        yield {
            "purpose": "consent to recording",
            "start": (call.consent_at or call.started_at or call.ended_at).isoformat(),
            "party": 0,
            "dialog": 0,
            "encoding": "json",
            "body": {
                "result": call.consent,
                "method": call.consent_method,
                "turn": call.consent_turn,
                "disclosure_version": call.disclosure_version,
            },
        }
