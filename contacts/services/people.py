"""One person at a time: add, change, merge, remove."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from contacts.details import Details, checked_language
from contacts.exceptions import ChangedMeanwhile, NothingToMerge, OnLegalHold, ReferenceTaken
from contacts.models import Contact, LegalBasis, ListMembership, Source
from contacts.services.finding import by_digests, get
from contacts.services.reading import details_of
from contacts.services.upserting import Person, index, lock, seal_people
from ground import audit, inventory, jobs, vault
from ground.inventory import destruction, holds, tally
from ground.inventory.destruction import Reason
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

MERGED_AT_MOST = 100


def add(
    *,
    organization_id: UUID,
    details: Details,
    legal_basis: str = LegalBasis.UNSTATED,
    source: str = Source.MEMBER,
    language: str = "",
    by: Actor,
    at: datetime,
) -> Contact:
    """A new contact, also when somebody with the same number exists. ReferenceTaken for a reference already in use."""
    row = Contact(
        id=uuid7(),
        organization_id=organization_id,
        sealed_version=0,
        legal_basis=LegalBasis(legal_basis),
        source=Source(source),
        language=checked_language(language),
        last_contact_at=at,
        created_at=at,
        updated_at=at,
    )
    with acting_for(organization_id):
        lock(organization_id)
        inventory.ingest_lock(organization_id)
        _refuse_taken_reference(organization_id, details, None)
        fresh = seal_people(organization_id, [Person(row, details, is_new=True)], at)
        row.save(force_insert=True)
        index(organization_id, [(row.id, details)])
        tally.add(organization_id, Category.CONTACT, at)
        holds.mark(Contact, organization_id, [row.id])
        _record("contacts.added", organization_id, by, row.id)
        transaction.on_commit(lambda: vault.keys.confirm(organization_id, fresh))
    return row


def update(
    *,
    organization_id: UUID,
    contact_id: UUID,
    details: Details | None = None,
    legal_basis: str | None = None,
    language: str | None = None,
    state: str | None = None,
    seen_version: int | None = None,
    by: Actor,
    at: datetime,
) -> Contact:
    """Replace what is given. New details are sealed under a new key and the old key is destroyed.

    `seen_version`: the `sealed_version` the change is based on; ChangedMeanwhile when it is no longer that. OnLegalHold
    when a hold or restriction keeps the details: a change would destroy the version that is held.
    """
    with acting_for(organization_id):
        lock(organization_id)
        inventory.ingest_lock(organization_id)
        row = get(organization_id, contact_id, lock=True)
        if seen_version is not None and row.sealed_version != seen_version:
            raise ChangedMeanwhile("Somebody changed this contact meanwhile. Look again.")
        if legal_basis is not None:
            row.legal_basis = LegalBasis(legal_basis)
        if language is not None:
            row.language = checked_language(language)
        if state is not None:
            row.state = state
        fresh: list[UUID] = []
        if details is not None and details != details_of(organization_id, [row])[row.id]:
            if row.held:
                raise OnLegalHold("A legal hold keeps these details as they are.")
            _refuse_taken_reference(organization_id, details, row.id)
            fresh = seal_people(organization_id, [Person(row, details, is_new=False)], at)
            index(organization_id, [(row.id, details)])
        row.updated_at = at
        row.save()
        holds.mark(Contact, organization_id, [row.id])
        _record("contacts.changed", organization_id, by, row.id, resealed=bool(fresh))
        if fresh:
            transaction.on_commit(lambda: vault.keys.confirm(organization_id, fresh))
    return row


def merge(*, organization_id: UUID, keep_id: UUID, other_ids: Sequence[UUID], by: Actor, at: datetime) -> Contact:
    """One person was entered several times: `keep_id` takes over what the others add, and the others are destroyed.

    Own transactions: first the joined details are committed together with a job, then the others go; after a crash
    the job does it. OnLegalHold when one of them is held.
    """
    others = [contact_id for contact_id in dict.fromkeys(other_ids) if contact_id != keep_id]
    if not 1 <= len(others) <= MERGED_AT_MOST:
        raise NothingToMerge(f"Name 1 to {MERGED_AT_MOST} other contacts.")
    with acting_for(organization_id):
        lock(organization_id)
        inventory.ingest_lock(organization_id)
        rows = [get(organization_id, contact_id, lock=True) for contact_id in sorted([keep_id, *others])]
        kept = next(row for row in rows if row.id == keep_id)
        gone = [row for row in rows if row.id != keep_id]
        if any(row.held for row in rows):
            raise OnLegalHold("A legal hold keeps one of these contacts.")
        opened = details_of(organization_id, rows)
        joined = opened[keep_id]
        for row in gone:
            joined = opened[row.id].completed_by(joined)
        moved = max(row.last_contact_at for row in rows)
        if moved > kept.last_contact_at:
            tally.add(organization_id, Category.CONTACT, kept.last_contact_at, rows=-1)
            tally.add(organization_id, Category.CONTACT, moved)
            kept.last_contact_at = moved
        # The others let go of their identifiers first: a reference belongs to one contact at a time.
        index(organization_id, [(row.id, Details()) for row in gone])
        fresh = seal_people(organization_id, [Person(kept, joined, is_new=False)], at)
        index(organization_id, [(keep_id, joined)])
        kept.updated_at = at
        kept.save()
        holds.mark(Contact, organization_id, [keep_id])
        for list_id in ListMembership.objects.filter(
            organization_id=organization_id, contact_id__in=[row.id for row in gone]
        ).values_list("contact_list_id", flat=True):
            ListMembership.objects.get_or_create(
                organization_id=organization_id, contact_list_id=list_id, contact_id=keep_id
            )
        _record("contacts.merged", organization_id, by, keep_id, others=len(gone))
        jobs.enqueue(
            "contacts.destroy_merged",
            organization_id=organization_id,
            arguments={"contacts": [str(contact_id) for contact_id in others]},
        )
        transaction.on_commit(lambda: vault.keys.confirm(organization_id, fresh))
    destroy_merged(organization_id, others, by=by)
    return kept


def destroy_merged(organization_id: UUID, contact_ids: Sequence[UUID], *, by: Actor) -> None:
    """The second half of a merge: contacts that let go of their identifiers are destroyed. Safe to repeat."""
    destruction.destroy_now(
        Contact, organization_id, where=Q(id__in=list(contact_ids)), reason=Reason.SUPERSEDED, by=by
    )


def remove(*, organization_id: UUID, contact_ids: Sequence[UUID], by: Actor) -> destruction.Outcome:
    """Destroy contacts before their time: key first, then rows. Held ones stay (`outcome.kept` or not counted).

    Must not run inside a transaction.
    """
    return destruction.destroy_now(
        Contact, organization_id, where=Q(id__in=list(contact_ids)), reason=Reason.MEMBER, by=by
    )


def _refuse_taken_reference(organization_id: UUID, details: Details, own_id: UUID | None) -> None:
    if not details.external_id:
        return
    digest = vault.blind.digest(organization_id, "find", "external_id", details.external_id)
    owners = by_digests(organization_id, [digest])
    if (owners if own_id is None else owners.exclude(id=own_id)).exists():
        raise ReferenceTaken("Another contact already has this reference.")


def _record(kind: str, organization_id: UUID, by: Actor, contact_id: UUID, **payload: Any) -> None:
    audit.append(
        kind, organization_id=organization_id, actor=by, object_type="contact", object_id=contact_id, **payload
    )
