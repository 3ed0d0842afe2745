"""Lists of contacts: making them, and who is on them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower

from contacts.exceptions import InvalidDetails, ListNameTaken, UnknownList
from contacts.models import Contact, ContactList, ListMembership
from ground import audit
from ground.tenancy import Actor, acting_for

NAME_LENGTH = 120


def lists_of(organization_id: UUID) -> QuerySet[ContactList]:
    """The organization's lists by name."""
    return ContactList.objects.filter(organization_id=organization_id).order_by(Lower("name"))


def get_list(organization_id: UUID, list_id: UUID) -> ContactList:
    """The list; raises UnknownList. The caller acts for the organization."""
    found: ContactList | None = lists_of(organization_id).filter(id=list_id).first()
    if found is None:
        raise UnknownList(str(list_id))
    return found


def create_list(*, organization_id: UUID, name: str, by: Actor, at: datetime) -> ContactList:
    """A new, empty list. Raises ListNameTaken, whatever the case of the letters."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidDetails([("name", "invalid")])
    with acting_for(organization_id):
        try:
            with transaction.atomic():
                made = ContactList.objects.create(organization_id=organization_id, name=name, created_at=at)
        except IntegrityError as error:
            raise ListNameTaken("Another list has this name.") from error
        audit.append(
            "contacts.list_created", organization_id=organization_id, actor=by, object_type="list", object_id=made.id
        )
    return made


def remove_list(*, organization_id: UUID, list_id: UUID, by: Actor) -> None:
    """The list goes; the contacts on it stay."""
    with acting_for(organization_id):
        found = get_list(organization_id, list_id)
        ListMembership.objects.filter(organization_id=organization_id, contact_list=found).delete()
        found.delete()
        audit.append(
            "contacts.list_removed", organization_id=organization_id, actor=by, object_type="list", object_id=list_id
        )


def put_on_list(*, organization_id: UUID, list_id: UUID, contact_ids: Sequence[UUID], by: Actor, at: datetime) -> int:
    """Put contacts on a list; those already there stay once. Unknown ids are passed over. Returns how many are new."""
    with acting_for(organization_id):
        found = get_list(organization_id, list_id)
        known = set(
            Contact.objects.filter(organization_id=organization_id, id__in=list(contact_ids)).values_list(
                "id", flat=True
            )
        )
        there = set(
            ListMembership.objects.filter(
                organization_id=organization_id, contact_list=found, contact_id__in=known
            ).values_list("contact_id", flat=True)
        )
        ListMembership.objects.bulk_create(
            (
                ListMembership(organization_id=organization_id, contact_list=found, contact_id=contact_id, added_at=at)
                for contact_id in sorted(known - there)
            ),
            ignore_conflicts=True,
        )
        audit.append(
            "contacts.put_on_list",
            organization_id=organization_id,
            actor=by,
            object_type="list",
            object_id=list_id,
            contacts=len(known - there),
        )
    return len(known - there)


def take_off_list(*, organization_id: UUID, list_id: UUID, contact_ids: Sequence[UUID], by: Actor) -> int:
    """Take contacts off a list; they stay contacts. Returns how many were on it."""
    with acting_for(organization_id):
        found = get_list(organization_id, list_id)
        count, _ = ListMembership.objects.filter(
            organization_id=organization_id, contact_list=found, contact_id__in=list(contact_ids)
        ).delete()
        audit.append(
            "contacts.taken_off_list",
            organization_id=organization_id,
            actor=by,
            object_type="list",
            object_id=list_id,
            contacts=count,
        )
    return count
