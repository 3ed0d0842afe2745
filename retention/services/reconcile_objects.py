"""Objects and the rows that name them, both ways.

An object that no row names is set aside and leaves days later, after another look. A row whose object is not there is
an alarm; nothing is done to it.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

from ground import vault
from ground.inventory import PersonalData, declarations
from ground.inventory.destruction import any_of, rows_of
from ground.inventory.models import ObjectRemoval
from ground.tenancy import acting_for
from ground.vault.objects.protocol import ObjectName
from retention import due
from retention.models import QuarantinedObject, Reconciliation
from retention.services.pages_of_rows import PAGE, pages

QUARANTINE = timedelta(days=7)


def unnamed(report: Reconciliation) -> None:
    """Set aside the objects that no row names."""
    listed = (stored.name for stored in vault.objects.store().list(f"{report.organization_id}/"))
    while page := list(islice(listed, PAGE)):
        report.objects_seen += len(page)
        _set_aside(report, page)


def missing(report: Reconciliation) -> None:
    """Count the rows whose object is not there. A row that left since its page was read is no finding."""
    store = vault.objects.store()
    for declaration in declarations():
        if declaration.tenant and declaration.objects:
            for rows in pages(declaration, report.organization_id):
                names = [row[declaration.objects] for row in rows if row[declaration.objects]]
                if absent := store.absent(names):
                    still = _named_by(declaration, report.organization_id, sorted(absent))
                    report.objects_missing += len(store.absent(still))


def _set_aside(report: Reconciliation, names: list[str]) -> None:
    organization_id = report.organization_id
    with acting_for(organization_id):
        orphans = set(names) - _named_objects(organization_id, names)
        orphans -= set(
            ObjectRemoval.objects.filter(organization_id=organization_id, object_name__in=names).values_list(
                "object_name", flat=True
            )
        )
        known = QuarantinedObject.objects.filter(organization_id=organization_id, object_name__in=orphans)
        orphans -= set(known.values_list("object_name", flat=True))
        now = due.database_now()
        QuarantinedObject.objects.bulk_create(
            (
                QuarantinedObject(
                    organization_id=organization_id, object_name=name, seen_at=now, not_before=now + QUARANTINE
                )
                for name in sorted(orphans)
            ),
            ignore_conflicts=True,
        )
        report.objects_quarantined += len(orphans)


def _named_objects(organization_id: UUID, names: Sequence[str]) -> set[str]:
    """Which of these objects a row names."""
    found: set[str] = set()
    for declaration in declarations():
        if declaration.tenant and declaration.objects:
            found |= _named_by(declaration, organization_id, [name for name in names if name not in found])
    return found


def _named_by(declaration: PersonalData, organization_id: UUID, names: Sequence[str]) -> set[str]:
    """Which of these objects a row of this model names. An object bears its row's id, so the primary key answers; the
    few that no row of that id names are looked for by name, which no index serves."""
    with acting_for(organization_id):
        rows = rows_of(declaration, organization_id)
        ids = [ObjectName.parse(name).object_id for name in names]
        found = set(rows.filter(any_of(ids)).values_list(declaration.objects, flat=True)).intersection(names)
        if rest := [name for name in names if name not in found]:
            found.update(
                rows.filter(**{f"{declaration.objects}__in": rest}).values_list(declaration.objects, flat=True)
            )
    return found


def release(report: Reconciliation) -> None:
    """Objects whose quarantine is over: a row that names them frees them, otherwise they leave the store."""
    organization_id, now = report.organization_id, due.database_now()
    with acting_for(organization_id):
        over = list(
            QuarantinedObject.objects.filter(organization_id=organization_id, not_before__lt=now).values_list(
                "object_name", flat=True
            )[:PAGE]
        )
        named = _named_objects(organization_id, over)
        QuarantinedObject.objects.filter(organization_id=organization_id, object_name__in=named).delete()
    orphans = [name for name in over if name not in named]
    if not orphans:
        return
    outcome = vault.objects.store().delete_many(orphans)
    with acting_for(organization_id):
        QuarantinedObject.objects.filter(organization_id=organization_id, object_name__in=outcome.gone).delete()
    report.objects_released += len(outcome.gone)
