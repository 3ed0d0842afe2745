"""Shelves: which shelf key a data key is wrapped by, minted once and remembered at most a minute.

Invariants
- A change of an organization's shelves (or of its file in the key store) holds the keyring's advisory lock for it.
- Minting: key into both places of the key store and read back → row with its check value committed → first use.
  A crash in between leaves a stored key that never wrapped anything; two processes end with one version.
- Destroying: version row (refused by the foreign key while a data key stands on it) together with its note → stored
  key in both places, read back → note completed. Every step is safe to repeat.
- Shelf keys are cached for at most `CACHE_SECONDS`, data keys never.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, InterfaceError, OperationalError, connections, transaction
from django.utils import timezone

from ground import faults
from ground.tenancy import acting_for, uuid7
from ground.vault import keystore
from ground.vault.brief_memory import BriefMemory
from ground.vault.exceptions import KeyringDown, ShelfBusy, ShelfLost, WrongKey
from ground.vault.models import DestroyedVersion, Shelf, ShelfVersion
from ground.vault.sealing import KEY_BYTES

KEYRING = "keyring"
CACHE_SECONDS = 60
_versions: BriefMemory[tuple[UUID, str, int], UUID] = BriefMemory(CACHE_SECONDS)
_ciphers: BriefMemory[tuple[UUID, UUID], AESGCM] = BriefMemory(CACHE_SECONDS)


@dataclass(frozen=True, slots=True)
class OpenShelf:
    """One shelf version with its key in the clear."""

    version_id: UUID
    cipher: AESGCM = field(repr=False)


_CONTEXT = (
    "SELECT set_config('app.organization', %(organization)s::text, true), set_config('synchronous_commit', 'on', true)"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one statement did or gave."""

    count: int
    rows: list[tuple[Any, ...]]


# ------------------------------------------------------------------ the keyring's transactions
@contextmanager
def keyring(organization_id: UUID, *, durable: bool = True) -> Iterator[None]:
    """A keyring transaction for one organization; committed to disk when the block ends.

    `durable`: refuse to be part of a longer transaction (what was promised must be committed when we return).
    """
    try:
        if durable:
            with transaction.atomic(using=KEYRING, durable=True):
                pass  # asks Django whether a transaction is open; costs no round trip when none is
        with acting_for(organization_id, using=KEYRING):
            if durable:
                with connections[KEYRING].cursor() as cursor:
                    cursor.execute("SET LOCAL synchronous_commit = on")
            yield
    except (OperationalError, InterfaceError) as error:
        connection = connections[KEYRING]
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        raise KeyringDown(f"the keyring database does not answer: {type(error).__name__}") from error


def at_once(organization_id: UUID, statements: str, parameters: Mapping[str, Any]) -> list[Answer]:
    """A keyring transaction in one message to the server: context, `statements`, commit to disk. What each answered.

    Inside a longer keyring transaction (of tests) its savepoint.
    """
    connection = connections[KEYRING]
    told = {**parameters, "organization": organization_id}
    if connection.in_atomic_block:
        with keyring(organization_id), connection.cursor() as cursor:
            return _answers(cursor, statements, told)
    try:
        with connection.cursor() as cursor:
            return _answers(cursor, f"{_CONTEXT};{statements}", told)[1:]
    except (OperationalError, InterfaceError) as error:
        connection.close_if_unusable_or_obsolete()
        raise KeyringDown(f"the keyring database does not answer: {type(error).__name__}") from error


def _answers(cursor: Any, statements: str, parameters: Mapping[str, Any]) -> list[Answer]:
    cursor.execute(statements, parameters)
    answers = []
    while True:
        rows = cursor.fetchall() if cursor.description else []
        answers.append(Answer(int(cursor.rowcount), rows))
        if not cursor.nextset():
            return answers


def hold_lock(organization_id: UUID) -> None:
    """Inside `keyring`: be the only one that changes this organization's shelves, until the transaction ends."""
    with connections[KEYRING].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"vault/shelves/{organization_id}"])


@contextmanager
def locked(organization_id: UUID) -> Iterator[None]:
    """A keyring transaction in which nobody else changes this organization's shelves or key file."""
    with keyring(organization_id):
        hold_lock(organization_id)
        yield


# ------------------------------------------------------------------ reading
def iso_week(at: datetime) -> int:
    """The shelf week of a clock moment: ISO year and week in UTC, 202647. `at` must know its zone."""
    if timezone.is_naive(at):
        raise ValueError("a clock moment without a time zone has no week")
    year, week, _ = at.astimezone(UTC).isocalendar()
    return year * 100 + week


def active(organization_id: UUID, category: str, at: datetime) -> OpenShelf:
    """The version under which a key of this category and clock moment is wrapped now; minted when there is none."""
    place = (organization_id, category, iso_week(at))
    version_id = _versions.get(place)
    if version_id is None:
        version_id = _active_version(*place) or _mint(*place)
        _versions.put(place, version_id)
    return OpenShelf(version_id, ciphers(organization_id, [version_id])[version_id])


