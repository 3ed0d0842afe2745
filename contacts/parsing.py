"""Reading a CSV file that strangers made, in bounded memory: encoding, delimiter, header, rows. Pure."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contacts.details import Details, checked, checked_language
from contacts.exceptions import ImportRefused, InvalidDetails
from contacts.services.upserting import Incoming
from ground.inventory.spreadsheets import bare_cell

FILE_BYTES_AT_MOST = 20 * 1024 * 1024
ROWS_AT_MOST = 200_000
COLUMNS_AT_MOST = 100
CELL_CHARACTERS_AT_MOST = 20_000
FIELDS = (
    "name",
    "first_name",
    "last_name",
    "phone",
    "email",
    "external_id",
    "note",
    "language",
    "consent_reference",
)
SEVERAL = ("phone", "email")
_ENCODINGS = ("utf-8-sig", "cp1252")
_DELIMITERS = (",", ";", "\t", "|")
_LOOKS_LIKE_DATA = re.compile(r"\+?[\d\s()./-]{6,}|[^@\s]+@[^@\s]+\.[^@\s]+")
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "full name", "fullname", "contact", "nom complet", "vollstandiger name", "nombre"),
    "first_name": ("first name", "firstname", "given name", "prenom", "vorname"),
    "last_name": ("last name", "lastname", "surname", "family name", "nom", "nachname", "apellido"),
    "phone": ("phone", "phone number", "telephone", "tel", "mobile", "cell", "telefon", "handy", "portable", "numero"),
    "email": ("email", "e mail", "mail", "email address", "e mail address", "courriel", "adresse e mail"),
    "external_id": ("id", "external id", "reference", "ref", "customer id", "crm id", "kundennummer", "client"),
    "note": ("note", "notes", "comment", "comments", "remarque", "bemerkung", "notiz"),
    "language": ("language", "lang", "locale", "langue", "sprache"),
    "consent_reference": ("consent", "consent reference", "consent id", "opt in", "consentement", "einwilligung"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written, and its first rows."""

    encoding: str
    delimiter: str
    has_header: bool
    header: list[str]
    sample: list[list[str]]
    rows: int  # without the header


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: as a spreadsheet counts (the header is row 1). `cells` None: the row cannot be read."""

    number: int
    cells: list[str] | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """One row as a person, or the (field, code) pairs that keep it from being one."""

    number: int
    incoming: Incoming | None
    problems: list[tuple[str, str]]


def shape_of(content: bytes) -> Shape:
    """Look at a whole file once. ImportRefused: empty, too_large, encoding, too_many_rows, too_many_columns."""
    if len(content) > FILE_BYTES_AT_MOST:
        raise ImportRefused("too_large")
    if not content.strip(b"\xef\xbb\xbf \r\n\t\x00"):
        raise ImportRefused("empty")
    encoding = _encoding(content)
    start = content[:65536].decode(encoding, errors="ignore")
    delimiter = max(_DELIMITERS, key=lambda mark: start.split("\n", 1)[0].count(mark))
    header: list[str] = []
    sample: list[list[str]] = []
    count = 0
    for row in rows_of([content], encoding=encoding, delimiter=delimiter):
        count += 1
        if count > ROWS_AT_MOST + 1:
            raise ImportRefused("too_many_rows")
        if row.cells is None:
            if count == 1:
                raise ImportRefused("too_many_columns")
            continue
        if count == 1:
            header = row.cells
        elif len(sample) < 3:
            sample.append(row.cells)
    if len(header) > COLUMNS_AT_MOST:
        raise ImportRefused("too_many_columns")
    if not any(header):
        raise ImportRefused("empty")
    has_header = not any(_LOOKS_LIKE_DATA.fullmatch(cell.strip()) for cell in header)
    if not has_header:
        sample.insert(0, header)
    return Shape(encoding, delimiter, has_header, header, sample[:3], count - has_header)


def rows_of(pieces: Iterable[bytes], *, encoding: str, delimiter: str) -> Iterator[Row]:
    """Every record, numbered from 1; blank lines are passed over but counted by nobody."""
    text = io.TextIOWrapper(io.BufferedReader(_Pieces(pieces)), encoding=encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter)
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            number += 1
            yield Row(number, None)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        too_long = any(len(cell) > CELL_CHARACTERS_AT_MOST for cell in cells) or len(cells) > COLUMNS_AT_MOST
        yield Row(number, None if too_long else cells)


def guessed_mapping(header: Sequence[str]) -> dict[str, str]:
    """Column number (as text) -> field, from the words of the header; columns that say nothing are left out."""
    mapping: dict[str, str] = {}
    for column, heading in enumerate(header):
        words = _plain(heading)
        for name, known in _HEADINGS.items():
            fits = words in known or words.rstrip("s 0123456789") in known
            if fits and (name in SEVERAL or name not in mapping.values()):
                mapping[str(column)] = name
                break
    if "first_name" not in mapping.values() and "name" not in mapping.values():
        mapping = {column: "name" if name == "last_name" else name for column, name in mapping.items()}
    return mapping


def checked_mapping(mapping: Mapping[str, str], columns: int) -> dict[str, str]:
    """A mapping that can be used; ImportRefused: unknown_field, field_twice, nothing_identifies."""
    kept = {str(int(column)): name for column, name in mapping.items() if name and str(column).isdigit()}
    for column, name in kept.items():
        if name not in FIELDS or int(column) >= columns:
            raise ImportRefused("unknown_field")
    single = [name for name in kept.values() if name not in SEVERAL]
    if len(single) != len(set(single)):
        raise ImportRefused("field_twice")
    if not set(kept.values()) & {"name", "first_name", "last_name", "phone", "email", "external_id"}:
        raise ImportRefused("nothing_identifies")
    return kept


def parsed(row: Row, mapping: Mapping[str, str], *, region: str | None, legal_basis: str) -> Parsed:
    """One row as a person. Pure; problems name fields and codes, never what stood there."""
    if row.cells is None:
        return Parsed(row.number, None, [("", "unreadable")])
    values: dict[str, list[str]] = {}
    for column, name in mapping.items():
        place = int(column)
        if place < len(row.cells) and row.cells[place].strip():
            values.setdefault(name, []).append(bare_cell(row.cells[place]))

    def one(name: str) -> str:
        return values.get(name, [""])[0]

    try:
        details: Details = checked(
            name=one("name") or " ".join(filter(None, (one("first_name"), one("last_name")))),
            phones=values.get("phone", []),
            emails=values.get("email", []),
            external_id=one("external_id"),
            note=one("note"),
            consent_reference=one("consent_reference"),
            region=region,
        )
        language = checked_language(one("language"))
    except InvalidDetails as error:
        return Parsed(row.number, None, error.problems)
    return Parsed(row.number, Incoming(details, legal_basis, language), [])


class _Pieces(io.RawIOBase):
    """A readable file over pieces of bytes."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return 0
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = _ENCODINGS
    for encoding in candidates:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ImportRefused("encoding")


def _plain(heading: str) -> str:
    letters = unicodedata.normalize("NFKD", heading.casefold())
    letters = "".join(character for character in letters if not unicodedata.combining(character))
    return " ".join(re.sub(r"[^\w]+|_", " ", letters).split())
