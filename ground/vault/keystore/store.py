"""The key store: shelf keys, blind keys and signing keys, outside PostgreSQL, in two places.

Invariants
- A secret counts as stored when both places hold it and it was read back from both; as destroyed when both were
  rewritten without it and both read back without it. A crash in between leaves the primary one revision ahead; the
  next change of that organization, or `repair`, brings the mirror to it. The higher revision is always the truth.
- Callers hold the keyring's advisory lock of the organization while they change it (`shelves.locked`); folders have a
  file lock besides, buckets conditional writes.
- Reading survives the loss of one place; changing does not, until `repair` has made it whole.
- Never versioned, snapshotted or backed up: a copy of a destroyed key would undo its destruction.
"""

import json
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID

from ground import faults
from ground.vault.canonical import canonical_json
from ground.vault.exceptions import KeyStoreDamaged, KeyStoreDown, ShelfDestroyed, ShelfLost, WrongRoot
from ground.vault.keystore.places import FILE_SUFFIX, MARKER, BucketPlace, Conflict, FolderPlace, Tag
from ground.vault.keystore.record import Entry, Record
from ground.vault.root import Root

logger = logging.getLogger(__name__)
AnyPlace = FolderPlace | BucketPlace
_TRIES = 8


class KeyStore:
    """All secrets of all organizations, wrapped by the root. Build it with `keystore.store()`."""

    def __init__(self, primary: AnyPlace, mirror: AnyPlace, root_for: Callable[[bool], Root]) -> None:
        self.primary, self.mirror = primary, mirror
        primary.prepare()
        mirror.prepare()
        marks = [place.read(MARKER)[0] for place in self._places]
        empty = not any(marks) and not any(place.names() for place in self._places)
        self.root = root_for(empty)
        for mark in marks:
            if mark is not None and json.loads(mark).get("root") != self.root.name:
                raise WrongRoot(f"the key store was wrapped by {json.loads(mark).get('root')}, not {self.root.name}")
        if not any(place.names() for place in self._places):
            self._mark(*self._places)  # nothing to lose: a start that died between the two marks ends here

    @property
    def _places(self) -> tuple[AnyPlace, AnyPlace]:
        return self.primary, self.mirror

    def describe(self) -> str:
        """For certificates and runbooks: what kind of store, and where the second copy is."""
        return f"{self.primary.describe()}, mirrored to {self.mirror.describe()}, wrapped by {self.root.name}"

    # -------------------------------------------------------------- secrets
    def get(self, organization_id: UUID, kind: str, identifier: str) -> bytes | None:
        """The secret, or None when there is none (see `note` for whether that was on purpose)."""
        record = self.record(organization_id)
        wrapped = record.secrets.get((kind, identifier))
        if wrapped is None:
            return None
        if record.root != self.root.name:
            raise WrongRoot(f"the key file of {organization_id} was wrapped by {record.root}, not {self.root.name}")
        return self.root.unwrap(wrapped, _context(organization_id, kind, identifier))

    def shelf_key(self, organization_id: UUID, version_id: UUID) -> bytes:
        """The key of one shelf version; ShelfDestroyed with a note of its destruction, ShelfLost without."""
        secret = self.get(organization_id, "shelf", str(version_id))
        if secret is not None:
            return secret
        if self.note(organization_id, "shelf", str(version_id)):
            raise ShelfDestroyed("shelf key destroyed on purpose", [version_id])
        raise ShelfLost("shelf key missing from the key store", [version_id])

    def ids(self, organization_id: UUID, kind: str) -> list[str]:
        """The ids of every secret of one kind, sorted."""
        return sorted(name for of, name in self.record(organization_id).secrets if of == kind)

    def note(self, organization_id: UUID, kind: str, identifier: str) -> str | None:
        """When this secret was destroyed on purpose (ISO 8601), or None."""
        return self.record(organization_id).destroyed.get((kind, identifier))

    def add(self, organization_id: UUID, kind: str, identifier: str, secret: bytes) -> bytes:
        """Store a secret under an id that has none; returns the one that is stored then (an earlier one wins)."""
        wrapped = self.root.wrap(secret, _context(organization_id, kind, identifier))

        def change(record: Record) -> Record:
            return (
                record if (kind, identifier) in record.secrets else record.with_secrets({(kind, identifier): wrapped})
            )

        stored = self._change(organization_id, change).secrets[kind, identifier]
        if stored == wrapped:
            return secret
        return self.root.unwrap(stored, _context(organization_id, kind, identifier))

    def add_shelf_key(self, organization_id: UUID, version_id: UUID, secret: bytes) -> None:
        """Store the key of a new shelf version in both places and read it back."""
        self.add(organization_id, "shelf", str(version_id), secret)

    def destroy(self, organization_id: UUID, kind: str, identifiers: Iterable[str]) -> int:
        """Rewrite both places without these secrets and read back that they are gone. How many there were."""
        gone: set[Entry] = {(kind, identifier) for identifier in identifiers}
        before = self.record(organization_id).secrets.keys() & gone
        record = self._change(
            organization_id,
            lambda record: record.without_secrets(gone, datetime.now(UTC)) if gone & record.secrets.keys() else record,
            shred_old=True,
        )
        if gone & record.secrets.keys():
            raise KeyStoreDown("a destroyed key read back; nothing may be certified")
        self._clean()
        return len(before)

    def destroy_shelf_key(self, organization_id: UUID, version_id: UUID) -> int:
        """Destroy the key of one shelf version; everything it wrapped is beyond recovery. Safe to repeat."""
        return self.destroy(organization_id, "shelf", [str(version_id)])

    def forget_notes(self, organization_id: UUID, before: datetime) -> None:
        """Drop notes of destructions older than every backup that could still mention the key."""
        self._change(organization_id, lambda record: record.without_notes(before))

    # -------------------------------------------------------------- public notes (signing key history)
    def public(self, organization_id: UUID) -> dict[str, dict[str, str]]:
        """What is stored beside the secrets in the clear because it is meant to be published."""
        return self.record(organization_id).public

    def change_public(
        self, organization_id: UUID, change: Callable[[dict[str, dict[str, str]]], dict[str, dict[str, str]]]
    ) -> None:
        """Replace the public notes by what `change` makes of them."""
        self._change(organization_id, lambda record: record.with_public(change(dict(record.public))))

    # -------------------------------------------------------------- whole store
    def organizations(self) -> list[UUID]:
        """Every organization with a key file in either place."""
        names = {name for place in self._places for name in place.names()}
        return sorted(UUID(name.removesuffix(FILE_SUFFIX)) for name in names)

    def record(self, organization_id: UUID) -> Record:
        """The organization's file from the primary, else from the mirror; an empty one when neither has it."""
        trouble: KeyStoreDamaged | KeyStoreDown | None = None
        for place in self._places:
            try:
                record = _read_record(place, organization_id)
            except (KeyStoreDamaged, KeyStoreDown) as error:
                logger.exception("key file of organization %s unreadable in %s", organization_id, place.describe())
                trouble = trouble or error
            else:
                if record is not None:
                    return record
        if trouble is not None:
            raise trouble
        return Record(organization_id, self.root.name)

    def repair(self) -> int:
        """Make both places equal, the higher revision winning; clear what a crash left. How many files were written.

        Also how a lost place is refilled: prepare an empty folder or bucket, then call this.
        """
        written = 0
        self._mark(*(place for place in self._places if place.read(MARKER)[0] is None))
        for organization_id in self.organizations():
            with self.primary.writing(), self.mirror.writing():
                written += self._level(organization_id)
        self._clean()
        return written

    def rewrap(self, new_root: Root) -> int:
        """Wrap every secret by another root and mark both places with it. Run with everything else stopped."""
        old = self.root
        for organization_id in self.organizations():

            def change(record: Record, organization_id: UUID = organization_id) -> Record:
                if record.root == new_root.name:
                    return record
                fresh = {}
                for (kind, name), wrapped in record.secrets.items():
                    context = _context(organization_id, kind, name)
                    fresh[kind, name] = new_root.wrap(old.unwrap(wrapped, context), context)
                return Record(
                    organization_id, new_root.name, record.revision + 1, fresh, record.destroyed, record.public
                )

            self._change(organization_id, change, shred_old=True)
        self.root = new_root
        self._mark(*self._places)
        return len(self.organizations())

    # -------------------------------------------------------------- writing
    def _clean(self) -> None:
        for place in self._places:
            with place.writing():
                place.clean()

    def _mark(self, *places: AnyPlace) -> None:
        for place in places:
            with place.writing():
                raw, tag = place.read(MARKER)
                content = canonical_json({"keystore": 1, "root": self.root.name})
                if raw != content:
                    try:
                        place.write(MARKER, content, tag)
                    except Conflict:
                        logger.info("another process marked %s first", place.describe())

    def _copies(self, organization_id: UUID) -> list[tuple[AnyPlace, Record | None, Tag]]:
        copies: list[tuple[AnyPlace, Record | None, Tag]] = []
        for place in self._places:
            raw, tag = place.read(_name(organization_id))
            record = None
            if raw is not None:
                try:
                    record = Record.from_bytes(raw, organization_id)
                except KeyStoreDamaged:
                    logger.exception("key file damaged: organization %s in %s", organization_id, place.describe())
            copies.append((place, record, tag))
        if all(record is None for _, record, _ in copies) and any(tag is not None for *_, tag in copies):
            raise KeyStoreDamaged(f"both copies of the key file of {organization_id} are damaged or gone")
        return copies

    def _change(self, organization_id: UUID, change: Callable[[Record], Record], *, shred_old: bool = False) -> Record:
        """Apply `change` to the newest copy, write primary then mirror, read both back."""
        for place in self._places:
            if place.read(MARKER)[0] is None:
                raise KeyStoreDown(f"{place.describe()} has lost its marker; run the key store's repair first")
        for _ in range(_TRIES):
            with self.primary.writing(), self.mirror.writing():
                try:
                    return self._change_once(organization_id, change, shred_old)
                except Conflict:
                    continue
        raise KeyStoreDown(f"the key file of {organization_id} keeps changing under us")

    def _change_once(self, organization_id: UUID, change: Callable[[Record], Record], shred_old: bool) -> Record:
        copies = self._copies(organization_id)
        newest = max((record for _, record, _ in copies if record), key=lambda record: record.revision, default=None)
        changed = change(newest or Record(organization_id, self.root.name))
        content = changed.to_bytes()
        for place, record, tag in copies:
            if changed.revision and (record is None or record.to_bytes() != content):
                place.write(_name(organization_id), content, tag, shred_old=shred_old)
                faults.point("keystore.after_a_place")
        for place in self._places:
            if changed.revision and place.read(_name(organization_id))[0] != content:
                raise KeyStoreDown(f"{place.describe()} does not read back what was written for {organization_id}")
        return changed

    def _level(self, organization_id: UUID) -> int:
        copies = self._copies(organization_id)
        newest = max((record for _, record, _ in copies if record), key=lambda record: record.revision, default=None)
        assert newest is not None, "one of the places has a file of this organization"
        content, written = newest.to_bytes(), 0
        for place, record, tag in copies:
            if record is None or record.to_bytes() != content:
                place.write(_name(organization_id), content, tag, shred_old=True)
                written += 1
        return written


def _read_record(place: AnyPlace, organization_id: UUID) -> Record | None:
    raw, _ = place.read(_name(organization_id))
    if raw is None:
        return None
    try:
        return Record.from_bytes(raw, organization_id)
    except KeyStoreDamaged:
        # A destruction overwrites the file it has just replaced; a reader that held the old one sees zeros. Look again.
        raw, _ = place.read(_name(organization_id))
        return None if raw is None else Record.from_bytes(raw, organization_id)


def _name(organization_id: UUID) -> str:
    return f"{organization_id}{FILE_SUFFIX}"


def _context(organization_id: UUID, kind: str, identifier: str) -> dict[str, str]:
    return {"organization": str(organization_id), "kind": kind, "id": identifier}
