"""The night's work on shelves: what was deleted in the keyring becomes unrecoverable.

A deleted key row is still in PostgreSQL's heap, WAL, replicas and dumps, wrapped by its shelf key. So every shelf
version that lost keys gives its other keys to a new version and is destroyed; one that has none left is just destroyed.

Order, and what a crash leaves (the next night finishes each of these):
  1. new shelf key in both stores, read back; its version row is active, the old one retiring
                                       -> a stored key that never wrapped anything; or an old version half re-wrapped
  2. re-wrap in batches (`UPDATE … WHERE shelf_version = old`); each row is read back, unwrapped and compared
                                       -> keys under both versions, all of them open
  3. fresh keyring backup, restored for trial: every key opens, and none stands on an old version
                                       -> one backup more
  4. version row, refused by the foreign key while a straggler stands on it; then the stored key in both stores
                                       -> a note of a row that is gone, with its stored key still to destroy
  5. keyring backups taken before that one are removed; only now the old versions are *beyond recovery*
                                       -> older backups, which open nothing of the destroyed versions
Nothing is destroyed on the word of one check: not before its keys were compared, restored from the backup and counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connections
from django.utils import timezone

from ground import faults
from ground.vault import backup, backup_check, hooks, keystore, owner, shelves
from ground.vault.exceptions import BackupDamaged, KeyLost, ShelfBusy, WrongKey
from ground.vault.models import DestroyedVersion, Shelf, ShelfVersion
from ground.vault.sealing import WRAPPED_BYTES, DataKey, unwrap_key, wrap_keys

log = structlog.get_logger(__name__)
BATCH = 2_000
ROUNDS = 3
UNUSED_AFTER = timedelta(days=1)
FIRST = UUID(int=0)


class Due(NamedTuple):
    """A shelf version that the night must take care of."""

    organization_id: UUID
    version_id: UUID


@dataclass(slots=True)
class NightReport:
    """What one night did to the shelves. Counts only; `waiting` versions are taken up again next night."""

    versions_due: int = 0
    versions_rotated: int = 0
    versions_dropped: int = 0
    versions_waiting: int = 0
    keys_rewrapped: int = 0
    keys_unopened: int = 0
    keys_in_backup: int = 0
    keyring_backups_pruned: int = 0
    beyond_recovery: int = 0
    trouble: list[str] = field(default_factory=list)
    written_to: set[UUID] = field(default_factory=set, repr=False)

    def as_dict(self) -> dict[str, int]:
        """Counts, for the audit event."""
        counts = {name: getattr(self, name) for name in self.__slots__ if name not in ("trouble", "written_to")}
        return counts | {"trouble": len(self.trouble)}


def night(at: datetime) -> NightReport:
    """Rotate and drop what is due at `at`. One bad shelf never stops the others; it is a finding and waits.

    Safe to repeat. A second process waits and then finds nothing to do. BackupFailed, BackupDamaged: nothing was
    destroyed after the failure; what was re-wrapped stays good.
    """
    report = NightReport()
    with owner.alone():
        _night(at, report)
    return report


def _night(at: datetime, report: NightReport) -> None:
    _finish_destructions(report)
    due = _due(at)
    report.versions_due = len(due)
    retiring = {one for one in due if _rewrap_version(one, report)}
    if not due and not _recoverable():
        return
    for _ in range(ROUNDS):
        fresh = backup.take(owner.KEYRING)
        checked = backup_check.verify(fresh, tolerate_lost_keys=True)
        report.keys_in_backup, report.keys_unopened = checked.keys, sum(checked.unopened.values())
        if bad := report.written_to & checked.unopened.keys():
            raise BackupDamaged(f"{fresh.archive.name}: re-wrapped keys on {len(bad)} shelf versions do not open")
        faults.point("rotation.after_backup")
        stragglers = {one for one in retiring if checked.on_versions.get(one.version_id)}
        for one in sorted(retiring - stragglers):
            if _destroy(one, report):
                retiring.discard(one)
        if not stragglers:
            break
        for one in stragglers:
            _rewrap_version(one, report)
    report.versions_waiting = len(_due(at))
    _prune(fresh, set(checked.on_versions), report)


def settled(organization_id: UUID, shelf_version_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """From which moment each of these versions is beyond recovery; versions that are not yet have no entry.

    Beyond recovery: its key is destroyed in both stores, the keyring backups that knew it are gone, and the same holds
    for every earlier version of its shelf (a key may have been re-wrapped from there).
    """
    wanted = set(shelf_version_ids)
    with shelves.keyring(organization_id, durable=False):
        answer: dict[UUID, datetime] = {}
        for version in DestroyedVersion.objects.filter(organization_id=organization_id, id__in=wanted):
            moments = _moments_up_to(version)
            if None not in moments and not _earlier_standing(version):
                answer[version.id] = max(moment for moment in moments if moment is not None)
    return answer


def _moments_up_to(version: DestroyedVersion) -> list[datetime | None]:
    """When each destroyed version of the same shelf, up to this one, went beyond recovery (ids are ordered by time)."""
    same = DestroyedVersion.objects.filter(
        organization_id=version.organization_id,
        category=version.category,
        iso_week=version.iso_week,
        id__lte=version.id,
    )
    return list(same.values_list("beyond_recovery_at", flat=True))


def _earlier_standing(version: DestroyedVersion) -> bool:
    """Whether an earlier version of the same shelf still exists."""
    return ShelfVersion.objects.filter(
        organization_id=version.organization_id,
        shelf__category=version.category,
        shelf__iso_week=version.iso_week,
        id__lt=version.id,
    ).exists()


def set_lost_shelves_aside() -> int:
    """Retire active versions whose key both stores have lost, so that new keys get a new version. How many.

    Nothing is destroyed: should the lost keys be found, what stands on them opens again.
    """
    with owner.connect(owner.KEYRING) as connection:
        rows = connection.execute(
            "SELECT organization_id, id FROM vault_shelfversion WHERE state = 'active'"
        ).fetchall()
    aside = 0
    for organization_id, version_id in rows:
        try:
            keystore.store().shelf_key(organization_id, version_id)
        except KeyLost:
            with shelves.locked(organization_id):
                aside += ShelfVersion.objects.filter(id=version_id, state=ShelfVersion.State.ACTIVE).update(
                    state=ShelfVersion.State.RETIRING, retiring_at=timezone.now()
                )
    shelves.drop_cache()
    return aside


# ------------------------------------------------------------------ what is due
_DUE = """
    SELECT v.organization_id, v.id FROM vault_shelfversion v JOIN vault_shelf s ON s.id = v.shelf_id
    WHERE v.dirty_at IS NOT NULL OR v.state = 'retiring'
       OR (s.iso_week < %(week)s AND v.created_at < %(unused)s AND NOT EXISTS (
              SELECT 1 FROM vault_datakey k WHERE k.organization_id = v.organization_id AND k.shelf_version_id = v.id))
    ORDER BY 1, 2
