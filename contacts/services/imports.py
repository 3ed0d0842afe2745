"""Importing a file: receive → name the columns → check → store. Nothing is stored before it was checked.

Invariant: a line's contact, its counters and the import's position commit together, so a killed worker goes on exactly
where the last committed batch ended, and the same file twice changes nothing. The file lies sealed in the object store
from the first moment to a day after the end; the database holds row numbers and codes, never a cell.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from contacts import parsing
from contacts.details import digests, without_names
from contacts.exceptions import ImportRefused, UnknownImport
from contacts.models import ContactIdentifier, ContactImport, ImportProblem, ImportState, LegalBasis, OnMatch, Source
from contacts.notices import FINISHED, STOPPED
from contacts.services.lists import get_list
from contacts.services.upserting import upsert
from delivery.services import notices
from ground import audit, faults, inventory, jobs, vault
from ground.inventory import destruction, holds, spreadsheets, tally
from ground.inventory.destruction import Reason
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7
from ground.tenancy.actors import ActorKind

CATEGORY = Category.CONTACT
BATCH_ROWS = 500
FILE_KEPT_HOURS = 24
PROBLEMS_AT_MOST = 10_000
_HEADER = "header"
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Preview:
    """The head of a file, opened for the person who names its columns."""

    header: list[str]
    sample: list[list[str]]


def find_import(organization_id: UUID, import_id: UUID, *, lock: bool = False) -> ContactImport:
    """The import; raises UnknownImport. The caller acts for the organization."""
    imports = ContactImport.objects.select_for_update() if lock else ContactImport.objects
    found: ContactImport | None = imports.filter(organization_id=organization_id, id=import_id).first()
    if found is None:
        raise UnknownImport(str(import_id))
    return found


def receive(*, organization_id: UUID, content: bytes, by: Actor, at: datetime) -> ContactImport:
    """Look at a file, seal it and put it away; columns are guessed from its header. Raises ImportRefused, VaultError.

    Must not run inside a transaction: the object is stored before the row.
    """
    shape = parsing.shape_of(content)
    import_id = uuid7()
    sealer = vault.sealer(organization_id, CATEGORY, at)
    pieces = (content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK))
    object_name, stored_bytes = sealer.put_object(pieces, object_id=import_id)
    row = ContactImport(
        id=import_id,
        organization_id=organization_id,
        created_by=str(by)[:64],
        created_at=at,
        key_id=sealer.key_id,
        object_name=object_name,
        stored_bytes=stored_bytes,
        plain_bytes=len(content),
        sealed=sealer.seal_json({"header": shape.header, "sample": shape.sample}, object_id=import_id, slot=_HEADER),
        encoding=shape.encoding,
        delimiter=shape.delimiter,
        has_header=shape.has_header,
        mapping=parsing.guessed_mapping(shape.header) if shape.has_header else {},
        rows_total=shape.rows,
    )
    with acting_for(organization_id):
        inventory.ingest_lock(organization_id)
        sealer.ready()
        row.save(force_insert=True)
        tally.add(organization_id, CATEGORY, at, bytes=stored_bytes)
        holds.mark(ContactImport, organization_id, [row.id])
        jobs.enqueue(
            "contacts.forget_import",
            organization_id=organization_id,
            arguments={"import": str(row.id)},
            run_at=at + timedelta(days=7),
        )
        _record("contacts.import_received", row, by, rows=row.rows_total)
    sealer.confirm()
    return row


def preview(contact_import: ContactImport) -> Preview:
    """Header and first lines, opened. The caller acts for the organization."""
    key = vault.keys.open(contact_import.organization_id, [contact_import.key_id])[contact_import.key_id]
    value = vault.unseal_json(
        key, bytes(contact_import.sealed), category=CATEGORY, object_id=contact_import.id, slot=_HEADER
    )
    return Preview(value["header"], value["sample"])


def name_columns(
    *,
    organization_id: UUID,
    import_id: UUID,
    mapping: Mapping[str, str],
    has_header: bool,
    region: str = "",
    legal_basis: str = LegalBasis.UNSTATED,
    on_match: str = OnMatch.UPDATE,
    list_id: UUID | None = None,
    by: Actor,
    at: datetime,
) -> ContactImport:
    """Say what each column is, and have the whole file checked by a job. Raises ImportRefused, UnknownList."""
    with acting_for(organization_id):
        row = find_import(organization_id, import_id, lock=True)
        if row.state not in (ImportState.UPLOADED, ImportState.CHECKED, ImportState.CHECKING):
            raise ImportRefused("already_stored")
        if list_id is not None:
            get_list(organization_id, list_id)
        row.mapping = parsing.checked_mapping(mapping, len(preview(row).header))
        row.rows_total += row.has_header - has_header
        row.has_header, row.region, row.list_id = has_header, region.upper()[:2], list_id
        row.legal_basis, row.on_match = LegalBasis(legal_basis), OnMatch(on_match)
        row.state, row.rows_done = ImportState.CHECKING, 0
        row.save()
        _enqueue("contacts.check_import", row)
        _record("contacts.import_mapped", row, by)
    return row


def start(*, organization_id: UUID, import_id: UUID, by: Actor, at: datetime) -> ContactImport:
    """Store what was checked; lines with problems are left out. Starting twice changes nothing."""
    with acting_for(organization_id):
        row = find_import(organization_id, import_id, lock=True)
        if row.state in (ImportState.RUNNING, ImportState.FINISHED):
            return row
        if row.state != ImportState.CHECKED:
            raise ImportRefused("not_checked")
        row.state, row.started_at = ImportState.RUNNING, at
        row.rows_done = row.added = row.updated = row.unchanged = row.refused = 0
        row.save()
        ImportProblem.objects.filter(organization_id=organization_id, contact_import=row).delete()
        _enqueue("contacts.store_import", row)
        _record("contacts.import_started", row, by, rows=row.rows_total)
    return row


def check(organization_id: UUID, import_id: UUID) -> ContactImport | None:
    """The dry run: every line is read and matched, nothing is stored. Safe to repeat; from the start each time."""
    with acting_for(organization_id):
        row = find_import(organization_id, import_id)
        if row.state != ImportState.CHECKING:
            return None
        mapped_at = dict(row.mapping)
        ImportProblem.objects.filter(organization_id=organization_id, contact_import=row).delete()
        rows = _rows(row)
    seen: set[bytes] = set()
    counts = {"added": 0, "updated": 0, "unchanged": 0, "refused": 0}
    done = 0
    while batch := list(islice(rows, BATCH_ROWS)):
        with acting_for(organization_id):
            row = find_import(organization_id, import_id, lock=True)
            if row.state != ImportState.CHECKING or row.mapping != mapped_at:
                return None  # somebody named the columns again: another job checks that
            done += len(batch)
            _count_dry(row, [_parsed(row, line) for line in batch], counts, seen)
            row.rows_done = done
            row.added, row.updated = counts["added"], counts["updated"]
            row.unchanged, row.refused = counts["unchanged"], counts["refused"]
            row.state = ImportState.CHECKED if done >= row.rows_total else ImportState.CHECKING
            row.save()
    return row


def store(organization_id: UUID, import_id: UUID, lease: jobs.Lease | None = None) -> ContactImport:
    """Store the rest of a running import, batch by batch, from where the last committed batch ended."""
    with acting_for(organization_id):
        row = find_import(organization_id, import_id)
        if row.state != ImportState.RUNNING:
            return row
        position = row.rows_done
        rows = islice(_rows(row), position, None)
    while batch := list(islice(rows, BATCH_ROWS)):
        with acting_for(organization_id):
            if lease is not None:
                lease.guard()
            row = find_import(organization_id, import_id, lock=True)
            if row.state != ImportState.RUNNING or row.rows_done != position:
                return row  # another worker holds it now
            position += len(batch)
            _store_batch(row, batch, finished=position >= row.rows_total)
            faults.point("contacts.import_before_commit")
        faults.point("contacts.import_after_commit")
        if lease is not None:
            lease.extend()
    return row


def fail(organization_id: UUID, import_id: UUID, reason: str) -> None:
    """Say that an import stopped; what was stored stays and is listed. `reason` is one of our words."""
    with acting_for(organization_id):
        underway = ContactImport.objects.filter(
            organization_id=organization_id,
            id=import_id,
            state__in=[ImportState.CHECKING, ImportState.RUNNING],
        )
        if underway.update(state=ImportState.FAILED, failure=reason[:64], finished_at=timezone.now()):
            _tell(STOPPED, find_import(organization_id, import_id))


def discard(*, organization_id: UUID, import_id: UUID, by: Actor) -> destruction.Outcome:
    """Destroy the file now, stored or not; contacts already stored stay. Must not run inside a transaction."""
    return destruction.destroy_now(
        ContactImport, organization_id, where=Q(id=import_id), reason=Reason.SUPERSEDED, by=by
    )


def forget(organization_id: UUID, import_id: UUID, *, by: Actor) -> None:
    """Destroy the file of an import that nobody works on any more; does nothing when it is gone or under way."""
    with acting_for(organization_id):
        row = ContactImport.objects.filter(organization_id=organization_id, id=import_id).first()
        if row is None or row.is_underway:
            return
    discard(organization_id=organization_id, import_id=import_id, by=by)


def problem_lines(organization_id: UUID, import_id: UUID) -> Iterator[str]:
    """The lines that were left out, as CSV with two more columns, row and problem. Reads without a transaction."""
    with acting_for(organization_id):
        row = find_import(organization_id, import_id)
        found: dict[int, list[str]] = {}
        problems = ImportProblem.objects.filter(organization_id=organization_id, contact_import=row)
        for number, name, code in problems.order_by("row_number", "field").values_list("row_number", "field", "code"):
            found.setdefault(number, []).append(f"{name}: {code}" if name else code)
        header = preview(row).header if row.has_header else []
        rows = _rows(row)
    lines = ([line.number, "; ".join(found[line.number]), *(line.cells or [])] for line in rows if line.number in found)
    return spreadsheets.csv_lines(["row", "problem", *header], lines)


# ------------------------------------------------------------------ inside
def _rows(row: ContactImport) -> Iterator[parsing.Row]:
    """The file's lines without the header. Opens the key now; the sealed object is read as lines are taken."""
    key = vault.keys.open(row.organization_id, [row.key_id])[row.key_id]
    reader = vault.objects.open_sealed(key, row.object_name, stored_bytes=row.stored_bytes)
    rows = parsing.rows_of(reader.read(), encoding=row.encoding, delimiter=row.delimiter)
    return islice(rows, 1 if row.has_header else 0, None)


