"""Compares what is there with each other and with what the outside knows: rows, keys, objects, removals, evidence."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from ground import audit, vault
from ground.inventory import declarations, tally
from ground.inventory.models import BatchState, DestructionBatch, ObjectRemoval
from ground.inventory.outcomes import rows_of
from ground.tenancy import acting_for
from ground.vault.exceptions import BadSignature
from ground.vault.objects import FolderObjects
from retention.models import Certificate, QuarantinedObject, Statement
from retention.services import certificates
from soak.harness import Run


@dataclass(slots=True)
class Stock:
    """Everything of one organization at one moment. Rows are {table: {row id: (key id, object name)}}."""

    rows: dict[str, dict[UUID, tuple[UUID | None, str]]] = field(default_factory=dict)
    keys: set[UUID] = field(default_factory=set)  # of those that rows name
    objects: set[str] = field(default_factory=set)
    removals: set[str] = field(default_factory=set)
    quarantined: set[str] = field(default_factory=set)

    @property
    def ids(self) -> set[UUID]:
        return {row_id for rows in self.rows.values() for row_id in rows}

    @property
    def named(self) -> set[str]:
        return {name for rows in self.rows.values() for _, name in rows.values() if name}

    @property
    def keyless(self) -> dict[str, set[UUID]]:
        """Rows whose key is gone, by table."""
        found = {
            table: {row_id for row_id, (key, _) in rows.items() if key is not None and key not in self.keys}
            for table, rows in self.rows.items()
        }
        return {table: ids for table, ids in found.items() if ids}


def stock(organization_id: UUID) -> Stock:
    """Look at everything. Reads only."""
    found = Stock()
    with acting_for(organization_id):
        for declaration in declarations():
            if declaration.tenant and not declaration.plain:
                columns = ["id", declaration.key or "id", declaration.objects or "id"]
                found.rows[declaration.table] = {
                    row[0]: (row[1] if declaration.key else None, row[2] if declaration.objects else "")
                    for row in rows_of(declaration, organization_id).values_list(*columns)
                }
        found.removals = set(ObjectRemoval.objects.values_list("object_name", flat=True))
        found.quarantined = set(QuarantinedObject.objects.values_list("object_name", flat=True))
    wanted = [key for rows in found.rows.values() for key, _ in rows.values() if key is not None]
    found.keys = vault.keys.existing(organization_id, wanted)
    found.objects = {each.name for each in vault.objects.store().list(f"{organization_id}/")}
    return found


def between(run: Run, organization_id: UUID, seen: Stock) -> None:
    """What must hold at every moment, also right after a kill: nothing unlisted, and nothing half gone unknown."""
    unlisted = seen.objects - seen.named - seen.removals - seen.quarantined
    run.check("no object without a row or a listed removal", not unlisted, _some(unlisted))
    absent = seen.named - seen.objects
    run.check("no row whose object is missing", not absent, _some(absent))
    keyless = {row_id for ids in seen.keyless.values() for row_id in ids}
    run.check("a row whose key went is one of a claimed batch", keyless <= _claimed(organization_id), _some(keyless))


def at_rest(run: Run, organization_id: UUID, seen: Stock | None = None) -> Stock:
    """What must hold when all work has ended."""
    seen = seen or stock(organization_id)
    orphans = seen.objects - seen.named - seen.quarantined
    run.check("0 orphan objects", not orphans, _some(orphans))
    run.check("0 rows whose object is missing", seen.named <= seen.objects, _some(seen.named - seen.objects))
    run.check("0 rows whose key is gone", not seen.keyless, str({t: len(ids) for t, ids in seen.keyless.items()}))
    run.check("0 removals outstanding", not seen.removals, _some(seen.removals))
    run.check("0 claimed batches left", not _claimed(organization_id))
    _tally(run, organization_id)
    return seen


def _tally(run: Run, organization_id: UUID) -> None:
    """The running counts equal a recount, row by row and byte by byte."""
    counted: Counter[str] = Counter()
    with acting_for(organization_id):
        for declaration in declarations():
            if declaration.tenant and not declaration.plain:
                rows = rows_of(declaration, organization_id)
                size = Sum(declaration.size) if declaration.size else None
                told: dict[str, Any] = rows.aggregate(rows=Count("id"), **({"bytes": size} if size else {}))
                counted[declaration.category] += told["rows"]
        known = {category: amount.rows for category, amount in tally.totals(organization_id).items() if amount.rows}
    tallied = {category: number for category, number in counted.items() if category in known}
    run.same("the tally equals a recount", known, tallied)


def _claimed(organization_id: UUID) -> set[UUID]:
    with acting_for(organization_id):
        batches = DestructionBatch.objects.filter(state=BatchState.CLAIMED).values_list("row_ids", flat=True)
        return {row_id for ids in batches for row_id in ids}


def evidence(run: Run, organization_id: UUID, destroyed: dict[str, int], keys: Iterable[UUID] = ()) -> None:
    """The certificates state exactly what went, once; every batch has one; they verify; the audit log is whole."""
    stated: Counter[str] = Counter()
    with acting_for(organization_id):
        batches = DestructionBatch.objects.filter(rows__gt=0)
        bare = batches.filter(run_id=None).count()
        for category, rows in batches.values_list("category").annotate(rows=Sum("rows")):
            stated[category] += rows
        issued = list(Certificate.objects.all())
        with_one = {certificate.run_id for certificate in issued}
        runs = set(batches.exclude(run_id=None).values_list("run_id", flat=True))
        invalid = [
            one.number for one in issued for statement in certificates.statements_of(one) if not _verifies(statement)
        ]
    run.same("every destroyed row is counted in exactly one batch", dict(stated), destroyed)
    run.check("every batch has a certificate", not bare and runs <= with_one, f"{bare} without a run")
    run.check("every certificate verifies", not invalid, str(invalid))
    run.same(
        "certificates are numbered without gaps", sorted(one.number for one in issued), [*range(1, len(issued) + 1)]
    )
    left = vault.keys.existing(organization_id, list(keys))
    run.check("0 keys of destroyed records left", not left, f"{len(left)}")
    audit.seal_due()
    verified = audit.verify(organization_id)
    run.check("the audit log verifies", verified.ok, "; ".join(map(str, verified.problems)))


def _verifies(statement: Statement) -> bool:
    try:
        vault.signing.verify(certificates.signed(statement))
    except BadSignature:
        return False
    return True


def folder_left_overs() -> list[str]:
    """Files of the object folder that are no object: pieces of writes that never ended."""
    store = vault.objects.store()
    assert isinstance(store, FolderObjects)
    return [path.name for path in (store.folder / ".incoming").iterdir()]


def _some(found: Iterable[Any]) -> str:
    every = sorted(map(str, found))
    return f"{len(every)}: {', '.join(every[:3])}" if every else ""
