"""Storing many calls at once: all of them or none, in a handful of statements.

One transaction of the main database: one look-up for what is known, one mint for each category and week (committed in
the keyring before ours commits), one statement for each table (`inserting`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, models

from agents.models import Agent, AgentRevision
from calls import hooks, sealing
from calls.identity import API, REPORT, TRANSCRIPT, call_digests, people_of
from calls.models import Call, CallReport, RecordingState, Transcript
from calls.providers.base import Richness
from calls.record import CallRecord, ConsentResult, Problem, Unreadable, form
from calls.record.merging import Told, stamp, values_of
from calls.services.inserting import insert_many
from ground import audit, inventory, vault
from ground.inventory import holds, tally, tombstones
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7
from ground.vault.exceptions import KeyDeadlinePassed

log = structlog.get_logger(__name__)

AT_MOST = 1000
CREATED, DROPPED = "created", "dropped"
_TRIES = 3


@dataclass(slots=True)
class Result:
    """What became of one item. `dropped`: destroyed before, or past its period on arrival."""

    index: int
    state: str
    id: UUID | None = None


@dataclass(slots=True)
class _Item:
    index: int
    record: CallRecord
    digests: list[bytes]
    parts: dict[str, list[bytes]]
    agent_id: UUID | None = None
    revision: AgentRevision | None = None
    rows: list[Any] = field(default_factory=list)

    @property
    def ended_at(self) -> datetime:
        assert self.record.ended_at is not None
        return self.record.ended_at

    @property
    def keeps_text(self) -> bool:
        return self.revision is None or self.revision.transcript_enabled


def create(
    *,
    organization_id: UUID,
    items: Sequence[Any],
    by: Actor,
    now: datetime,
    begun: Callable[[], None] = lambda: None,
    answered: Callable[[list[Result]], None] = lambda results: None,
) -> list[Result]:
    """Store up to 1,000 calls in our own form; `agent` is the id of one of the organization's agents.

    `begun` is called first in the transaction that stores, and may refuse by raising; `answered` last with the
    results, so that the answer is kept with the calls. Both again when a try is repeated.
    Raises Unreadable with every problem of every item (then nothing was stored), VaultError. Recordings do not come
    this way. Must not run inside a transaction.
    """
    records = _read(items, now)
    tries = 0
    while True:
        tries += 1
        minted: list[UUID] = []
        try:
            results, kept = _create(organization_id, records, minted, by=by, now=now, begun=begun, answered=answered)
        except IntegrityError:  # somebody stored one of them meanwhile: the next look says which
            vault.keys.destroy(organization_id, minted)
            if tries == _TRIES:
                raise
        except KeyDeadlinePassed:  # minted ahead of a restore, perhaps: none of these is to be trusted
            vault.stock.forget(organization_id)
            vault.keys.destroy(organization_id, minted)
            if tries == _TRIES:
                raise
        except (OperationalError, InterfaceError):
            raise  # perhaps it was committed all the same: after their deadline it shows which keys have a row
        except BaseException:
            if minted:
                vault.keys.destroy(organization_id, minted)
            raise
        else:
            _settle_keys(organization_id, kept, set(minted).difference(kept))
            return results


def _settle_keys(organization_id: UUID, kept: Sequence[UUID], unused: set[UUID]) -> None:
    """After the commit. Lost without harm: reconciliation does the same once the keys' deadline has passed."""
    try:
        if kept:
            vault.stock.confirm(organization_id, kept)
        if unused:
            vault.keys.destroy(organization_id, unused)
    except (vault.VaultError, DatabaseError) as outage:
        log.warning("calls.keys_settled_later", cause=type(outage).__name__)


def _read(items: Sequence[Any], now: datetime) -> list[CallRecord]:
    problems: list[Problem] = []
    records: list[CallRecord] = []
    seen: dict[tuple[str, str], int] = {}
    if not 1 <= len(items) <= AT_MOST:
        raise Unreadable([Problem("/calls", "wrong_length", f"must have 1 to {AT_MOST} items")])
    for index, item in enumerate(items):
        pointer = f"/calls/{index}"
        try:
            record = form.read(item, now=now, pointer=pointer)
        except Unreadable as error:
            problems.extend(error.problems)
            continue
        if record.recordings:
            problems.append(Problem(f"{pointer}/recordings", "not_here", "recordings come through a connection"))
        first = seen.setdefault((record.account, record.provider_call_id), index)
        if first != index:
            problems.append(Problem(f"{pointer}/call_id", "twice", f"is the same call as item {first}"))
        records.append(record)
    if problems:
        raise Unreadable(problems)
    return records


