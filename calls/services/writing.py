"""Writing one telling of a call: its row, its parts, what hangs on them, the jobs and the evidence.

Runs inside the transaction of `storing.store`, under the organization's shared hold lock and the call's own lock.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.services import AgentAtCall
from calls import sealing
from calls.identity import People
from calls.models import Call, CallReport, Recording, RecordingState, Transcript
from calls.record import CallRecord, ConsentResult
from calls.record.merging import Told
from calls.services import copies
from ground import audit, jobs
from ground.inventory import holds, superseded, tally
from ground.profiles import Category
from ground.tenancy import Actor, uuid7


@dataclass(frozen=True, slots=True)
class Telling:
    """One event's word about one call. `stamp` orders tellings; `scope` is within what its id is unique."""

    provider: str
    connection_id: UUID | None
    scope: str
    record: CallRecord
    stamp: str
    at: datetime
    event_id: UUID | None = None
    keeps_copy: bool = False


@dataclass(slots=True)
class Plan:
    """Step 1 and 2: what is to be written."""

    call: Call | None
    told: Told
    digests: list[bytes]
    agent: AgentAtCall
    ended_at: datetime
    call_changed: bool
    turns_wanted: bool
    report: Told | None
    call_key: Any = None
    turns_key: Any = None
    report_key: Any = None
    copy_wanted: bool = False
    copy_key: Any = None
    transcript_id: UUID = field(default_factory=uuid7)
    report_id: UUID = field(default_factory=uuid7)

    @property
    def keys(self) -> list[UUID]:
        keys = (self.call_key, self.turns_key, self.report_key, self.copy_key)
        return [key.id for key in keys if key is not None]


