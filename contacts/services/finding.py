"""Finding people by blind index, and moving their clock when they were spoken to."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from contacts.exceptions import UnknownContact
from contacts.models import Contact, ContactIdentifier, IdentifierKind
from ground import vault
from ground.inventory import tally
from ground.profiles import Category
from ground.tenancy import acting_for


def get(organization_id: UUID, contact_id: UUID, *, lock: bool = False) -> Contact:
    """The contact; raises UnknownContact. The caller acts for the organization."""
    contacts = Contact.objects.select_for_update() if lock else Contact.objects
    found: Contact | None = contacts.filter(organization_id=organization_id, id=contact_id).first()
    if found is None:
        raise UnknownContact(str(contact_id))
    return found


def by_digests(organization_id: UUID, digests: Iterable[bytes]) -> QuerySet[Contact]:
    """Contacts with any of these find digests."""
    wanted = ContactIdentifier.objects.filter(organization_id=organization_id, digest__in=list(digests))
    return Contact.objects.filter(organization_id=organization_id, id__in=wanted.values("contact_id"))


def find(organization_id: UUID, value: str, *, kind: str | None = None, region: str | None = None) -> QuerySet[Contact]:
    """Contacts with this number, address, reference or name, however it is written. Nothing is guessed beyond that.

    Without `kind` everything the value can be is tried. Raises NotAnIdentifier when it can be nothing.
    """
    digests: list[bytes] = []
    for candidate in [kind] if kind else IdentifierKind.values:
        try:
            digests += vault.blind.candidates(organization_id, "find", candidate, value, region)
        except vault.blind.NotAnIdentifier:
            continue
    if not digests:
        raise vault.blind.NotAnIdentifier("no phone number, e-mail address, reference or name")
    return by_digests(organization_id, digests)


def touched(organization_id: UUID, digests: Iterable[bytes], at: datetime) -> int:
    """These people were spoken to at `at`: their clock moves forward, never back. Returns how many moved.

    Joins the caller's transaction; the tally moves with the clock.
    """
    wanted = sorted({bytes(digest) for digest in digests if digest})
    if not wanted:
        return 0
    with acting_for(organization_id), connection.cursor() as cursor:
        cursor.execute(
            "WITH due AS (SELECT c.id, c.last_contact_at AS was FROM contacts_contact c "
            "WHERE c.organization_id = %(organization)s AND c.last_contact_at < %(at)s AND c.id IN ("
            "SELECT i.contact_id FROM contacts_contactidentifier i "
            "WHERE i.organization_id = %(organization)s AND i.digest = ANY(%(digests)s::bytea[]) "
            "AND i.kind <> 'name') ORDER BY c.id FOR UPDATE) "
            "UPDATE contacts_contact c SET last_contact_at = %(at)s FROM due WHERE c.id = due.id RETURNING due.was",
            {"organization": organization_id, "at": at, "digests": wanted},
        )
        before = [row[0] for row in cursor.fetchall()]
        if before:
            days: dict[date, tally.Amount] = {}
            for was in before:
                day = was.astimezone(UTC).date()
                days[day] = days.get(day, tally.NOTHING) + tally.Amount(-1, 0)
            now = at.astimezone(UTC).date()
            days[now] = days.get(now, tally.NOTHING) + tally.Amount(len(before), 0)
            tally.add_many(organization_id, Category.CONTACT, days)
    return len(before)