def _create(
    organization_id: UUID,
    records: Sequence[CallRecord],
    minted: list[UUID],
    *,
    by: Actor,
    now: datetime,
    begun: Callable[[], None],
    answered: Callable[[list[Result]], None],
) -> tuple[list[Result], list[UUID]]:
    """The results, and the keys that have a row now."""
    items = [_item(organization_id, index, record) for index, record in enumerate(records)]
    with acting_for(organization_id):
        begun()
        _refuse_known(organization_id, items)
        _assign_agents(organization_id, items)
        wanted = _admitted(organization_id, items, Category.CALL_METADATA)
        _seal(organization_id, wanted, minted, now)
        inventory.ingest_lock(organization_id)
        buried = tombstones.present(
            organization_id,
            (digest for item in items for each in (item.digests, *item.parts.values()) for digest in each),
        )
        kept = [item for item in wanted if not buried.intersection(item.digests)]
        for item in kept:
            item.rows = [row for row in item.rows if bytes(row.tombstone) not in buried]
        rows = [row for item in kept for row in item.rows]
        keys = [row.key_id for row in rows]
        if keys:
            vault.keys.still_pending_ok(organization_id, keys)
            _insert(organization_id, rows)
        if kept:
            _record(organization_id, kept, by)
        created = {item.index: item.rows[0].id for item in kept}
        results = [
            Result(item.index, CREATED if item.index in created else DROPPED, created.get(item.index)) for item in items
        ]
        answered(results)
    return results, keys


def _item(organization_id: UUID, index: int, record: CallRecord) -> _Item:
    def digests(part: str = "") -> list[bytes]:
        return call_digests(organization_id, API, record.account, record.provider_call_id, part)

    parts = [TRANSCRIPT] if record.turns else []
    parts += [REPORT] if record.summary or record.analysis else []
    return _Item(index, record, digests(), {part: digests(part) for part in parts})


def _refuse_known(organization_id: UUID, items: Sequence[_Item]) -> None:
    by_digest = {digest: item.index for item in items for digest in item.digests}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tombstone FROM calls_call WHERE organization_id = %s AND tombstone = ANY(%s::bytea[])",
            [organization_id, tombstones.array_of(by_digest)],
        )
        indexes = sorted(by_digest[bytes(row[0])] for row in cursor.fetchall())
    if indexes:
        raise Unreadable(
            [Problem(f"/calls/{index}/call_id", "exists", "this call is here already") for index in indexes]
        )


def _assign_agents(organization_id: UUID, items: Sequence[_Item]) -> None:
    if all(item.record.provider_agent_id is None for item in items):
        return
    problems, wanted = [], {}
    for item in items:
        if item.record.provider_agent_id is None:
            continue
        try:
            item.agent_id = UUID(item.record.provider_agent_id)
            wanted[item.agent_id] = item.index
        except ValueError:
            problems.append(Problem(f"/calls/{item.index}/agent", "unknown_agent", "is not the id of an agent"))
    known = Agent.objects.filter(organization_id=organization_id, id__in=list(wanted)).values_list("id", flat=True)
    here = set(known)
    revisions: dict[UUID, list[AgentRevision]] = defaultdict(list)
    newest_first = AgentRevision.objects.filter(organization_id=organization_id, agent_id__in=list(here)).order_by(
        "-published_at", "-number"
    )
    for revision in newest_first:
        revisions[revision.agent_id].append(revision)
    for item in items:
        if item.agent_id is None:
            continue
        if item.agent_id not in here:
            problems.append(Problem(f"/calls/{item.index}/agent", "unknown_agent", "is not the id of an agent"))
            continue
        moment = item.record.started_at or item.ended_at
        item.revision = next((each for each in revisions[item.agent_id] if each.published_at <= moment), None)
    if problems:
        raise Unreadable(problems)


def _admitted(organization_id: UUID, items: Sequence[_Item], category: Category) -> list[_Item]:
    """Items of which this category may be stored now; an answer for the oldest of an agent holds for the younger."""
    groups: dict[UUID | None, list[_Item]] = defaultdict(list)
    for item in items:
        groups[item.agent_id].append(item)
    wanted = []
    for agent_id, group in groups.items():
        oldest = min(item.ended_at for item in group)
        every = hooks.is_admitted(organization_id, category, agent_id, oldest)
        wanted += [
            item for item in group if every or hooks.is_admitted(organization_id, category, agent_id, item.ended_at)
        ]
    return sorted(wanted, key=lambda item: item.index)


def _has_text(item: _Item, category: Category) -> bool:
    record = item.record
    told = bool(record.turns) if category is Category.TRANSCRIPT else bool(record.summary or record.analysis)
    return told and item.keeps_text


def _seal(organization_id: UUID, items: Sequence[_Item], minted: list[UUID], now: datetime) -> None:
    """Mint what is needed, by category and week, and build the rows."""
    wants = [(item, Category.CALL_METADATA) for item in items]
    for category in (Category.TRANSCRIPT, Category.CALL_REPORT):
        told = [item for item in items if _has_text(item, category)]
        wants += [(item, category) for item in _admitted(organization_id, told, category)]
    groups: dict[tuple[Category, int, int], list[_Item]] = defaultdict(list)
    for item, category in wants:
        year, week, _day = item.ended_at.isocalendar()
        groups[category, year, week].append(item)
    keys: dict[tuple[int, Category], vault.DataKey] = {}
    for (category, _year, _week), group in groups.items():
        fresh = vault.stock.take(organization_id, category, group[0].ended_at, count=len(group))
        minted += [key.id for key in fresh]
        keys.update({(item.index, category): key for item, key in zip(group, fresh, strict=True)})
    for item in items:
        item.rows = list(_rows(organization_id, item, keys, now))