def ciphers(organization_id: UUID, version_ids: Iterable[UUID]) -> dict[UUID, AESGCM]:
    """Shelf keys by version id. Raises ShelfDestroyed, ShelfLost, WrongKey, KeyStoreDown, KeyringDown."""
    found: dict[UUID, AESGCM] = {}
    unknown = []
    for version_id in set(version_ids):
        cipher = _ciphers.get((organization_id, version_id))
        if cipher is None:
            unknown.append(version_id)
        else:
            found[version_id] = cipher
    if unknown:
        with keyring(organization_id, durable=False):
            checks = dict(ShelfVersion.objects.filter(id__in=unknown).values_list("id", "key_check_value"))
        for version_id in unknown:
            found[version_id] = _load(organization_id, version_id, checks.get(version_id))
            _ciphers.put((organization_id, version_id), found[version_id])
    return found


def drop_cache(organization_id: UUID | None = None) -> None:
    """Forget shelf keys of one organization, or of all, in this process."""
    _versions.forget(lambda place: organization_id in (None, place[0]))
    _ciphers.forget(lambda place: organization_id in (None, place[0]))


def _load(organization_id: UUID, version_id: UUID, check: bytes | memoryview | None) -> AESGCM:
    secret = keystore.store().shelf_key(organization_id, version_id)
    if check is None:
        raise ShelfLost("the key store has a shelf key whose version row is gone", [version_id])
    if key_check_value(secret) != bytes(check):
        raise WrongKey(f"the stored key of shelf version {version_id} is not the one its row names")
    return AESGCM(secret)


def key_check_value(secret: bytes) -> bytes:
    """8 bytes that tell one shelf key from another and say nothing about it."""
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(b"sottovoce/shelf check")
    return mac.finalize()[:8]


def _active_version(organization_id: UUID, category: str, week: int) -> UUID | None:
    with keyring(organization_id, durable=False):
        return _find_active(organization_id, category, week)


def _find_active(organization_id: UUID, category: str, week: int) -> UUID | None:
    return (
        ShelfVersion.objects.filter(
            organization_id=organization_id,
            shelf__organization_id=organization_id,
            shelf__category=category,
            shelf__iso_week=week,
            state=ShelfVersion.State.ACTIVE,
        )
        .values_list("id", flat=True)
        .first()
    )


# ------------------------------------------------------------------ changing
def _mint(organization_id: UUID, category: str, week: int) -> UUID:
    with locked(organization_id):
        existing = _find_active(organization_id, category, week)
        if existing is not None:
            return existing
        shelf, _ = Shelf.objects.get_or_create(organization_id=organization_id, category=category, iso_week=week)
        return new_version(shelf).id


def new_version(shelf: Shelf) -> ShelfVersion:
    """Inside `locked`: a fresh shelf key in both places, and its row as the active version.

    An active version before it becomes retiring; data keys under it stay readable until re-wrapped.
    """
    secret = os.urandom(KEY_BYTES)
    version_id = uuid7()
    keystore.store().add_shelf_key(shelf.organization_id, version_id, secret)
    if keystore.store().shelf_key(shelf.organization_id, version_id) != secret:
        raise WrongKey(f"the key of shelf version {version_id} does not read back")
    versions = ShelfVersion.objects.filter(organization_id=shelf.organization_id, shelf=shelf)
    versions.filter(state=ShelfVersion.State.ACTIVE).update(
        state=ShelfVersion.State.RETIRING, retiring_at=timezone.now()
    )
    return ShelfVersion.objects.create(
        id=version_id,
        organization_id=shelf.organization_id,
        shelf=shelf,
        number=1 + (versions.order_by("-number").values_list("number", flat=True).first() or 0),
        key_check_value=key_check_value(secret),
    )


def destroy_version(organization_id: UUID, version_id: UUID) -> None:
    """Destroy a shelf version for good: row, then stored key. ShelfBusy while a data key stands on it.

    Afterwards every copy of what it wrapped, in heap, WAL, replicas and dumps, is beyond recovery. Safe to repeat.
    """
    try:
        with locked(organization_id):
            version = ShelfVersion.objects.filter(id=version_id).select_related("shelf").first()
            if version is not None:
                DestroyedVersion.objects.create(
                    id=version.id,
                    organization_id=organization_id,
                    category=version.shelf.category,
                    iso_week=version.shelf.iso_week,
                    number=version.number,
                )
                with connections[KEYRING].cursor() as cursor:
                    cursor.execute(
                        "DELETE FROM vault_shelfversion WHERE organization_id = %s AND id = %s",
                        [organization_id, version_id],
                    )
    except IntegrityError as error:
        raise ShelfBusy(f"shelf version {version_id} still carries data keys") from error
    drop_cache(organization_id)
    faults.point("shelves.after_version_row")
    with locked(organization_id):
        unfinished = DestroyedVersion.objects.filter(id=version_id, key_destroyed_at=None)
        if unfinished.exists():
            keystore.store().destroy_shelf_key(organization_id, version_id)
            unfinished.update(key_destroyed_at=timezone.now())


def unfinished_destructions(organization_id: UUID) -> list[UUID]:
    """Versions whose row is gone and whose stored key may not be: pass each to `destroy_version` again."""
    with keyring(organization_id, durable=False):
        return list(DestroyedVersion.objects.filter(key_destroyed_at=None).values_list("id", flat=True))
