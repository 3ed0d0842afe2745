"""Taking contacts out as CSV. What leaves the platform is written down before its first byte."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet

from contacts.details import Details
from contacts.models import Contact, ContactList, ListMembership
from contacts.services.finding import find
from contacts.services.reading import details_of
from ground import audit, vault
from ground.inventory.spreadsheets import csv_lines
from ground.tenancy import Actor, acting_for

COLUMNS = (
    "contact",
    "name",
    "phones",
    "emails",
    "external_id",
    "note",
    "legal_basis",
    "consent_reference",
    "source",
    "language",
    "state",
    "added_at",
    "last_contact_at",
    "held",
    "readable",
)
BATCH = 200
COUNTED_AT_MOST = 10_001


def as_csv(
    *, organization_id: UUID, on_list: ContactList | None = None, value: str = "", region: str | None = None, by: Actor
) -> Iterator[str]:
    """The contacts on a list, those with an identifier, or all: newest first, line by line, in the clear.

    Raises NotAnIdentifier for a `value` that is none. Written down before the first line; every batch opens a
    transaction of its own, so nothing is held while the receiver reads. A contact whose key is lost or whose seal is
    broken leaves its line, marked unreadable; an outage ends the stream.
    """
    with acting_for(organization_id):
        rows = _matching(organization_id, on_list, value, region)
        audit.append(
            "contacts.list_exported",
            organization_id=organization_id,
            actor=by,
            object_type="contact_list" if on_list else "",
            object_id=on_list.id if on_list else None,
            stream=audit.ACCESS,
            contacts_at_most=rows[:COUNTED_AT_MOST].count(),
            found=bool(value),
        )
    return csv_lines(COLUMNS, _rows(organization_id, on_list, value, region))


def _matching(organization_id: UUID, on_list: ContactList | None, value: str, region: str | None) -> QuerySet[Contact]:
    rows: QuerySet[Contact] = Contact.objects.filter(organization_id=organization_id)
    if value:
        rows = find(organization_id, value, region=region)
    if on_list is not None:
        members = ListMembership.objects.filter(organization_id=organization_id, contact_list=on_list)
        rows = rows.filter(id__in=members.values("contact_id"))
    return rows


def _rows(
    organization_id: UUID, on_list: ContactList | None, value: str, region: str | None
) -> Iterator[tuple[object, ...]]:
    last: UUID | None = None
    while True:
        with acting_for(organization_id):
            rows = _matching(organization_id, on_list, value, region).order_by("-id")
            batch = list(rows.filter(id__lt=last)[:BATCH] if last else rows[:BATCH])
            opened = _opened(organization_id, batch)
        yield from (_cells(row, opened.get(row.id)) for row in batch)
        if len(batch) < BATCH:
            return
        last = batch[-1].id


def _opened(organization_id: UUID, rows: list[Contact]) -> dict[UUID, Details]:
    """Details by contact; those that nobody can open any more are left out. Raises Unavailable."""
    try:
        return details_of(organization_id, rows)
    except vault.Unavailable:
        raise
    except vault.VaultError:
        if len(rows) == 1:
            return {}
        return {key: found for row in rows for key, found in _opened(organization_id, [row]).items()}


def _cells(row: Contact, details: Details | None) -> tuple[object, ...]:
    shown = details or Details()
    return (
        row.id,
        shown.name,
        "; ".join(shown.phones),
        "; ".join(shown.emails),
        shown.external_id,
        shown.note,
        row.legal_basis,
        shown.consent_reference,
        row.source,
        row.language,
        row.state,
        row.created_at,
        row.last_contact_at,
        "yes" if row.held else "no",
        "yes" if details else "no",
    )
