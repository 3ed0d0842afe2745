"""What calls hold about people, declared once: found by the digests each row carries, destroyed by key."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from calls import people, sealing
from calls.models import Call, CallReport, Poll, ProviderCopy, ProviderEvent, Recording, RecordingState, Transcript
from calls.services import copies
from ground.inventory import HoldScope, PersonalData, Subject, declare, no_personal_data
from ground.inventory.declarations import Row, ScopeKind
from ground.inventory.outcomes import any_of
from ground.profiles import Category

CALLERS = "the people on the call"
PURPOSE = "running, checking and improving calls made or taken by AI agents"
BASIS = "decided by the organization as controller; processed for it under Art. 28 GDPR"
RECIPIENTS = ("the organization", "the voice provider the organization connected")


def _find(call_column: str) -> Any:
    def find(subject: Subject) -> Q | None:
        found = people.with_digests(subject.by_kind)
        if subject.call_ids:
            by_call = Q(**{f"{call_column}__in": list(subject.call_ids)})
            found = by_call if found is None else found | by_call
        return found

    return find


def _hold(call_column: str, clock: str, *, has_agent: bool = True) -> Any:
    def hold(scope: HoldScope) -> Q | None:
        if scope.kind == ScopeKind.CALL:
            return Q(**{call_column: scope.call_id})
        if scope.kind == ScopeKind.AGENT:
            return Q(agent_id=scope.agent_id) if has_agent else None
        if scope.kind == ScopeKind.PERIOD:
            return Q(**{f"{clock}__gte": scope.start, f"{clock}__lt": scope.end})
        return people.with_digests(scope.digests)

    return hold


# ------------------------------------------------------------------ export
def _exported_calls(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    keys = sealing.keys_of(organization_id, rows)
    return [
        {
            "call": str(row.id),
            "provider": row.provider,
            "ended_at": row.ended_at.isoformat(),
            "duration_ms": row.duration_ms,
            "outcome": row.outcome,
            **sealing.open_call(keys[row.key_id], row).values,
        }
        for row in rows
    ]


def _exported_recordings(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    """Facts only: the sound itself is long; whoever packs it reads it with `calls.playback`."""
    return [
        {
            "call": str(row.call_id),
            "recording": str(row.id),
            "ended_at": row.ended_at.isoformat(),
            "media_type": row.media_type,
            "duration_ms": row.duration_ms,
            "bytes": row.plain_bytes,
        }
        for row in rows
    ]


def _exported_transcripts(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    keys = sealing.keys_of(organization_id, rows)
    return [
        {
            "call": str(row.call_id),
            "ended_at": row.ended_at.isoformat(),
            "turns": [sealing.as_dict(turn) for turn in sealing.open_turns(keys[row.key_id], row)],
        }
        for row in rows
    ]


def _exported_reports(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    keys = sealing.keys_of(organization_id, rows)
    return [
        {
            "call": str(row.call_id),
            "ended_at": row.ended_at.isoformat(),
            **sealing.open_report(keys[row.key_id], row).values,
        }
        for row in rows
    ]


def _exported_events(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    keys = sealing.keys_of(organization_id, rows)
    return [
        {
            "provider": row.provider,
            "received_at": row.received_at.isoformat(),
            "message": sealing.open_event(keys[row.key_id], row),
        }
        for row in rows
    ]


def _exported_copies(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "call": str(row.call_id),
            "provider": row.provider,
            "state": row.state,
            "answered_at": row.answered_at.isoformat() if row.answered_at else None,
        }
        for row in rows
    ]


# ------------------------------------------------------------------ what follows from destruction
def _call_gone(organization_id: UUID, rows: list[Row]) -> None:
    copies.mark_due(organization_id, [row["id"] for row in rows], at=timezone.now())


def _recording_gone(organization_id: UUID, rows: list[Row]) -> None:
    call_ids = [row["call_id"] for row in rows]
    Call.objects.filter(any_of(call_ids), organization_id=organization_id).update(
        has_recording=False, recording_state=RecordingState.DESTROYED
    )
    copies.mark_due(organization_id, call_ids, at=timezone.now())


def _transcript_gone(organization_id: UUID, rows: list[Row]) -> None:
    call_ids = [row["call_id"] for row in rows]
    Call.objects.filter(any_of(call_ids), organization_id=organization_id).update(has_transcript=False)
    copies.mark_due(organization_id, call_ids, at=timezone.now())


def _report_gone(organization_id: UUID, rows: list[Row]) -> None:
    call_ids = [row["call_id"] for row in rows]
    Call.objects.filter(any_of(call_ids), organization_id=organization_id).update(has_report=False)


declare(
    PersonalData(
        model=Call,
        category=Category.CALL_METADATA,
        subjects=CALLERS,
        holds="numbers and names, times, outcome, the provider's ids, consent to recording",
        purpose=PURPOSE,
        legal_basis=BASIS,
        recipients=RECIPIENTS,
        clock="ended_at",
        key="key_id",
        size="stored_bytes",
        tombstone="tombstone",
        agent="agent_id",
        find=_find("id"),
        hold=_hold("id", "ended_at"),
        export=_exported_calls,
        on_destroyed=_call_gone,
    )
)
declare(
    PersonalData(
        model=Recording,
        category=Category.RECORDING,
        subjects=CALLERS,
        holds="the sound of the call",
        purpose=PURPOSE,
        legal_basis=BASIS,
        recipients=RECIPIENTS,
        clock="ended_at",
        key="key_id",
        objects="object_name",
        size="stored_bytes",
        tombstone="tombstone",
        agent="agent_id",
        carry=("call_id",),
        find=_find("call_id"),
        hold=_hold("call_id", "ended_at"),
        export=_exported_recordings,
        on_destroyed=_recording_gone,
    )
)
declare(
    PersonalData(
        model=Transcript,
        category=Category.TRANSCRIPT,
        subjects=CALLERS,
        holds="what was said on the call, turn by turn",
        purpose=PURPOSE,
        legal_basis=BASIS,
        recipients=RECIPIENTS,
        clock="ended_at",
        key="key_id",
        size="stored_bytes",
        tombstone="tombstone",
        agent="agent_id",
        carry=("call_id",),
        find=_find("call_id"),
        hold=_hold("call_id", "ended_at"),
        export=_exported_transcripts,
        on_destroyed=_transcript_gone,
    )
)
declare(
    PersonalData(
        model=CallReport,
        category=Category.CALL_REPORT,
        subjects=CALLERS,
        holds="summary and analysis of the call",
        purpose=PURPOSE,
        legal_basis=BASIS,
        recipients=RECIPIENTS,
        clock="ended_at",
        key="key_id",
        size="stored_bytes",
        tombstone="tombstone",
        agent="agent_id",
        carry=("call_id",),
        find=_find("call_id"),
        hold=_hold("call_id", "ended_at"),
        export=_exported_reports,
        on_destroyed=_report_gone,
    )
)
declare(
    PersonalData(
        model=ProviderEvent,
        category=Category.PROVIDER_EVENT,
        subjects=CALLERS,
        holds="messages of voice providers as they arrived, less what must never be kept",
        purpose="repairing what was read wrongly",
        legal_basis=BASIS,
        recipients=("the organization",),
        clock="received_at",
        key="key_id",
        size="stored_bytes",
        find=_find("call_id"),
        hold=_hold("call_id", "received_at", has_agent=False),
        export=_exported_events,
        tallied=False,
    )
)
declare(
    PersonalData(
        model=ProviderCopy,
        category=Category.PROVIDER_EVENT,
        subjects=CALLERS,
        holds="the provider's id of a call, until the provider has deleted its copy; then only that it did",
        purpose="having the provider's copy deleted, and proving it",
        legal_basis=BASIS,
        recipients=("the voice provider the organization connected",),
        clock="settled_at",
        key="key_id",
        find=lambda subject: (
            Q(call_id__in=list(subject.call_ids), settled_at__isnull=False) if subject.call_ids else None
        ),
        export=_exported_copies,
        expirable=Q(settled_at__isnull=False),
        tallied=False,
    )
)
no_personal_data(Poll, "moments until which a provider was asked for missed calls")
