"""Storing people in bulk: one engine for the form, the API's batch and the file import.

What is true afterwards: each person sent is one contact, whether the same line was sent once or ten times. A person is
recognised by the own reference, then by phone numbers and e-mail addresses; never by name alone. The number of queries
does not depend on the number of people. Keys are minted before the rows and confirmed after the commit.

Order inside one transaction: lock (one writer of contacts per organization) → match → open what matched → seal what
changed under fresh keys → insert, update → tally and holds. Old keys are retired by a job written here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from contacts.details import Details, digests, without_names
from contacts.exceptions import ReferenceTaken
from contacts.models import Contact, ContactIdentifier, IdentifierKind, LegalBasis, ListMembership, OnMatch, Source
from contacts.services.reading import CATEGORY, details_of
from ground import audit, inventory, vault
from ground.inventory import holds, superseded, tally
from ground.tenancy import Actor, acting_for, uuid7

_LOCK = 0x434F4E54  # first key of the two-key advisory lock: "CONT"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One person on the way in. Empty `legal_basis` and `language` leave what is stored."""

    details: Details
    legal_basis: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one person: added, updated, unchanged, skipped, or ambiguous (matches several contacts)."""

    outcome: str
    contact_id: UUID | None


@dataclass(slots=True)
class Person:
    """A contact while a batch is being worked out."""

    row: Contact
    details: Details
    is_new: bool
    reseal: bool = False
    changed: bool = False
    digests: dict[bytes, str] = field(default_factory=dict)


def upsert(
    *,
    organization_id: UUID,
    people: Sequence[Incoming],
    source: str = Source.API,
    on_match: str = OnMatch.UPDATE,
    list_id: UUID | None = None,
    by: Actor,
    at: datetime,
) -> list[Result]:
    """Store `people`, results in their order. Joins the caller's transaction or makes its own."""
    with acting_for(organization_id):
        lock(organization_id)
        inventory.ingest_lock(organization_id)
        batch = _Batch(organization_id, source, on_match, at)
        batch.load(people)
        results = [batch.place(person) for person in people]
        key_ids = batch.store()
        if list_id is not None:
            _put_on_list(organization_id, list_id, [result.contact_id for result in results if result.contact_id], at)
        counts: dict[str, Any] = {
            outcome: sum(result.outcome == outcome for result in results)
            for outcome in ("added", "updated", "unchanged", "skipped", "ambiguous")
        }
        if counts["added"] or counts["updated"]:
            audit.append("contacts.stored", organization_id=organization_id, actor=by, source=source, **counts)
        if key_ids:
            transaction.on_commit(lambda: vault.keys.confirm(organization_id, key_ids))
    return results


