"""Opening what is sealed: many at once for a page, one in full for a person who gave a reason to look."""

from collections.abc import Iterable
from uuid import UUID

from contacts.details import Details
from contacts.models import Contact
from ground import audit, vault
from ground.profiles import Category
from ground.tenancy import Actor

CATEGORY = Category.CONTACT


def details_of(organization_id: UUID, contacts: Iterable[Contact]) -> dict[UUID, Details]:
    """Contact id -> details, with one look into the keyring. Raises KeyLost, Tampered and other VaultErrors."""
    rows = list(contacts)
    if not rows:
        return {}
    keys = vault.keys.open(organization_id, [row.key_id for row in rows])
    return {
        row.id: Details.from_json(
            vault.unseal_json(
                keys[row.key_id],
                bytes(row.sealed),
                category=CATEGORY,
                object_id=row.id,
                version=row.sealed_version,
            )
        )
        for row in rows
    }


def reveal(*, organization_id: UUID, contact: Contact, by: Actor) -> Details:
    """The details in full; the look is an access event the organization can read. The caller acts for it."""
    details = details_of(organization_id, [contact])[contact.id]
    audit.append(
        "contacts.revealed",
        organization_id=organization_id,
        actor=by,
        object_type="contact",
        object_id=contact.id,
        stream="access",
    )
    return details