"""


def _due(at: datetime) -> list[Due]:
    """Versions of all organizations that lost keys, are retiring, or are empty in a week that is over."""
    with owner.connect(owner.KEYRING) as connection:
        rows = connection.execute(_DUE, {"week": shelves.iso_week(at), "unused": at - UNUSED_AFTER}).fetchall()
    return [Due(*row) for row in rows]


def _recoverable() -> bool:
    """Whether versions are destroyed whose keyring backups may still exist."""
    with owner.connect(owner.KEYRING) as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM vault_destroyedversion WHERE beyond_recovery_at IS NULL)"
        ).fetchone()
    return bool(row and row[0])


# ------------------------------------------------------------------ re-wrapping
def _rewrap_version(one: Due, report: NightReport) -> bool:
    """Step 1 and 2. Afterwards nothing stands on the version that could be moved; True when it may be destroyed."""
    try:
        target = _successor(*one)
        if target is not None:
            report.written_to.add(target)
            _rewrap(one, target, report)
    except KeyLost as error:
        _finding(one, "shelf_key_lost", error, report)
    except WrongKey as error:
        _finding(one, "data_key_damaged", error, report)
    else:
        return True
    return False


def _successor(organization_id: UUID, version_id: UUID) -> UUID | None:
    """The version that takes over this one's keys, made if there is none; None when there are no keys to move."""
    with shelves.locked(organization_id):
        version = ShelfVersion.objects.filter(id=version_id).select_related("shelf").first()
        if version is None or not _has_keys(organization_id, version_id):
            return None
        keystore.store().shelf_key(organization_id, version_id)  # nothing is begun for a shelf that does not open
        if version.state == ShelfVersion.State.ACTIVE:
            fresh = shelves.new_version(version.shelf)
            faults.point("rotation.after_new_key")
        else:
            fresh = ShelfVersion.objects.filter(
                organization_id=organization_id, shelf=version.shelf, state=ShelfVersion.State.ACTIVE
            ).first() or shelves.new_version(version.shelf)
    shelves.drop_cache(organization_id)
    faults.point("rotation.after_new_version")
    return fresh.id


def _has_keys(organization_id: UUID, version_id: UUID) -> bool:
    with connections[shelves.KEYRING].cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM vault_datakey WHERE organization_id = %s AND shelf_version_id = %s)",
            [organization_id, version_id],
        )
        return bool(cursor.fetchone()[0])


_PAGE_OF_KEYS = """
    SELECT id, wrapped FROM vault_datakey
    WHERE organization_id = %s AND shelf_version_id = %s AND id > %s ORDER BY id LIMIT %s FOR NO KEY UPDATE
"""
_REWRAP = f"""
    UPDATE vault_datakey k SET shelf_version_id = %(new)s, wrapped = p.wrapped
    FROM (SELECT encode(substring(packed.ids FROM place * 16 + 1 FOR 16), 'hex')::uuid AS id,
                 substring(packed.wrapped FROM place * {WRAPPED_BYTES} + 1 FOR {WRAPPED_BYTES}) AS wrapped
          FROM (SELECT %(ids)s::bytea AS ids, %(wrapped)s::bytea AS wrapped) AS packed,
               generate_series(0, %(count)s - 1) AS place) AS p
    WHERE k.organization_id = %(organization)s AND k.id = p.id AND k.shelf_version_id = %(old)s
    RETURNING k.id, k.wrapped
"""  # noqa: S608  (only constants are formatted in)


