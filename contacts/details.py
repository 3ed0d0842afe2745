"""What a contact consists of, in the clear: checked, in one spelling, and with the digests that find it. Pure but for
the blind keys."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from contacts.exceptions import InvalidDetails
from contacts.models import IdentifierKind
from ground import vault

NAME_LENGTH = 200
NOTE_LENGTH = 4000
REFERENCE_LENGTH = 200
PHONES_AT_MOST = 10
EMAILS_AT_MOST = 10
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Details:
    """Everything that is sealed. Phones are E.164; e-mail addresses as they were written, without outer spaces."""

    name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    external_id: str = ""
    note: str = ""
    consent_reference: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Details":
        """What `to_json` wrote."""
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        for name in ("phones", "emails"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "phones": list(self.phones),
            "emails": list(self.emails),
            "external_id": self.external_id,
            "note": self.note,
            "consent_reference": self.consent_reference,
        }

    @property
    def is_findable(self) -> bool:
        """Whether anything identifies the person."""
        return bool(self.name or self.phones or self.emails or self.external_id)

    def completed_by(self, newer: "Details") -> "Details":
        """These details with what `newer` adds: filled fields win, numbers and addresses are joined."""
        return Details(
            name=newer.name or self.name,
            phones=_joined(self.phones, newer.phones, IdentifierKind.PHONE)[:PHONES_AT_MOST],
            emails=_joined(self.emails, newer.emails, IdentifierKind.EMAIL)[:EMAILS_AT_MOST],
            external_id=newer.external_id or self.external_id,
            note=newer.note or self.note,
            consent_reference=newer.consent_reference or self.consent_reference,
        )


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with one person's details, field by field, without the values."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, code: str) -> None:
        self.found.append((name, code))


def checked(
    *,
    name: str = "",
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    external_id: str = "",
    note: str = "",
    consent_reference: str = "",
    region: str | None = None,
) -> Details:
    """Details fit to be kept; InvalidDetails names every field that is not. `region` reads national phone numbers."""
    problems = Problems()
    details = Details(
        name=_text(name, "name", NAME_LENGTH, problems),
        phones=_identifiers(phones, IdentifierKind.PHONE, "phones", PHONES_AT_MOST, problems, region),
        emails=_identifiers(emails, IdentifierKind.EMAIL, "emails", EMAILS_AT_MOST, problems),
        external_id=_text(external_id, "external_id", REFERENCE_LENGTH, problems),
        note=_text(note, "note", NOTE_LENGTH, problems, lines=True),
        consent_reference=_text(consent_reference, "consent_reference", REFERENCE_LENGTH, problems),
    )
    if not problems.found and not details.is_findable:
        problems.add("", "empty")
    if problems.found:
        raise InvalidDetails(problems.found)
    return details


def checked_language(language: str) -> str:
    """A BCP 47 language, or "". Raises InvalidDetails."""
    language = language.strip()
    if language and not _LANGUAGE.fullmatch(language):
        raise InvalidDetails([("language", "invalid")])
    return language


def digests(organization_id: UUID, details: Details) -> dict[bytes, str]:
    """Find digest -> kind, for everything that identifies the person."""
    values = [(IdentifierKind.PHONE, phone) for phone in details.phones]
    values += [(IdentifierKind.EMAIL, email) for email in details.emails]
    values += [(IdentifierKind.EXTERNAL_ID, details.external_id)] if details.external_id else []
    values += [(IdentifierKind.NAME, details.name)] if details.name else []
    found: dict[bytes, str] = {}
    for kind, value in values:
        try:
            found[vault.blind.digest(organization_id, "find", kind, value)] = kind.value
        except vault.blind.NotAnIdentifier:
            continue  # a name without a letter is kept but cannot be searched for
    return found


def without_names(details: Details) -> Details:
    """What identifies surely: two people may share a name."""
    return replace(details, name="")


def _text(given: object, name: str, length: int, problems: Problems, *, lines: bool = False) -> str:
    if not isinstance(given, str):
        problems.add(name, "not_text")
        return ""
    value: str = given
    if "\x00" in value:
        problems.add(name, "control_characters")
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        problems.add(name, "broken_text")
        return ""
    value = unicodedata.normalize("NFC", value).strip()
    value = value.replace("\r\n", "\n").replace("\r", "\n") if lines else " ".join(value.split())
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in value):
        problems.add(name, "control_characters")
        return ""
    if len(value) > length:
        problems.add(name, "too_long")
        return ""
    return value


def _identifiers(
    values: Iterable[str],
    kind: IdentifierKind,
    name: str,
    at_most: int,
    problems: Problems,
    region: str | None = None,
) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for value in values:
        if isinstance(value, str) and not value.strip():
            continue
        try:
            spelling = vault.blind.normalise(kind, value, region)
        except vault.blind.NotAnIdentifier:
            problems.add(name, "invalid_phone" if kind == IdentifierKind.PHONE else "invalid_email")
            continue
        kept.setdefault(
            spelling, spelling if kind == IdentifierKind.PHONE else unicodedata.normalize("NFC", value.strip())
        )
    if len(kept) > at_most:
        problems.add(name, "too_many")
        return ()
    return tuple(kept.values())


def _joined(older: tuple[str, ...], newer: tuple[str, ...], kind: IdentifierKind) -> tuple[str, ...]:
    seen = {vault.blind.normalise(kind, value): value for value in older}
    for value in newer:
        seen.setdefault(vault.blind.normalise(kind, value), value)
    return tuple(seen.values())
