"""The gate: after a restore nothing serves, ingests or purges until the erasure journal has been replayed.

How any restore is noticed, also one that nobody told us about. Once a minute `tend` announces a number and a random
token beside the journal, writes them into each database, and confirms them beside the journal. A database is the one
we know when it stands where the journal remembers it *and* is the same physical thing: system, write-ahead timeline
(point-in-time recovery and failover begin another), database and table ids (a dump that is loaded makes others).
Everything else shuts the gate: an older number (restored), a newer one (the journal was restored), another origin.

A failover shuts it too, rightly: an asynchronous standby may have lost deletions. Opening is never automatic, because
a replay that runs before a restore is complete would miss what comes after it: `manage.py replay` (or `restore`).

    open ──restore begins──> "restoring" ──databases are back──> "replaying" ──journal replayed──> open
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError, connections, transaction

from ground import faults
from ground.vault import gate_memory, hooks, journal
from ground.vault.brief_memory import BriefMemory
from ground.vault.exceptions import JournalDamaged, NotOpen, RestoreFailed
from ground.vault.gate_memory import Memory, Standing
from ground.vault.models import Checkpoint, KeyringCheckpoint
from ground.vault.owner import ALIASES, PARTS

log = structlog.get_logger(__name__)
CACHE_SECONDS = 5
RESTORING, REPLAYING = "restoring", "replaying"
_MODELS: dict[str, Any] = {"main": Checkpoint, "keyring": KeyringCheckpoint}
_ORIGIN = """
    SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()), %s::regclass::oid)
"""
_SPARE = timedelta(days=1)
_seen: BriefMemory[str, bool] = BriefMemory(CACHE_SECONDS)


def require_open() -> None:
    """Return when the platform may work; NotOpen otherwise. A yes is remembered for a few seconds, a no never."""
    if _seen.get("open"):
        return
    trouble = why_closed()
    if trouble:
        raise NotOpen(trouble)
    _seen.put("open", True)


def why_closed() -> str:
    """Empty when open; otherwise a sentence for an operator."""
    for attempt in range(3):  # `tend` may move the numbers between our two looks
        standings = {part: _standing(part) for part in PARTS}
        memory = gate_memory.load()
        trouble = _compare(memory, standings)
        if not trouble or memory.closed:
            return trouble
        time.sleep(0.05 * attempt)
    return trouble


def forget() -> None:
    """Look again at the next call."""
    _seen.forget()


def _compare(memory: Memory, standings: dict[str, Standing | None]) -> str:
    if memory.closed:
        return f"a restore is under way ({memory.closed}): finish it with manage.py restore or manage.py replay"
    for part, standing in standings.items():
        known = [place for place in (memory.reached.get(part), memory.next.get(part)) if place is not None]
        if standing is None:
            if known:
                return f"the {part} database has lost its checkpoint: it was restored; run manage.py replay"
            continue
        if not known:
            return f"the journal does not know the {part} database: it was lost or exchanged; see the restore runbook"
        if standing.number > max(place.number for place in known):
            return f"the {part} database is ahead of the journal: the journal is older than it; see the restore runbook"
        if standing not in known:
            return f"the {part} database was restored: it stands at {standing.number}; run manage.py replay"
    return ""


def _standing(part: str) -> Standing | None:
    """Where a database stands now; None without a checkpoint. NotOpen when it cannot say."""
    table = _MODELS[part]._meta.db_table
    try:
        with connections[ALIASES[part]].cursor() as cursor:
            cursor.execute(f"SELECT number, token, ({_ORIGIN}) FROM {table}", [table])  # noqa: S608  (our own table)
            row = cursor.fetchone()
    except DatabaseError as error:
        raise NotOpen(f"the {part} database does not say where it stands: {type(error).__name__}") from error
    return None if row is None else Standing(int(row[0]), UUID(str(row[1])), str(row[2]))


# ------------------------------------------------------------------ every minute
def tend() -> None:
    """Move both databases one step on, and the memory with them. NotOpen when the gate is shut: then nothing moves."""
    with _one_keeper():
        memory = gate_memory.load()
        standings = {part: _standing(part) for part in PARTS}
        trouble = _compare(memory, standings)
        if trouble:
            raise NotOpen(trouble)
        memory.reached = {part: standing for part, standing in standings.items() if standing is not None}
        _advance(memory)
    _confirm(memory.next)


def _advance(memory: Memory) -> None:
    """Announce the next place of both databases beside the journal, then write it into them."""
    sequence = journal.last_sequence()
    for part in PARTS:
        known = [place.number for place in (memory.reached.get(part), memory.next.get(part)) if place is not None]
        memory.next[part] = Standing(1 + max(known, default=0), uuid4(), _origin(part))
    gate_memory.save(memory)
    faults.point("gate.announced")
    for part in reversed(PARTS):  # the main database's row commits last, with the keeper's lock
        _write(part, memory.next[part], sequence)


def _confirm(announced: dict[str, Standing]) -> None:
    """Both databases have committed: the places before are no longer theirs. A crash before leaves both known."""
    faults.point("gate.written")
    with _one_keeper():
        memory = gate_memory.load()
        if memory.next == announced:
            memory.reached, memory.next = announced, {}
            gate_memory.save(memory)


def _write(part: str, standing: Standing, sequence: int) -> None:
    with transaction.atomic(using=ALIASES[part]), connections[ALIASES[part]].cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        cursor.execute(
            f"INSERT INTO {_MODELS[part]._meta.db_table} (id, number, token, journal_sequence) VALUES (1, %s, %s, %s) "  # noqa: S608  (our own table)
            "ON CONFLICT (id) DO UPDATE SET number = excluded.number, token = excluded.token, "
            "journal_sequence = excluded.journal_sequence, written_at = now()",
            [standing.number, standing.token, sequence],
        )


def _origin(part: str) -> str:
    with connections[ALIASES[part]].cursor() as cursor:
        cursor.execute(_ORIGIN, [_MODELS[part]._meta.db_table])
        return str(cursor.fetchone()[0])


@contextmanager
def _one_keeper() -> Iterator[None]:
    """Only one process changes the memory (the lock is the main database's and ends with the transaction)."""
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('vault/gate', 0))")
        yield


