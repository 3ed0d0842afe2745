"""Reads of contacts and of the lists they are on."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, Q

from contacts.models import ContactList, ListMembership


def on_list(organization_id: UUID, list_id: UUID) -> Q:
    """Contacts on this list."""
    members = ListMembership.objects.filter(organization_id=organization_id, contact_list_id=list_id)
    return Q(id__in=members.values("contact_id"))


def lists_of_contact(organization_id: UUID, contact_id: UUID) -> list[ContactList]:
    """The lists somebody is on, by name."""
    places = ListMembership.objects.filter(organization_id=organization_id, contact_id=contact_id)
    return list(
        ContactList.objects.filter(organization_id=organization_id, id__in=places.values("contact_list_id")).order_by(
            "name"
        )
    )


def how_many_on(organization_id: UUID, list_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many contacts are on each of these lists; a list without any is left out."""
    members = ListMembership.objects.filter(organization_id=organization_id, contact_list_id__in=list(list_ids))
    return dict(members.values_list("contact_list_id").annotate(Count("id")))
