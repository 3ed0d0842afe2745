"""Data keys: minted before the row that needs them, destroyed before it goes.

Invariants
- `mint` has committed (keyring, synchronous) when it returns; the key is *pending* until `confirm`.
- The main row commits before the key's deadline: call `still_pending_ok` right before inserting it. A lost `confirm`
  is harmless: `settle_pending` asks whether the rows exist and confirms those keys; the others are set aside for
  `QUARANTINE_DAYS`, still readable, and destroyed by nobody but reconciliation after another look.
- `destroy` has committed when it returns, takes one statement for thousands, and is safe to repeat.
- `open` never guesses: a missing row is KeyLost, a row that does not unwrap is WrongKey, an outage is Unavailable.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connections

from ground.tenancy import uuid7
from ground.vault import shelves
from ground.vault.exceptions import KeyDeadlinePassed, KeyLost, ShelfBusy, ShelfDestroyed, ShelfLost
from ground.vault.models import DataKey as Row
from ground.vault.sealing import KEY_BYTES, WRAPPED_BYTES, DataKey, unwrap_key, wrap_keys

BATCH = 5_000
DEADLINE_SECONDS = 300
COMMIT_MARGIN_SECONDS = 15
QUARANTINE_DAYS = 7
_TRIES = 4

_INSERT = f"""
    INSERT INTO vault_datakey (organization_id, id, shelf_version_id, state, deadline, wrapped)
    SELECT %(organization)s, encode(substring(packed.ids FROM place * 16 + 1 FOR 16), 'hex')::uuid, %(version)s,
           {Row.State.PENDING.value}, now() + make_interval(secs => %(seconds)s),
           substring(packed.wrapped FROM place * {WRAPPED_BYTES} + 1 FOR {WRAPPED_BYTES})
    FROM (SELECT %(ids)s::bytea AS ids, %(wrapped)s::bytea AS wrapped) AS packed,
         generate_series(0, %(count)s - 1) AS place
    WHERE EXISTS (SELECT 1 FROM vault_shelfversion WHERE organization_id = %(organization)s AND id = %(version)s
                  AND state = 'active')
"""  # noqa: S608  (only constants are formatted in). One packed value is many times faster than an array of bytea.

_IN_TIME = f"""
    SELECT count(*) FROM vault_datakey WHERE organization_id = %(organization)s AND id = ANY(%(ids)s::uuid[])
    AND (state = {Row.State.LIVE.value} OR (state = {Row.State.PENDING.value}
         AND deadline > clock_timestamp() + make_interval(secs => {COMMIT_MARGIN_SECONDS})))
"""  # noqa: S608  (only constants of ours are put in)
_CONFIRM = f"""
    UPDATE vault_datakey SET state = {Row.State.LIVE.value}, deadline = NULL
    WHERE organization_id = %(organization)s AND id = ANY(%(with_row)s::uuid[]) AND state <> {Row.State.LIVE.value}
"""  # noqa: S608  (only constants of ours are put in)
_DROP = f"""
    DELETE FROM vault_datakey WHERE organization_id = %(organization)s AND id = ANY(%(unused)s::uuid[])
    AND state = {Row.State.PENDING.value}
"""  # noqa: S608  (only constants of ours are put in)

_DESTROY = """
    WITH gone AS (DELETE FROM vault_datakey WHERE organization_id = %s AND id = ANY(%s::uuid[])
                  RETURNING shelf_version_id)
    SELECT shelf_version_id, count(*) FROM gone GROUP BY 1
"""

# Locked in one order, so that two destructions never wait for each other; only the first of a day writes.
_MARK_DIRTY = """
    UPDATE vault_shelfversion SET dirty_at = now() WHERE organization_id = %(organization)s AND id IN (
        SELECT id FROM vault_shelfversion
        WHERE organization_id = %(organization)s AND id = ANY(%(versions)s::uuid[]) AND dirty_at IS NULL
        ORDER BY id FOR NO KEY UPDATE)
"""
_WAITING = """
    SELECT id FROM vault_shelfversion
    WHERE organization_id = %s AND (dirty_at IS NOT NULL OR state = 'retiring')
    UNION ALL
    SELECT id FROM vault_destroyedversion WHERE organization_id = %s AND beyond_recovery_at IS NULL