# ------------------------------------------------------------------ shutting and opening
def shut(stage: str) -> None:
    """Shut the gate; durable when this returns. Every process notices within `CACHE_SECONDS`."""
    with _one_keeper():
        memory = gate_memory.load()
        memory.closed = stage
        gate_memory.save(memory)
    forget()


def open_again(*, accept_lost_journal: bool = False) -> int:
    """Tell everybody that history begins anew, replay the journal into both databases, open. Entries replayed.

    `accept_lost_journal`: go on although a database knows more journal entries than the journal has; what the lost
    ones destroyed may have come back. Safe to repeat; whatever stops it leaves the gate shut.
    """
    if gate_memory.load().closed == RESTORING:
        raise RestoreFailed("the last restore did not end: say that restore command again")
    shut(REPLAYING)
    after = _seen_by_both(accept_lost_journal)
    hooks.restored("restore")
    faults.point("gate.before_replay")
    replayed = journal.replay(after)
    faults.point("gate.before_opening")
    with _one_keeper():
        memory = gate_memory.load()
        memory.reached = {part: Standing(_highest(memory, part), uuid4(), "") for part in PARTS}
        memory.closed, memory.next = "", {}
        _advance(memory)
    _confirm(memory.next)
    forget()
    log.warning("vault.gate_opened", replayed=replayed)
    return replayed


def _seen_by_both(accept_lost_journal: bool) -> int:
    """The journal position up to which both databases surely carried out everything (a day to spare); 0 if unknown."""
    rows = [_MODELS[part].objects.values("journal_sequence", "written_at").first() for part in PARTS]
    known, last = max(row["journal_sequence"] if row else 0 for row in rows), journal.last_sequence()
    if known > last and not accept_lost_journal:
        raise JournalDamaged(
            f"a database has seen {known} journal entries, the journal has {last}: find the right journal, or say "
            "--accept-lost-journal and accept that what the lost entries destroyed may be back"
        )
    if None in rows:
        return 0
    surely = min(row["written_at"] for row in rows) - _SPARE
    position = 0
    for entry in journal.entries():
        if entry.at >= surely:
            break
        position = entry.sequence
    return position


def _highest(memory: Memory, part: str) -> int:
    """The highest number either side has seen: the next one is beyond it, so no old place looks like the new."""
    row = _MODELS[part].objects.values("number").first()
    known = [place.number for place in (memory.reached.get(part), memory.next.get(part)) if place is not None]
    return max([*known, row["number"] if row else 0])
