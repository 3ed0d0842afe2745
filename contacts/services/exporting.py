"""Taking contacts out as CSV. What leaves the platform is written down before its first byte."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import QuerySet

from accounts import lists
from contacts.details import Details
from contacts.models import Contact
from contacts.services.reading import details_of
from ground import vault
from ground.tenancy import Actor

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


def as_csv(*, organization_id: UUID, rows: QuerySet[Contact], order: lists.Order, by: Actor) -> Iterator[str]:
    """These contacts in this order, line by line, in the clear. Written down before the first line. A contact whose
    key is lost or whose seal is broken leaves its line, marked unreadable; an outage ends the stream.
    """

    def cells(batch: Sequence[Contact]) -> list[tuple[object, ...]]:
        opened = _opened(organization_id, list(batch))
        return [_cells(row, opened.get(row.id)) for row in batch]

    return lists.csv_rows(
        rows,
        order,
        organization_id=organization_id,
        kind="contacts.list_exported",
        by=by,
        header=COLUMNS,
        cells=cells,
        step=BATCH,
    )


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