"""


def mint(
    organization_id: UUID, category: str, at: datetime, count: int = 1, deadline_seconds: int = DEADLINE_SECONDS
) -> list[DataKey]:
    """`count` fresh data keys for things whose clock moment is `at`; their rows are committed.

    Raises KeyringDown, KeyStoreDown, RootDown, ShelfLost, ShelfDestroyed: then nothing was minted that counts.
    """
    minted: list[DataKey] = []
    while len(minted) < count:
        size = min(BATCH, count - len(minted))
        minted += mint_wrapped(organization_id, category, at, size, deadline_seconds).keys
    return minted


@dataclass(frozen=True, slots=True)
class Minted:
    """Keys of one mint, and the same as their rows have them: under `version_id`, one wrapped key after the other."""

    keys: list[DataKey] = field(repr=False)
    version_id: UUID
    wrapped: bytes = field(repr=False)


def mint_wrapped(
    organization_id: UUID,
    category: str,
    at: datetime,
    count: int,
    deadline_seconds: int = DEADLINE_SECONDS,
    *,
    with_row: Sequence[UUID] = (),
    unused: Sequence[UUID] = (),
) -> Minted:
    """At most `BATCH` fresh keys. The same commit confirms the keys `with_row` and deletes those `unused`, which sealed
    nothing: their shelf needs no rotation for them. Raises what `mint` raises."""
    keys = [DataKey(uuid7(), organization_id, os.urandom(KEY_BYTES), fresh=True) for _ in range(count)]
    for _ in range(_TRIES):
        try:
            shelf = shelves.active(organization_id, category, at)
        except (ShelfDestroyed, ShelfLost):
            shelves.drop_cache(organization_id)
            shelf = shelves.active(organization_id, category, at)
        wrapped = wrap_keys(shelf.cipher, keys)
        parameters = {
            "version": shelf.version_id,
            "seconds": deadline_seconds,
            "count": count,
            "ids": b"".join(key.id.bytes for key in keys),
            "wrapped": wrapped,
            "with_row": _array(with_row),
            "unused": _array(unused),
        }
        statements = [_INSERT, *([_CONFIRM] if with_row else []), *([_DROP] if unused else [])]
        try:
            if shelves.at_once(organization_id, ";".join(statements), parameters)[0].count == count:
                return Minted(keys, shelf.version_id, wrapped)
        except IntegrityError:
            pass
        shelves.drop_cache(organization_id)  # the version we remembered is retiring, or was destroyed a moment ago
    raise ShelfBusy(f"the {category} shelf of organization {organization_id} keeps changing")


def still_pending_ok(organization_id: UUID, ids: Iterable[UUID]) -> None:
    """Raise KeyDeadlinePassed unless each key is live or pending with time left to commit a row.

    Call it right before inserting the rows, in the transaction that inserts them.
    """
    wanted = set(ids)
    [answer] = shelves.at_once(organization_id, _IN_TIME, {"ids": _array(wanted)})
    in_time = answer.rows[0][0]
    if in_time != len(wanted):
        raise KeyDeadlinePassed(f"{len(wanted) - in_time} of {len(wanted)} data keys are past their deadline or gone")


def confirm(organization_id: UUID, ids: Iterable[UUID]) -> int:
    """The rows of these keys have committed: the keys are live from now on. Safe to repeat and to lose."""
    [answer] = shelves.at_once(organization_id, _CONFIRM, {"with_row": _array(ids)})
    return answer.count


def open(organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, DataKey]:
    """The data keys by id, for reading. KeyLost names every id without a row; never a partial answer."""
    wanted = set(ids)
    try:
        return _open(organization_id, wanted)
    except (ShelfDestroyed, ShelfLost):
        return _open(organization_id, wanted)  # re-wrapped under another version while we looked


def _open(organization_id: UUID, wanted: set[UUID]) -> dict[UUID, DataKey]:
    with shelves.keyring(organization_id, durable=False):
        rows = _fetch_all(
            "SELECT id, shelf_version_id, wrapped FROM vault_datakey "
            "WHERE organization_id = %s AND id = ANY(%s::uuid[])",
            [organization_id, _array(wanted)],
        )
    missing = wanted - {row[0] for row in rows}
    if missing:
        raise KeyLost("no such data key", missing)
    ciphers = shelves.ciphers(organization_id, {row[1] for row in rows})
    return {row[0]: unwrap_key(ciphers[row[1]], row[2], organization_id, row[0]) for row in rows}


def open_one(organization_id: UUID, key_id: UUID) -> DataKey:
    """One data key, for reading."""
    return open(organization_id, [key_id])[key_id]


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What one `destroy` did.

    `shelf_versions`: what the keys stood on, and what the night will therefore rotate or drop. Where keys were gone
    already (the attempt before died), every version of the organization that still waits for a night is named.
    """

    count: int
    shelf_versions: frozenset[UUID]


