"""What the contacts app holds about people, and what it does not."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from contacts.models import Contact, ContactIdentifier, ContactImport, ContactList, ImportProblem, ListMembership
from contacts.services.reading import details_of
from ground.inventory import HoldScope, PersonalData, Subject, declare, no_personal_data
from ground.inventory.declarations import ScopeKind

_KINDS = ("phone", "email", "external_id")  # a name alone finds nobody: namesakes are other people


def _with_any(digests: list[bytes]) -> Q:
    return Q(id__in=ContactIdentifier.objects.filter(digest__in=digests).values("contact_id"))


def _of_person(subject: Subject) -> Q:
    return _with_any([digest for kind in _KINDS for digest in subject.digests(kind)])


def _export(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    details = details_of(organization_id, rows)
    return [
        {
            **details[row.id].to_json(),
            "legal_basis": row.legal_basis,
            "source": row.source,
            "language": row.language,
            "added": row.created_at.isoformat(),
            "last_contact": row.last_contact_at.isoformat(),
        }
        for row in rows
    ]


def _held(scope: HoldScope) -> Q | None:
    if scope.kind != ScopeKind.CONTACT:
        return None
    where = _with_any([digest for digests in scope.digests.values() for digest in digests])
    return where | Q(id=scope.contact_id) if scope.contact_id else where


declare(
    PersonalData(
        model=Contact,
        category="contact",
        subjects="people the organization knows",
        holds="name, phone numbers, e-mail addresses, own reference, note, proof of consent; why and from where",
        purpose="calling people and recognising who calls",
        legal_basis="as the organization states for each contact",
        recipients=("the organization",),
        clock="last_contact_at",
        key="key_id",
        find=_of_person,
        export=_export,
        hold=_held,
    )
)


def _export_import(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"received": row.created_at.isoformat(), "rows": row.rows_total} for row in rows]


def _nobody(subject: Subject) -> Q | None:
    return None


declare(
    PersonalData(
        model=ContactImport,
        category="contact",
        subjects="people in a file on its way into the contacts",
        holds="the uploaded file, sealed, until a day after its import",
        purpose="importing contacts and telling which lines could not be read",
        legal_basis="as the organization states for the import",
        recipients=("the organization",),
        clock="created_at",
        key="key_id",
        objects="object_name",
        size="stored_bytes",
        find=_nobody,
        export=_export_import,
    )
)
no_personal_data(ContactIdentifier, "keyed digests only; each leaves with its contact (foreign key)")
no_personal_data(ContactList, "the name of a list; the people on it are contacts")
no_personal_data(ListMembership, "which contact is on which list; leaves with the contact (foreign key)")
no_personal_data(ImportProblem, "row numbers and codes; leaves with its import (foreign key)")
