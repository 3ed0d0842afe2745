"""Pages of contacts: keyset, newest first, never a count of everything."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from contacts.models import Contact, ContactList, ListMembership


@dataclass(frozen=True, slots=True)
class Page:
    """`newer` and `older`: the id to continue from, "" at the ends."""

    rows: list[Contact]
    newer: str
    older: str


def page_of(
    organization_id: UUID, *, before: str | None, after: str | None, on_list: ContactList | None, size: int
) -> Page:
    """One page before or after an id; the first page for an id that is none."""
    rows: QuerySet[Contact] = Contact.objects.filter(organization_id=organization_id)
    if on_list is not None:
        members = ListMembership.objects.filter(organization_id=organization_id, contact_list=on_list)
        rows = rows.filter(id__in=members.values("contact_id"))
    edge_before, edge_after = _id(before), _id(after)
    if edge_after is not None:
        found = list(rows.filter(id__gt=edge_after).order_by("id")[: size + 1])
        more, shown = len(found) > size, list(reversed(found[:size]))
        return Page(shown, str(shown[0].id) if more else "", str(shown[-1].id) if shown else "")
    if edge_before is not None:
        rows = rows.filter(id__lt=edge_before)
    found = list(rows.order_by("-id")[: size + 1])
    shown = found[:size]
    older = str(shown[-1].id) if len(found) > size else ""
    return Page(shown, str(shown[0].id) if shown and edge_before is not None else "", older)


def lists_of_contact(organization_id: UUID, contact_id: UUID) -> list[ContactList]:
    """The lists somebody is on, by name."""
    places = ListMembership.objects.filter(organization_id=organization_id, contact_id=contact_id)
    return list(
        ContactList.objects.filter(organization_id=organization_id, id__in=places.values("contact_list_id")).order_by(
            "name"
        )
    )


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