def _rewrap(one: Due, target: UUID, report: NightReport) -> None:
    """Move every key from the old version to the new; raises WrongKey in the end when one does not open."""
    organization_id, old = one
    ciphers = shelves.ciphers(organization_id, [old, target])
    damaged: list[UUID] = []
    after: UUID | None = FIRST
    while after is not None:
        moved, bad, after = _rewrap_page(one, target, ciphers, after)
        report.keys_rewrapped += moved
        damaged += bad
        faults.point("rotation.after_batch")
    if damaged:
        raise WrongKey(f"{len(damaged)} data keys of shelf version {old} do not open; it stays until that is explained")


def _rewrap_page(
    one: Due, target: UUID, ciphers: dict[UUID, AESGCM], after: UUID
) -> tuple[int, list[UUID], UUID | None]:
    """One batch: lock, unwrap, wrap, write, read back, compare, commit.

    How many moved, which do not open, and the last id of the page (None when there was none).
    """
    organization_id, old = one
    with shelves.keyring(organization_id), connections[shelves.KEYRING].cursor() as cursor:
        cursor.execute(_PAGE_OF_KEYS, [organization_id, old, after, BATCH])
        page = cursor.fetchall()
        keys: dict[UUID, DataKey] = {}
        damaged: list[UUID] = []
        for key_id, wrapped in page:
            try:
                keys[key_id] = unwrap_key(ciphers[old], wrapped, organization_id, key_id)
            except WrongKey:
                damaged.append(key_id)
        if keys:
            _write_and_compare(cursor, one, target, ciphers[target], keys)
    return len(keys), damaged, page[-1][0] if page else None


def _write_and_compare(cursor: Any, one: Due, target: UUID, cipher: AESGCM, keys: dict[UUID, DataKey]) -> None:
    organization_id, old = one
    cursor.execute(
        _REWRAP,
        {
            "organization": organization_id,
            "old": old,
            "new": target,
            "ids": b"".join(key_id.bytes for key_id in keys),
            "wrapped": wrap_keys(cipher, list(keys.values())),
            "count": len(keys),
        },
    )
    written = cursor.fetchall()
    if len(written) != len(keys):
        raise ShelfBusy(f"shelf version {old} changed under its lock")
    for key_id, wrapped in written:
        if unwrap_key(cipher, wrapped, organization_id, key_id).secret != keys[key_id].secret:
            raise WrongKey(f"data key {key_id} reads back as another one")


# ------------------------------------------------------------------ destroying
def _destroy(one: Due, report: NightReport) -> bool:
    """Step 4; False when a straggler stands on the version (it is re-wrapped and waits for the next backup)."""
    with shelves.keyring(one.organization_id, durable=False):
        version = ShelfVersion.objects.filter(id=one.version_id).first()
    if version is None:
        return True
    try:
        faults.point("rotation.before_destroy")
        shelves.destroy_version(*one)
        faults.point("rotation.after_destroy")
    except ShelfBusy:
        return False
    if version.state == ShelfVersion.State.RETIRING:
        report.versions_rotated += 1
    else:
        report.versions_dropped += 1
    with shelves.locked(one.organization_id):
        Shelf.objects.filter(id=version.shelf_id, versions=None).delete()
    return True


def _finish_destructions(report: NightReport) -> None:
    """Stored keys whose version row went before a crash."""
    with owner.connect(owner.KEYRING) as connection:
        rows = connection.execute(
            "SELECT organization_id, id FROM vault_destroyedversion WHERE key_destroyed_at IS NULL ORDER BY 1, 2"
        ).fetchall()
    for row in rows:
        shelves.destroy_version(*row)
        report.versions_rotated += 1


def _prune(fresh: backup.Manifest, standing: set[UUID], report: NightReport) -> None:
    """Step 5: remove the older keyring backups, then say of each destroyed version that it is beyond recovery.

    `standing`: versions that `fresh` still knows; they are not said to be gone.
    """
    report.keyring_backups_pruned = backup.prune_keyring_before(fresh)
    faults.point("rotation.after_prune")
    with owner.connect(owner.KEYRING) as connection:
        cursor = connection.execute(
            "UPDATE vault_destroyedversion SET beyond_recovery_at = %s WHERE beyond_recovery_at IS NULL "
            "AND key_destroyed_at IS NOT NULL AND NOT id = ANY(%s)",
            [timezone.now(), list(standing)],
        )
        report.beyond_recovery = cursor.rowcount


def _finding(one: Due, kind: str, error: Exception, report: NightReport) -> None:
    log.error("vault.rotation_waits", organization=str(one.organization_id), finding=kind, reason=str(error))
    report.trouble.append(f"{kind}: {error}")
    hooks.found(one.organization_id, kind, shelf_version=str(one.version_id))
