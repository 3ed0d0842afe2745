"""Storing what a telling says about a call: idempotent, in any order, and only what may be kept.

Steps
  1. read the call as it stands (if it is there) and merge the telling in memory
  2. mint the data keys of what changed (keyring, committed)
  3. one transaction under the organization's shared hold lock and the call's own lock: tombstones asked, the call
     unchanged since step 1, keys still in time; rows, tally, hold flags, provider copy, jobs, audit event
  4. confirm the keys
A crash before 3 leaves pending keys, which reconciliation sets aside. After 3 the confirm may be lost without harm.
Somebody else faster in step 3: the whole is done again from 1. Nothing is ever half there.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from agents.services import AgentAtCall, resolve
from calls import hooks, sealing
from calls.identity import REPORT, TRANSCRIPT, People, call_digests, people_of
from calls.models import Call, CallReport, Recording, RecordingState, Transcript
from calls.record import CallRecord, ConsentResult
from calls.record.merging import Told, values_of
from calls.services import copies
from ground import audit, faults, inventory, jobs, vault
from ground.inventory import holds, superseded, tally, tombstones
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

_TRIES = 6


class Overtaken(Exception):
    """Another telling of the same call was stored between reading and writing; start again."""


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
class Stored:
    """What became of a telling. `dropped`: destroyed before, or past its period on arrival."""

    call_id: UUID | None = None
    dropped: bool = False
    changed: bool = False
    people: People = field(default_factory=People)


@dataclass(slots=True)
class _Plan:
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


def store(organization_id: UUID, telling: Telling, agent_at: "AgentLookup", *, by: Actor, now: datetime) -> Stored:
    """Merge one telling into its call. `agent_at(provider_agent_id, moment)` answers what the agent may keep.

    Raises VaultError (nothing was stored) and Overtaken when others keep winning.
    """
    for _ in range(_TRIES):
        try:
            return _once(organization_id, telling, agent_at, by=by, now=now)
        except Overtaken:
            continue
    raise Overtaken


class AgentLookup:
    """What the agent of a call may keep, asked in the organization's context. Calls without a connection keep text."""

    def __init__(self, organization_id: UUID, connection_id: UUID | None) -> None:
        self.organization_id, self.connection_id = organization_id, connection_id

    def __call__(self, provider_agent_id: str | None, at: datetime) -> AgentAtCall:
        if self.connection_id is None:
            return AgentAtCall(None, None, False, True, 0)
        return resolve(self.organization_id, self.connection_id, provider_agent_id, at)


def _once(organization_id: UUID, telling: Telling, agent_at: AgentLookup, *, by: Actor, now: datetime) -> Stored:
    digests = call_digests(organization_id, telling.provider, telling.scope, telling.record.provider_call_id)
    with acting_for(organization_id):
        if tombstones.present(organization_id, digests):
            return Stored(dropped=True)
        plan = _plan(organization_id, telling, digests, agent_at)
        if plan is None:
            return Stored(dropped=True)
    people = people_of(organization_id, plan.told)
    _mint(organization_id, plan, now)
    faults.point("calls.store.after_keys")
    try:
        stored = _write(organization_id, telling, plan, people, by=by, now=now)
    except Overtaken:
        vault.keys.destroy(organization_id, plan.keys)
        raise
    faults.point("calls.store.after_commit")
    if stored.dropped:
        vault.keys.destroy(organization_id, plan.keys)
    elif plan.keys:
        vault.keys.confirm(organization_id, plan.keys)
    return stored


def _plan(organization_id: UUID, telling: Telling, digests: list[bytes], agent_at: AgentLookup) -> _Plan | None:
    record = telling.record
    call: Call | None = Call.objects.filter(organization_id=organization_id, tombstone__in=digests).first()
    told = sealing.open_call(vault.keys.open_one(organization_id, call.key_id), call) if call else Told()
    changed = told.take(values_of(record), telling.stamp) or call is None
    ended_at = told.get("ended_at") or telling.at
    agent = agent_at(told.get("provider_agent_id"), told.get("started_at") or ended_at)
    if not hooks.is_admitted(organization_id, Category.CALL_METADATA, agent.agent_id, ended_at):
        return None
    report = _told_report(organization_id, call, telling, agent)
    if report and not hooks.is_admitted(organization_id, Category.CALL_REPORT, agent.agent_id, ended_at):
        report = None
    wants_turns = bool(record.turns) and agent.transcript_enabled
    wants_turns = wants_turns and hooks.is_admitted(organization_id, Category.TRANSCRIPT, agent.agent_id, ended_at)
    if wants_turns and call:
        newest = Transcript.objects.filter(organization_id=organization_id, call_id=call.id).values_list(
            "stamp", flat=True
        )
        wants_turns = all(telling.stamp > mark for mark in newest)
    copy_wanted = telling.keeps_copy and not copies.is_known(organization_id, digests)
    return _Plan(call, told, digests, agent, ended_at, changed, wants_turns, report, copy_wanted=copy_wanted)