def destroy(organization_id: UUID, ids: Iterable[UUID]) -> Destroyed:
    """Delete these keys; what they sealed is unreadable from now on. Safe to repeat.

    The shelf versions they stood on are marked dirty in the same transaction: until the night has rotated them,
    remnants of the rows in heap, WAL and backups still open under the shelf key.
    """
    wanted = set(ids)
    with shelves.keyring(organization_id):
        gone = dict(_fetch_all(_DESTROY, [organization_id, _array(wanted)]))
        versions, count = set(gone), sum(gone.values())
        if versions:
            _execute(_MARK_DIRTY, {"organization": organization_id, "versions": _array(versions)})
        if count < len(wanted):
            versions |= {row[0] for row in _fetch_all(_WAITING, [organization_id, organization_id])}
    return Destroyed(count, frozenset(versions))


def existing(organization_id: UUID, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these keys have a row (for reconciliation)."""
    with shelves.keyring(organization_id, durable=False):
        rows = _fetch_all(
            "SELECT id FROM vault_datakey WHERE organization_id = %s AND id = ANY(%s::uuid[])",
            [organization_id, _array(ids)],
        )
    return {row[0] for row in rows}


def live(organization_id: UUID, after: UUID | None = None) -> Iterator[UUID]:
    """Ids of live keys in ascending order, beyond `after`; read in pages, each a short transaction."""
    while True:
        with shelves.keyring(organization_id, durable=False):
            page = _fetch_all(
                "SELECT id, state FROM vault_datakey WHERE organization_id = %s AND id > %s ORDER BY id LIMIT %s",
                [organization_id, after or UUID(int=0), BATCH],
            )
        yield from (key_id for key_id, state in page if state == Row.State.LIVE.value)
        if len(page) < BATCH:
            return
        after = page[-1][0]


# ------------------------------------------------------------------ pending and quarantined keys
@dataclass(frozen=True, slots=True)
class Settled:
    """What one `settle_pending` did."""

    confirmed: int
    quarantined: int


def settle_pending(
    organization_id: UUID, has_row: Callable[[Sequence[UUID]], set[UUID]], limit: int = BATCH
) -> Settled:
    """Settle up to `limit` keys past their deadline: those `has_row` returns are confirmed, the others quarantined.

    `has_row` asks every model that carries a `key_id` (inventory knows them).
    """
    overdue = _ids_in_state(organization_id, Row.State.PENDING, limit)
    with_row = has_row(overdue) if overdue else set()
    confirmed = confirm(organization_id, with_row) if with_row else 0
    return Settled(confirmed, quarantine(organization_id, set(overdue) - with_row))


def quarantine(organization_id: UUID, ids: Iterable[UUID], days: int = QUARANTINE_DAYS) -> int:
    """Set keys aside: still readable, listed, and from `days` on open to destruction by reconciliation."""
    wanted = list(ids)
    if not wanted:
        return 0
    with shelves.keyring(organization_id):
        return _execute(
            f"""UPDATE vault_datakey SET state = {Row.State.QUARANTINED.value},
                deadline = now() + make_interval(days => %s)
                WHERE organization_id = %s AND id = ANY(%s::uuid[]) AND state <> {Row.State.QUARANTINED.value}""",  # noqa: S608  (only constants of ours are put in)
            [days, organization_id, _array(wanted)],
        )


def quarantine_over(organization_id: UUID, limit: int = BATCH) -> list[UUID]:
    """Quarantined keys whose days have passed, oldest first. Look for their rows once more before destroying."""
    return _ids_in_state(organization_id, Row.State.QUARANTINED, limit)


def _ids_in_state(organization_id: UUID, state: Row.State, limit: int) -> list[UUID]:
    with shelves.keyring(organization_id, durable=False):
        rows = _fetch_all(
            "SELECT id FROM vault_datakey WHERE organization_id = %s AND state = %s AND deadline < now() "
            "ORDER BY deadline LIMIT %s",
            [organization_id, state.value, limit],
        )
    return [row[0] for row in rows]


# ------------------------------------------------------------------ SQL
def _array(ids: Iterable[UUID]) -> str:
    return "{" + ",".join([each.hex for each in ids]) + "}"  # without dashes: half the time


def _execute(statement: str, parameters: Any) -> int:
    with connections[shelves.KEYRING].cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _fetch_all(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connections[shelves.KEYRING].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