class CallWriter:
    """One telling, piece by piece: `write_call`, the parts that are wanted, then `finish`."""

    def __init__(
        self,
        organization_id: UUID,
        telling: Telling,
        plan: Plan,
        people: People,
        call: Call | None,
        by: Actor,
        now: datetime,
    ) -> None:
        self.organization_id, self.telling, self.plan, self.people = organization_id, telling, plan, people
        self.by, self.now = by, now
        self.is_new = call is None
        self.row = call or Call(
            id=uuid7(),
            organization_id=organization_id,
            provider=telling.provider,
            connection_id=telling.connection_id,
            tombstone=plan.digests[0],
            event_at=telling.at,
            sealed_version=0,
        )
        self.ended_before = None if call is None else call.ended_at
        self.bytes_before = 0 if call is None else call.stored_bytes
        self.changed = False
        self.written: dict[str, int] = {}

    def write_call(self) -> None:
        row, plan = self.row, self.plan
        self._facts()
        if plan.call_key is not None:
            old_key = row.key_id
            row.sealed_version += 1
            row.key_id = plan.call_key.id
            row.sealed = sealing.seal_call(plan.call_key, plan.told, call_id=row.id, version=row.sealed_version)
            row.stored_bytes = len(row.sealed)
            if not self.is_new:
                superseded.retire_keys(self.organization_id, [old_key], category=Category.CALL_METADATA)
            self.changed = True
        row.event_at = max(row.event_at, self.telling.at)

    def _facts(self) -> None:
        """The columns that follow from what is known."""
        row, told, agent = self.row, self.plan.told, self.plan.agent
        consent = told.get("consent")
        started, ended = told.get("started_at"), self.plan.ended_at
        row.agent_id, row.agent_revision = agent.agent_id, agent.revision_number
        row.direction = told.get("direction") or "unknown"
        row.channel = told.get("channel") or "pstn"
        row.outcome = told.get("outcome") or "completed"
        row.end_reason = told.get("end_reason") or ""
        row.started_at = min(started, ended) if started else None
        row.answered_at, row.ended_at = told.get("answered_at"), ended
        row.duration_ms = round((ended - row.started_at).total_seconds() * 1000) if row.started_at else None
        row.language = told.get("language") or ""
        row.cost_micros, row.cost_currency = told.get("cost_micros"), told.get("cost_currency") or ""
        row.provider_expires_at = told.get("provider_expires_at")
        row.consent = consent.result if consent else ""
        row.consent_method = consent.method if consent else ""
        row.consent_at = consent.at if consent else None
        row.consent_turn = consent.turn if consent else None
        row.disclosure_version = agent.disclosure_version
        row.transcript_allowed = agent.transcript_enabled
        row.recording_allowed = agent.recording_enabled and row.consent != ConsentResult.DECLINED
        for column, digest in self.people.columns().items():
            setattr(row, column, digest)

    def write_transcript(self, tombstone: bytes) -> None:
        turns = self.telling.record.turns or ()
        key = self.plan.turns_key
        old = Transcript.objects.filter(organization_id=self.organization_id, call_id=self.row.id).first()
        new_id = old.id if old else self.plan.transcript_id
        sealed = sealing.seal_turns(key, turns, transcript_id=new_id)
        row = Transcript(
            **self._part(new_id, key.id, tombstone, len(sealed)),
            sealed=sealed,
            turn_count=len(turns),
            stamp=self.telling.stamp,
        )
        self._replace(Transcript, row, old, Category.TRANSCRIPT)
        self.row.has_transcript = True

    def write_report(self, tombstone: bytes) -> None:
        report, key = self.plan.report, self.plan.report_key
        assert report is not None
        old = CallReport.objects.filter(organization_id=self.organization_id, call_id=self.row.id).first()
        new_id = old.id if old else self.plan.report_id
        sealed = sealing.seal_report(key, report, report_id=new_id)
        row = CallReport(**self._part(new_id, key.id, tombstone, len(sealed)), sealed=sealed)
        self._replace(CallReport, row, old, Category.CALL_REPORT)
        self.row.has_report = True

    def _part(self, part_id: UUID, key_id: UUID, tombstone: bytes, size: int) -> dict[str, Any]:
        return {
            "id": part_id,
            "organization_id": self.organization_id,
            "call_id": self.row.id,
            "agent_id": self.row.agent_id,
            "ended_at": self.row.ended_at,
            "key_id": key_id,
            "stored_bytes": size,
            "tombstone": tombstone,
            "created_at": self.now,
            **self.people.columns(),
        }

    def _replace(self, model: Any, row: Any, old: Any, category: str) -> None:
        if old is None:
            row.save(force_insert=True)
            tally.add(self.organization_id, category, row.ended_at, rows=1, bytes=row.stored_bytes)
            holds.mark(model, self.organization_id, [row.id])
        else:
            row.held, row.set_aside_at, row.created_at = old.held, old.set_aside_at, old.created_at
            row.save(force_update=True)
            tally.add(self.organization_id, category, old.ended_at, rows=-1, bytes=-old.stored_bytes)
            tally.add(self.organization_id, category, row.ended_at, rows=1, bytes=row.stored_bytes)
            superseded.retire_keys(self.organization_id, [old.key_id], category=category)
        self.written[category] = 1
        self.changed = True

    def finish(self) -> None:
        """The call's row, what hangs on it, the jobs and the evidence."""
        row, organization_id = self.row, self.organization_id
        self._decide_recording()
        if self.is_new:
            row.save(force_insert=True)
            tally.add(organization_id, Category.CALL_METADATA, row.ended_at, rows=1, bytes=row.stored_bytes)
            holds.mark(Call, organization_id, [row.id])
        elif self.changed:
            row.save(force_update=True)
            self._follow()
        if self.plan.copy_key is not None and not copies.is_known(organization_id, self.plan.digests):
            key, identity = self.plan.copy_key, self.plan.digests[0]
            copies.remember(organization_id, row, self.telling.record, identity, key)
        if self.changed:
            audit.append(
                "calls.stored" if self.is_new else "calls.merged",
                organization_id=organization_id,
                actor=self.by,
                object_type="call",
                object_id=row.id,
                provider=row.provider,
                transcripts=self.written.get(Category.TRANSCRIPT, 0),
                reports=self.written.get(Category.CALL_REPORT, 0),
                recording=row.recording_state,
            )

    def _decide_recording(self) -> None:
        row, sources = self.row, self.telling.record.recordings
        if not row.recording_allowed:
            state = RecordingState.DECLINED if row.consent == ConsentResult.DECLINED else RecordingState.FORBIDDEN
            if row.recording_state != RecordingState.DESTROYED:
                row.recording_state = state
            if sources:
                refused(self.organization_id, "call", row.id, recordings=len(sources), by=self.by)
            if row.has_recording:
                jobs.enqueue(
                    "calls.destroy_forbidden",
                    organization_id=self.organization_id,
                    arguments={"call": str(row.id)},
                    unique=str(row.id),
                )
            return
        if row.recording_state in (RecordingState.FORBIDDEN, RecordingState.DECLINED):
            row.recording_state = RecordingState.NONE
            self.changed = True
        wanted = sources and not row.has_recording and row.recording_state != RecordingState.DESTROYED
        if wanted and self.telling.event_id is not None:
            row.recording_state = RecordingState.EXPECTED
            self.changed = True
            jobs.enqueue(
                "calls.fetch_recording",
                organization_id=self.organization_id,
                arguments={"call": str(row.id), "event": str(self.telling.event_id)},
                unique=f"{row.id}:{self.telling.event_id}",
            )

    def _follow(self) -> None:
        """Parts carry the call's clock, agent and person: a later telling may have moved them."""
        row, before = self.row, self.ended_before
        assert before is not None
        if (before, self.bytes_before) != (row.ended_at, row.stored_bytes):
            tally.add(self.organization_id, Category.CALL_METADATA, before, rows=-1, bytes=-self.bytes_before)
            tally.add(self.organization_id, Category.CALL_METADATA, row.ended_at, rows=1, bytes=row.stored_bytes)
        follows = {"ended_at": row.ended_at, "agent_id": row.agent_id, **self.people.columns()}
        for model, category in (
            (Recording, Category.RECORDING),
            (Transcript, Category.TRANSCRIPT),
            (CallReport, Category.CALL_REPORT),
        ):
            parts = model.objects.filter(organization_id=self.organization_id, call_id=row.id)
            for moved_at, size in parts.exclude(ended_at=row.ended_at).values_list("ended_at", "stored_bytes"):
                tally.add(self.organization_id, category, moved_at, rows=-1, bytes=-size)
                tally.add(self.organization_id, category, row.ended_at, rows=1, bytes=size)
            parts.update(**follows)
        self._keep_what_came_into_a_hold()

    def _keep_what_came_into_a_hold(self) -> None:
        """A later telling may have named the person, the agent or the end: holds cover what they did not before."""
        if not holds.in_force(self.organization_id).exists():
            return
        holds.mark(Call, self.organization_id, [self.row.id])
        for model in (Recording, Transcript, CallReport):
            parts = model.objects.filter(organization_id=self.organization_id, call_id=self.row.id)
            holds.mark(model, self.organization_id, list(parts.values_list("id", flat=True)))


def refused(
    organization_id: UUID, object_type: str, object_id: UUID, *, recordings: int = 0, transcripts: int = 0, by: Actor
) -> None:
    """Evidence that something was offered and not kept: the settings forbid it, or its period is over. Counts only."""
    audit.append(
        "calls.not_kept",
        organization_id=organization_id,
        actor=by,
        object_type=object_type,
        object_id=object_id,
        recordings=recordings,
        transcripts=transcripts,
    )