def _parsed(row: ContactImport, line: parsing.Row) -> parsing.Parsed:
    return parsing.parsed(line, row.mapping, region=row.region or None, legal_basis=row.legal_basis)


def _count_dry(row: ContactImport, lines: list[parsing.Parsed], counts: dict[str, int], seen: set[bytes]) -> None:
    """Count what storing would do: known people by one query, repeated lines by the digests seen so far."""
    own = {
        line.number: set(digests(row.organization_id, without_names(line.incoming.details)))
        for line in lines
        if line.incoming is not None
    }
    everything = set().union(*own.values()) if own else set()
    known = _known_digests(row.organization_id, everything)
    for line in lines:
        if line.incoming is None:
            counts["refused"] += 1
        elif own[line.number] & known or own[line.number] & seen:
            counts["updated" if row.on_match == OnMatch.UPDATE else "unchanged"] += 1
        else:
            counts["added"] += 1
        seen |= own.get(line.number, set())
    _keep_problems(row, [(line.number, line.problems) for line in lines if line.problems])


def _known_digests(organization_id: UUID, wanted: Iterable[bytes]) -> set[bytes]:
    found = ContactIdentifier.objects.filter(organization_id=organization_id, digest__in=list(wanted))
    return {bytes(digest) for digest in found.values_list("digest", flat=True)}


