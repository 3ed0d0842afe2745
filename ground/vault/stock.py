"""Data keys minted a few at a time, so that one keyring commit serves many small ingests.

Invariants
- What is remembered between requests is a wrapped key, as its row in the keyring has it. The secret is unwrapped when
  the key is taken, under a shelf key that lives at most a minute, and lasts as long as the request.
- A key is taken once and by the process that minted it: it leaves the stock under a lock, and a fork starts with none.
- Its row is pending and committed, with the same deadline as ever. A stock is good for `GOOD_FOR_SECONDS` of that; who
  takes a key still asks `keys.still_pending_ok` before the row is inserted, so a key whose row has gone (the keyring
  was restored) or is late is refused there; `forget` the stock then.
- Keys are minted ahead only where traffic is: the first costs one, each following mint within `BRISK_SECONDS` twice as
  many as the last, `LARGEST` at most.
- The confirmations of keys whose rows have committed ride on the next mint of the organization, as do the deletions of
  keys that nobody took in time (they sealed nothing). What a crash or an idle hour leaves is settled by reconciliation,
  as for every key: pending keys with a row are confirmed, the others set aside.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ground.vault import keys, shelves
from ground.vault.exceptions import ShelfDestroyed, ShelfLost, WrongKey
from ground.vault.sealing import WRAPPED_BYTES, DataKey, unwrap_key

GOOD_FOR_SECONDS = 60
BRISK_SECONDS = 10
LARGEST = 64
WAITING_AT_MOST = 500


@dataclass(slots=True)
class _Shelf:
    """What is left for one category and week. `minted`: how many the last mint made, at `minted_at` (monotonic)."""

    minted: int = 0
    minted_at: float = 0.0
    version_id: UUID | None = None
    left: deque[tuple[UUID, bytes]] = field(default_factory=deque, repr=False)


@dataclass(slots=True)
class _House:
    """One organization's shelves, and what the next mint has to say about earlier keys."""

    shelves: dict[tuple[str, int], _Shelf] = field(default_factory=dict)
    with_row: list[UUID] = field(default_factory=list)
    unused: list[UUID] = field(default_factory=list)


_lock = threading.Lock()
_houses: dict[UUID, _House] = {}


def take(organization_id: UUID, category: str, at: datetime, count: int = 1) -> list[DataKey]:
    """`count` fresh data keys, as from `keys.mint`: minted when the stock does not reach. Raises what `mint` raises."""
    place = (str(category), shelves.iso_week(at))
    taken, version_id = _from_stock(organization_id, place, count)
    if taken and version_id is not None:
        try:
            cipher = shelves.ciphers(organization_id, [version_id])[version_id]
            return [unwrap_key(cipher, wrapped, organization_id, key_id, fresh=True) for key_id, wrapped in taken]
        except (ShelfDestroyed, ShelfLost, WrongKey):  # re-wrapped under a new version meanwhile: mint under that one
            with _lock:
                _houses.setdefault(organization_id, _House()).shelves.pop(place, None)
    ahead, with_row, unused = _plan(organization_id, place, count)
    try:
        minted = keys.mint_wrapped(organization_id, category, at, count + ahead, with_row=with_row, unused=unused)
    except BaseException:
        with _lock:
            house = _houses.setdefault(organization_id, _House())
            house.with_row, house.unused = with_row + house.with_row, unused + house.unused
        raise
    if ahead:
        _put_away(organization_id, place, minted, count)
    return minted.keys[:count]


def confirm(organization_id: UUID, ids: Iterable[UUID]) -> None:
    """The rows of these keys have committed: at once where traffic is quiet, with the next mint where it is brisk."""
    confirmed = list(ids)
    with _lock:
        house = _houses.get(organization_id)
        if house is not None and any(shelf.left for shelf in house.shelves.values()):
            house.with_row += confirmed
            if len(house.with_row) <= WAITING_AT_MOST:
                return
            confirmed, house.with_row = house.with_row, []
    keys.confirm(organization_id, confirmed)


def forget(organization_id: UUID | None = None) -> None:
    """Drop what was minted ahead, of one organization or of all; reconciliation finds the rows."""
    with _lock:
        if organization_id is None:
            _houses.clear()
        else:
            _houses.pop(organization_id, None)


def _from_stock(
    organization_id: UUID, place: tuple[str, int], count: int
) -> tuple[list[tuple[UUID, bytes]], UUID | None]:
    with _lock:
        house = _houses.get(organization_id)
        shelf = house.shelves.get(place) if house is not None else None
        if shelf is None or len(shelf.left) < count or time.monotonic() > shelf.minted_at + GOOD_FOR_SECONDS:
            return [], None
        return [shelf.left.popleft() for _ in range(count)], shelf.version_id


def _plan(organization_id: UUID, place: tuple[str, int], count: int) -> tuple[int, list[UUID], list[UUID]]:
    """How many to mint ahead, which keys have a row, and which nobody took."""
    now = time.monotonic()
    with _lock:
        house = _houses.setdefault(organization_id, _House())
        for where in [where for where, each in house.shelves.items() if now > each.minted_at + GOOD_FOR_SECONDS]:
            house.unused += [key_id for key_id, _ in house.shelves.pop(where).left]
        shelf = house.shelves.setdefault(place, _Shelf())
        brisk = shelf.minted and now < shelf.minted_at + BRISK_SECONDS
        ahead = min(LARGEST, 2 * shelf.minted) if brisk else 0
        shelf.minted, shelf.minted_at = max(1, ahead), now
        if count > LARGEST:
            ahead = 0  # who stores many at once pays for one commit anyway
        with_row, house.with_row = house.with_row, []
        unused, house.unused = house.unused, []
    return ahead, with_row, unused


def _put_away(organization_id: UUID, place: tuple[str, int], minted: "keys.Minted", count: int) -> None:
    rest = [
        (key.id, minted.wrapped[number * WRAPPED_BYTES : (number + 1) * WRAPPED_BYTES])
        for number, key in enumerate(minted.keys)
    ][count:]
    with _lock:
        shelf = _houses.setdefault(organization_id, _House()).shelves.setdefault(place, _Shelf())
        if shelf.left and shelf.version_id == minted.version_id:
            shelf.left.extend(rest)
        else:
            _houses[organization_id].unused += [key_id for key_id, _ in shelf.left]
            shelf.left, shelf.version_id = deque(rest), minted.version_id


def _begin_anew() -> None:
    """In a forked child: its parent's keys are not its own, and another thread may have held the lock."""
    global _lock
    _lock = threading.Lock()
    _houses.clear()


os.register_at_fork(after_in_child=_begin_anew)
