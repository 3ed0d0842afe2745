"""People an organization knows, the lists they are on, and the files they came from."""

from contacts.models.contacts import Contact, ContactIdentifier, ContactState, IdentifierKind, LegalBasis, Source
from contacts.models.imports import ContactImport, ImportProblem, ImportState, OnMatch
from contacts.models.lists import ContactList, ListMembership

__all__ = [
    "Contact",
    "ContactIdentifier",
    "ContactImport",
    "ContactList",
    "ContactState",
    "IdentifierKind",
    "ImportProblem",
    "ImportState",
    "LegalBasis",
    "ListMembership",
    "OnMatch",
    "Source",
]