def _told_report(organization_id: UUID, call: Call | None, telling: Telling, agent: AgentAtCall) -> Told | None:
    """The report after this telling, or None when it changes nothing."""
    values = {"summary": telling.record.summary, "analysis": telling.record.analysis}
    if not agent.transcript_enabled or not any(values.values()):
        return None
    told = Told()
    if call and call.has_report:
        row = CallReport.objects.filter(organization_id=organization_id, call_id=call.id).first()
        if row:
            told = sealing.open_report(vault.keys.open_one(organization_id, row.key_id), row)
    return told if told.take(values, telling.stamp) else None


def _mint(organization_id: UUID, plan: _Plan, now: datetime) -> None:
    at = plan.ended_at
    if plan.call_changed:
        [plan.call_key] = vault.keys.mint(organization_id, Category.CALL_METADATA, at)
    if plan.turns_wanted:
        [plan.turns_key] = vault.keys.mint(organization_id, Category.TRANSCRIPT, at)
    if plan.report is not None:
        [plan.report_key] = vault.keys.mint(organization_id, Category.CALL_REPORT, at)
    if plan.copy_wanted:
        [plan.copy_key] = vault.keys.mint(organization_id, Category.PROVIDER_EVENT, now)


def _write(organization_id: UUID, telling: Telling, plan: _Plan, people: People, *, by: Actor, now: datetime) -> Stored:
    part_digests = {
        name: call_digests(organization_id, telling.provider, telling.scope, telling.record.provider_call_id, name)
        for name in (TRANSCRIPT, REPORT)
    }
    with acting_for(organization_id):
        inventory.ingest_lock(organization_id)
        lock_call(plan.digests[0])
        buried = tombstones.present(
            organization_id, [*plan.digests, *(digest for each in part_digests.values() for digest in each)]
        )
        if buried.intersection(plan.digests):
            return Stored(dropped=True)
        call = _unchanged(organization_id, plan)
        if plan.keys:
            vault.keys.still_pending_ok(organization_id, plan.keys)
        faults.point("calls.store.before_rows")
        state = _Writer(organization_id, telling, plan, people, call, by, now)
        state.write_call()
        if plan.turns_key is not None and not buried.intersection(part_digests[TRANSCRIPT]):
            state.write_transcript(part_digests[TRANSCRIPT][0])
        if plan.report_key is not None and not buried.intersection(part_digests[REPORT]):
            state.write_report(part_digests[REPORT][0])
        state.finish()
        faults.point("calls.store.before_commit")
    return Stored(call_id=state.row.id, changed=state.changed, people=people)


def lock_call(digest: bytes) -> None:
    """One writer at a time for one call, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


def _unchanged(organization_id: UUID, plan: _Plan) -> Call | None:
    """The call, locked; Overtaken when it is not as `_plan` saw it."""
    call: Call | None = (
        Call.objects.select_for_update().filter(organization_id=organization_id, tombstone__in=plan.digests).first()
    )
    seen = (plan.call.id, plan.call.key_id) if plan.call else None
    if seen != ((call.id, call.key_id) if call else None):
        raise Overtaken
    return call


class _Writer:
    """Step 3, piece by piece, inside its transaction."""

    def __init__(
        self,
        organization_id: UUID,
        telling: Telling,
        plan: _Plan,
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


def refused(
    organization_id: UUID, object_type: str, object_id: UUID, *, recordings: int = 0, transcripts: int = 0, by: Actor
) -> None:
    """Evidence that something was offered and not kept because the settings forbid it. Counts only."""
    audit.append(
        "calls.not_kept",
        organization_id=organization_id,
        actor=by,
        object_type=object_type,
        object_id=object_id,
        recordings=recordings,
        transcripts=transcripts,
    )