def _rows(
    organization_id: UUID, item: _Item, keys: dict[tuple[int, Category], vault.DataKey], now: datetime
) -> Iterable[Any]:
    record, told, mark = item.record, Told(), stamp(Richness.REPORT, item.ended_at, item.digests[0])
    told.take(values_of(record), mark)
    people = people_of(organization_id, told).columns()
    call_key = keys[item.index, Category.CALL_METADATA]
    turns_key, report_key = keys.get((item.index, Category.TRANSCRIPT)), keys.get((item.index, Category.CALL_REPORT))
    call = Call(
        id=uuid7(), organization_id=organization_id, provider=API, key_id=call_key.id, event_at=now, created_at=now
    )
    call.sealed = sealing.seal_call(call_key, told, call_id=call.id, version=1)
    call.stored_bytes, call.tombstone = len(call.sealed), item.digests[0]
    _fill(call, item, people)
    call.has_transcript, call.has_report = turns_key is not None, report_key is not None
    yield call
    common = {
        "organization_id": organization_id,
        "call_id": call.id,
        "agent_id": item.agent_id,
        "ended_at": item.ended_at,
        "created_at": now,
        **people,
    }
    if turns_key is not None:
        row = Transcript(**common, id=uuid7(), key_id=turns_key.id, tombstone=item.parts[TRANSCRIPT][0], stamp=mark)
        row.sealed = sealing.seal_turns(turns_key, record.turns or (), transcript_id=row.id)
        row.turn_count, row.stored_bytes = len(record.turns or ()), len(row.sealed)
        yield row
    if report_key is not None:
        report = Told()
        report.take({"summary": record.summary, "analysis": record.analysis}, mark)
        made = CallReport(**common, id=uuid7(), key_id=report_key.id, tombstone=item.parts[REPORT][0])
        made.sealed = sealing.seal_report(report_key, report, report_id=made.id)
        made.stored_bytes = len(made.sealed)
        yield made


def _fill(call: Call, item: _Item, people: dict[str, bytes | None]) -> None:
    record, revision = item.record, item.revision
    started, ended = record.started_at or item.ended_at, item.ended_at
    call.agent_id, call.agent_revision = item.agent_id, revision.number if revision else None
    call.direction = record.direction or "unknown"
    call.channel, call.outcome = record.channel or "pstn", record.outcome or "completed"
    call.end_reason, call.language = record.end_reason or "", record.language or ""
    call.started_at, call.answered_at, call.ended_at = started, record.answered_at, ended
    call.duration_ms = round((ended - started).total_seconds() * 1000)
    call.cost_micros, call.cost_currency = record.cost_micros, record.cost_currency or ""
    call.provider_expires_at = record.provider_expires_at
    if record.consent is not None:
        call.consent, call.consent_method = record.consent.result, record.consent.method
        call.consent_at, call.consent_turn = record.consent.at, record.consent.turn
    call.transcript_allowed = item.keeps_text
    declined = call.consent == ConsentResult.DECLINED
    call.recording_allowed = bool(revision and revision.recording_enabled) and not declined
    call.recording_state = RecordingState.NONE
    call.disclosure_version = revision.disclosure_version if revision else 0
    for column, digest in people.items():
        setattr(call, column, digest)


def _insert(organization_id: UUID, rows: Sequence[Any]) -> None:
    by_model: dict[type[models.Model], list[Any]] = defaultdict(list)
    for row in rows:
        by_model[type(row)].append(row)
    for model, category in (
        (Call, Category.CALL_METADATA),
        (Transcript, Category.TRANSCRIPT),
        (CallReport, Category.CALL_REPORT),
    ):
        fresh = by_model.get(model)
        if not fresh:
            continue
        insert_many(model, fresh)
        holds.mark(model, organization_id, [row.id for row in fresh])
        days: dict[date, tally.Amount] = defaultdict(lambda: tally.NOTHING)
        for row in fresh:
            days[row.ended_at.date()] += tally.Amount(1, row.stored_bytes)
        tally.add_many(organization_id, category, dict(days))


def _record(organization_id: UUID, kept: Sequence[_Item], by: Actor) -> None:
    rows = [row for item in kept for row in item.rows]
    audit.append(
        "calls.batch_stored",
        organization_id=organization_id,
        actor=by,
        object_type="call_batch",
        object_id=uuid7(),
        calls=len(kept),
        transcripts=sum(isinstance(row, Transcript) for row in rows),
        reports=sum(isinstance(row, CallReport) for row in rows),
    )
