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
from uuid import UUID

from django.db import connection

from agents.services import AgentAtCall, resolve
from calls import hooks, sealing
from calls.identity import REPORT, TRANSCRIPT, People, call_digests, people_of
from calls.models import Call, CallReport, Transcript
from calls.record.merging import Told, values_of
from calls.services import copies
from calls.services.writing import CallWriter, Plan, Telling
from ground import faults, inventory, vault
from ground.inventory import tombstones
from ground.profiles import Category
from ground.tenancy import Actor, acting_for

_TRIES = 6


class Overtaken(Exception):
    """Another telling of the same call was stored between reading and writing; start again."""


@dataclass(slots=True)
class Stored:
    """What became of a telling. `dropped`: destroyed before, or past its period on arrival."""

    call_id: UUID | None = None
    dropped: bool = False
    changed: bool = False
    people: People = field(default_factory=People)


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
    """What the agent of a call may keep, asked in the organization's context."""

    def __init__(self, organization_id: UUID, connection_id: UUID) -> None:
        self.organization_id, self.connection_id = organization_id, connection_id

    def __call__(self, provider_agent_id: str | None, at: datetime) -> AgentAtCall:
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


def _plan(organization_id: UUID, telling: Telling, digests: list[bytes], agent_at: AgentLookup) -> Plan | None:
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
    return Plan(call, told, digests, agent, ended_at, changed, wants_turns, report, copy_wanted=copy_wanted)


def _told_report(organization_id: UUID, call: Call | None, telling: Telling, agent: AgentAtCall) -> Told | None:
    """The report after this telling, or None when it changes nothing."""
    values = {"summary": telling.record.summary, "analysis": telling.record.analysis}
    if not agent.transcript_enabled or not any(values.values()):
        return None
    here = CallReport.objects.filter(organization_id=organization_id, call_id=call.id) if call else None
    row = here.first() if here is not None else None
    told = sealing.open_report(vault.keys.open_one(organization_id, row.key_id), row) if row else Told()
    return told if told.take(values, telling.stamp) else None


def _mint(organization_id: UUID, plan: Plan, now: datetime) -> None:
    at = plan.ended_at
    if plan.call_changed:
        [plan.call_key] = vault.keys.mint(organization_id, Category.CALL_METADATA, at)
    if plan.turns_wanted:
        [plan.turns_key] = vault.keys.mint(organization_id, Category.TRANSCRIPT, at)
    if plan.report is not None:
        [plan.report_key] = vault.keys.mint(organization_id, Category.CALL_REPORT, at)
    if plan.copy_wanted:
        [plan.copy_key] = vault.keys.mint(organization_id, Category.PROVIDER_EVENT, now)


def _write(organization_id: UUID, telling: Telling, plan: Plan, people: People, *, by: Actor, now: datetime) -> Stored:
    part_digests = {
        name: call_digests(organization_id, telling.provider, telling.scope, telling.record.provider_call_id, name)
        for name in (TRANSCRIPT, REPORT)
    }
    with acting_for(organization_id):
        inventory.ingest_lock(organization_id)
        lock_call(plan.digests[0])
        _lock_parts(organization_id, plan.call)
        buried = tombstones.present(
            organization_id, [*plan.digests, *(digest for each in part_digests.values() for digest in each)]
        )
        if buried.intersection(plan.digests):
            return Stored(dropped=True)
        call = _unchanged(organization_id, plan)
        if plan.keys:
            vault.keys.still_pending_ok(organization_id, plan.keys)
        faults.point("calls.store.before_rows")
        state = CallWriter(organization_id, telling, plan, people, call, by, now)
        state.write_call()
        if plan.turns_key is not None and not buried.intersection(part_digests[TRANSCRIPT]):
            state.write_transcript(part_digests[TRANSCRIPT][0])
        if plan.report_key is not None and not buried.intersection(part_digests[REPORT]):
            state.write_report(part_digests[REPORT][0])
        state.finish()
        faults.point("calls.store.before_commit")
    return Stored(call_id=state.row.id, changed=state.changed, people=people)


def _lock_parts(organization_id: UUID, call: Call | None) -> None:
    """Wait for a purge that is taking a part of this call, so that its tombstone is there when it is asked for next."""
    if call is None:
        return
    for model in (Transcript, CallReport):
        rows = model.objects.filter(organization_id=organization_id, call_id=call.id)
        list(rows.select_for_update().order_by("id").values_list("id", flat=True))


def lock_call(digest: bytes) -> None:
    """One writer at a time for one call, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


def _unchanged(organization_id: UUID, plan: Plan) -> Call | None:
    """The call, locked; Overtaken when it is not as `_plan` saw it."""
    call: Call | None = (
        Call.objects.select_for_update().filter(organization_id=organization_id, tombstone__in=plan.digests).first()
    )
    seen = (plan.call.id, plan.call.key_id) if plan.call else None
    if seen != ((call.id, call.key_id) if call else None):
        raise Overtaken
    return call