def _store_batch(row: ContactImport, batch: list[parsing.Row], *, finished: bool) -> None:
    organization_id, now = row.organization_id, timezone.now()
    lines = [_parsed(row, line) for line in batch]
    good = [line for line in lines if line.incoming is not None]
    by = Actor.system("contacts.import")
    results = upsert(
        organization_id=organization_id,
        people=[line.incoming for line in good if line.incoming is not None],
        source=Source.IMPORT,
        on_match=row.on_match,
        list_id=row.list_id,
        by=by,
        at=now,
    )
    problems = [(line.number, line.problems) for line in lines if line.problems]
    for line, result in zip(good, results, strict=True):
        if result.outcome == "ambiguous":
            problems.append((line.number, [("", "ambiguous")]))
    outcomes = [result.outcome for result in results]
    row.added += outcomes.count("added")
    row.updated += outcomes.count("updated")
    row.unchanged += outcomes.count("unchanged") + outcomes.count("skipped")
    row.refused += len(problems)
    row.rows_done += len(batch)
    _keep_problems(row, problems)
    if finished:
        row.state, row.finished_at = ImportState.FINISHED, now
        jobs.enqueue(
            "contacts.forget_import",
            organization_id=organization_id,
            arguments={"import": str(row.id)},
            run_at=now + timedelta(hours=FILE_KEPT_HOURS),
        )
        counts = {"added": row.added, "updated": row.updated, "unchanged": row.unchanged, "refused": row.refused}
        _record("contacts.imported", row, by, **counts)
        _tell(FINISHED, row, **counts)
    row.save()


def _keep_problems(row: ContactImport, problems: list[tuple[int, list[tuple[str, str]]]]) -> None:
    ImportProblem.objects.bulk_create(
        (
            ImportProblem(
                organization_id=row.organization_id,
                contact_import=row,
                row_number=number,
                field=name[:24],
                code=code,
            )
            for number, pairs in problems
            for name, code in pairs
            if row.refused < PROBLEMS_AT_MOST
        ),
        ignore_conflicts=True,
    )


def _enqueue(kind: str, row: ContactImport) -> None:
    jobs.enqueue(kind, organization_id=row.organization_id, arguments={"import": str(row.id)})


def _tell(kind: str, row: ContactImport, **counts: int) -> None:
    """Who uploaded the file knows how it ended; a program asks by itself."""
    actor, _colon, identifier = row.created_by.partition(":")
    if actor == ActorKind.MEMBER:
        notices.tell(
            row.organization_id, kind, once=str(row.id), object_id=row.id, to=[UUID(identifier)], counts=counts
        )


def _record(kind: str, row: ContactImport, by: Actor, **payload: Any) -> None:
    audit.append(kind, organization_id=row.organization_id, actor=by, object_type="import", object_id=row.id, **payload)
