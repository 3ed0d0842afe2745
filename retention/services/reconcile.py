"""Reconciliation: rows, keys and objects compared with each other, once a day, both ways.

Never by absence: nothing is destroyed because its partner is missing.
  row without key      journalled as destroyed: a crash left it, it is finished off; otherwise *key lost*, an alarm
  key without row      past its deadline: quarantined; destroyed days later only if still no row names it
  object without row   quarantined; removed days later only if still no row names it and no removal is due
  row without object   counted and an alarm
Works in pages; each page is its own short transaction.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from ground import audit, vault
from ground.inventory import PersonalData, declarations, holds
from ground.inventory.destruction import Outcome, Reason, any_of, claim, execute, rows_of
from ground.inventory.journalled import still_destroyed
from ground.inventory.models import ObjectRemoval
from ground.tenancy import Actor, acting_for
from ground.vault.objects.protocol import ObjectName
from retention import due
from retention.models import QuarantinedObject, Reconciliation

PAGE = 5000
QUARANTINE = timedelta(days=7)
_BY = Actor.system("reconciliation")


def reconcile(organization_id: UUID) -> Reconciliation:
    """Compare everything of one organization and store what was found."""
    vault.gate.require_open()
    holds.settle_flags(organization_id)
    with acting_for(organization_id):
        report = Reconciliation.objects.create(organization_id=organization_id)
    for declaration in declarations():
        if declaration.tenant and declaration.key:
            _rows(report, declaration)
    _keys(report)
    _objects(report)
    with acting_for(organization_id):
        report.finished_at = due.database_now()
        report.save()
        audit.append(
            "retention.reconciled",
            organization_id=organization_id,
            actor=_BY,
            object_type="reconciliation",
            object_id=report.id,
            rows=report.rows_seen,
            keys_lost=report.keys_lost,
            objects_missing=report.objects_missing,
        )
    _tell(organization_id, "retention.keys_lost", report.keys_lost)
    _tell(organization_id, "retention.objects_missing", report.objects_missing)
    return report


def _tell(organization_id: UUID, alert: str, records: int) -> None:
    if records:
        audit.alerts.raise_alert(organization_id, alert, records=records)
    else:
        audit.alerts.resolve(organization_id, alert)


def _pages(declaration: PersonalData, organization_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """All rows of a model in pages of id, key and object name."""
    columns = [name for name in ("id", declaration.key, declaration.objects) if name]
    last = None
    while True:
        with acting_for(organization_id):
            rows = rows_of(declaration, organization_id).order_by("id").values(*columns)
            page = list(rows.filter(id__gt=last)[:PAGE] if last is not None else rows[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def _rows(report: Reconciliation, declaration: PersonalData) -> None:
    organization_id, key = report.organization_id, declaration.key
    assert key is not None
    for page in _pages(declaration, organization_id):
        report.rows_seen += len(page)
        named = {row[key] for row in page if row[key]}
        missing = named - vault.keys.existing(organization_id, named)
        keyless = [row["id"] for row in page if row[key] in missing]
        if not keyless:
            continue
        keyless = _still_keyless(declaration, organization_id, keyless)
        journalled = still_destroyed(organization_id, declaration.table)
        done = _finish(declaration, organization_id, [row_id for row_id in keyless if row_id in journalled])
        report.finished_off += done.rows
        report.keys_lost += len([row_id for row_id in keyless if row_id not in journalled])


def _still_keyless(declaration: PersonalData, organization_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    """Rows that went, or were sealed under another key, since the page was read are no finding."""
    with acting_for(organization_id):
        now = dict(rows_of(declaration, organization_id).filter(any_of(ids)).values_list("id", str(declaration.key)))
    there = vault.keys.existing(organization_id, [key_id for key_id in now.values() if key_id])
    return [row_id for row_id, key_id in now.items() if key_id and key_id not in there]


def _finish(declaration: PersonalData, organization_id: UUID, ids: Sequence[UUID]) -> Outcome:
    """Delete rows whose keys are gone by a journalled destruction; nothing readable is left to hold."""
    outcome = Outcome()
    if not ids:
        return outcome
    if declaration.holdable:
        with acting_for(organization_id):
            rows_of(declaration, organization_id).filter(any_of(ids)).update(held=False, set_aside_at=None)
    for start in range(0, len(ids), 1000):
        batch_id = claim(
            declaration, organization_id, Q(any_of(ids[start : start + 1000])), reason=Reason.EXPIRED, by=_BY
        )
        if batch_id is not None:
            outcome.include(execute(organization_id, batch_id))
    return outcome


def _keys(report: Reconciliation) -> None:
    """Settle pending keys; look once more at quarantined ones, then let them go."""
    organization_id = report.organization_id

    def has_row(key_ids: Sequence[UUID]) -> set[UUID]:
        return _named_keys(organization_id, key_ids)

    while True:
        settled = vault.keys.settle_pending(organization_id, has_row)
        report.keys_seen += settled.confirmed + settled.quarantined
        report.keys_quarantined += settled.quarantined
        if settled.confirmed + settled.quarantined == 0:
            break
    over = vault.keys.quarantine_over(organization_id)
    named = has_row(over) if over else set()
    if named:
        vault.keys.confirm(organization_id, named)
    if rest := [key_id for key_id in over if key_id not in named]:
        vault.keys.destroy(organization_id, rest)


def _named_keys(organization_id: UUID, key_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these keys a row of any declared model names."""
    found: set[UUID] = set()
    with acting_for(organization_id):
        for declaration in declarations():
            if declaration.tenant and declaration.key:
                rows = rows_of(declaration, organization_id).filter(**{f"{declaration.key}__in": list(key_ids)})
                found.update(rows.values_list(declaration.key, flat=True))
    return found


def _objects(report: Reconciliation) -> None:
    organization_id = report.organization_id
    store = vault.objects.store()
    page: list[str] = []
    for stored in store.list(f"{organization_id}/"):
        report.objects_seen += 1
        page.append(stored.name)
        if len(page) == PAGE:
            _object_page(report, page)
            page = []
    if page:
        _object_page(report, page)
    for declaration in declarations():
        if declaration.tenant and declaration.objects:
            for rows in _pages(declaration, organization_id):
                names = [row[declaration.objects] for row in rows if row[declaration.objects]]
                report.objects_missing += sum(1 for name in names if not store.exists(name))
    _release_quarantined(report)


def _object_page(report: Reconciliation, names: list[str]) -> None:
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
    """Which of these objects a row names. An object bears its row's id, so the primary key answers; the few that no
    row of that id names are looked for by name, which no index serves."""
    found: set[str] = set()
    for declaration in declarations():
        if not (declaration.tenant and declaration.objects):
            continue
        rows = rows_of(declaration, organization_id)
        ids = [ObjectName.parse(name).object_id for name in names]
        found.update(rows.filter(any_of(ids)).values_list(declaration.objects, flat=True))
        if rest := [name for name in names if name not in found]:
            found.update(
                rows.filter(**{f"{declaration.objects}__in": rest}).values_list(declaration.objects, flat=True)
            )
    return found.intersection(names)


def _release_quarantined(report: Reconciliation) -> None:
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