def lock(organization_id: UUID) -> None:
    """One writer of an organization's contacts at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, organization_id.int & 0x7FFFFFFF])


class _Batch:
    """The working memory of one `upsert`."""

    def __init__(self, organization_id: UUID, source: str, on_match: str, at: datetime) -> None:
        self.organization_id, self.source, self.on_match, self.at = organization_id, source, on_match, at
        self.by_id: dict[UUID, Person] = {}
        self.owners: dict[bytes, set[UUID]] = {}  # sure digest -> contacts that have it

    def load(self, people: Sequence[Incoming]) -> None:
        """Everybody already stored who has an identifier of somebody sent."""
        wanted = {
            digest for person in people for digest in digests(self.organization_id, without_names(person.details))
        }
        if not wanted:
            return
        rows = ContactIdentifier.objects.filter(organization_id=self.organization_id, digest__in=list(wanted))
        for contact_id, digest in rows.exclude(kind=IdentifierKind.NAME).values_list("contact_id", "digest"):
            self.owners.setdefault(bytes(digest), set()).add(contact_id)
        matched = {contact_id for owners in self.owners.values() for contact_id in owners}
        contacts = list(
            Contact.objects.select_for_update()
            .filter(organization_id=self.organization_id, id__in=matched)
            .order_by("id")
        )
        opened = details_of(self.organization_id, contacts)
        self.by_id = {row.id: Person(row, opened[row.id], is_new=False) for row in contacts}

    def place(self, incoming: Incoming) -> Result:
        """Decide for one person, taking those before it in the batch into account."""
        sure = digests(self.organization_id, without_names(incoming.details))
        reference = [digest for digest, kind in sure.items() if kind == IdentifierKind.EXTERNAL_ID]
        owners: set[UUID] = set().union(*(self.owners.get(digest, set()) for digest in reference))
        if not owners:
            owners = set().union(*(self.owners.get(digest, set()) for digest in sure))
            if incoming.details.external_id:  # somebody with another reference is somebody else
                owners = {owner for owner in owners if not self.by_id[owner].details.external_id}
        if len(owners) > 1:
            return Result("ambiguous", None)
        if not owners:
            return self._add(incoming, sure)
        return self._complete(self.by_id[owners.pop()], incoming, sure)

    def _add(self, incoming: Incoming, sure: Iterable[bytes]) -> Result:
        row = Contact(
            id=uuid7(),
            organization_id=self.organization_id,
            sealed_version=0,
            legal_basis=incoming.legal_basis or LegalBasis.UNSTATED,
            language=incoming.language,
            source=self.source,
            last_contact_at=self.at,
            created_at=self.at,
            updated_at=self.at,
        )
        self.by_id[row.id] = Person(row, incoming.details, is_new=True, reseal=True)
        for digest in sure:
            self.owners.setdefault(digest, set()).add(row.id)
        return Result("added", row.id)

    def _complete(self, person: Person, incoming: Incoming, sure: Iterable[bytes]) -> Result:
        if self.on_match == OnMatch.SKIP or person.row.held:  # a hold keeps the details as they are
            return Result("skipped", person.row.id)
        merged = person.details.completed_by(incoming.details)
        resealed = merged != person.details
        changed = resealed
        for name in ("legal_basis", "language"):
            value = getattr(incoming, name)
            if value and value != getattr(person.row, name):
                setattr(person.row, name, value)
                changed = True
        if not changed:
            return Result("unchanged", person.row.id)
        person.details, person.reseal = merged, person.reseal or resealed
        person.changed, person.row.updated_at = True, self.at
        for digest in sure:
            self.owners.setdefault(digest, set()).add(person.row.id)
        return Result("updated", person.row.id)

    def store(self) -> list[UUID]:
        """Write it all; returns the fresh keys to confirm after the commit."""
        people = list(self.by_id.values())
        fresh = seal_people(self.organization_id, [person for person in people if person.reseal], self.at)
        added = [person for person in people if person.is_new]
        changed = [person for person in people if not person.is_new and person.changed]
        Contact.objects.bulk_create(person.row for person in added)
        Contact.objects.bulk_update(
            [person.row for person in changed],
            ["key_id", "sealed", "sealed_version", "has_consent_reference", "legal_basis", "language", "updated_at"],
            batch_size=1000,
        )
        index(self.organization_id, [(p.row.id, p.details) for p in people if p.reseal])
        if added:
            tally.add(self.organization_id, CATEGORY, self.at, rows=len(added))
        holds.mark(Contact, self.organization_id, [person.row.id for person in people if person.reseal])
        return fresh


def seal_people(organization_id: UUID, people: Sequence[Person], at: datetime) -> list[UUID]:
    """Seal each person's details under a fresh key, into the unsaved rows; keys they had before are retired."""
    if not people:
        return []
    retired = [person.row.key_id for person in people if not person.is_new]
    keys = vault.keys.mint(organization_id, CATEGORY, at, count=len(people))
    for person, key in zip(people, keys, strict=True):
        row = person.row
        row.key_id, row.sealed_version = key.id, row.sealed_version + 1
        row.has_consent_reference = bool(person.details.consent_reference)
        row.sealed = vault.seal_json(
            key, person.details.to_json(), category=CATEGORY, object_id=row.id, version=row.sealed_version
        )
    ids = [key.id for key in keys]
    vault.keys.still_pending_ok(organization_id, ids)
    if retired:
        superseded.retire_keys(organization_id, retired, category=CATEGORY)
    return ids


def index(organization_id: UUID, people: Sequence[tuple[UUID, Details]]) -> None:
    """Make the identifiers of these contacts exactly those of their details. ReferenceTaken when one is another's."""
    if not people:
        return
    wanted = {contact_id: digests(organization_id, details) for contact_id, details in people}
    stored = ContactIdentifier.objects.filter(organization_id=organization_id, contact_id__in=list(wanted))
    gone: list[int] = []
    for row_id, contact_id, digest in stored.values_list("id", "contact_id", "digest"):
        if wanted[contact_id].pop(bytes(digest), None) is None:
            gone.append(row_id)
    if gone:
        ContactIdentifier.objects.filter(organization_id=organization_id, id__in=gone).delete()
    fresh = [
        ContactIdentifier(organization_id=organization_id, contact_id=contact_id, kind=kind, digest=digest)
        for contact_id, found in wanted.items()
        for digest, kind in found.items()
    ]
    references = [row.digest for row in fresh if row.kind == IdentifierKind.EXTERNAL_ID]
    if (
        references
        and ContactIdentifier.objects.filter(
            organization_id=organization_id, kind=IdentifierKind.EXTERNAL_ID, digest__in=references
        ).exists()
    ):
        raise ReferenceTaken("Another contact already has this reference.")
    ContactIdentifier.objects.bulk_create(fresh, batch_size=5000)


def _put_on_list(organization_id: UUID, list_id: UUID, contact_ids: Sequence[UUID], at: datetime) -> None:
    ListMembership.objects.bulk_create(
        (
            ListMembership(organization_id=organization_id, contact_list_id=list_id, contact_id=contact_id, added_at=at)
            for contact_id in dict.fromkeys(contact_ids)
        ),
        ignore_conflicts=True,
    )
