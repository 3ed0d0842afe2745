"""Reconciliation: rows, keys and objects compared with each other, once a day, both ways.

Never by absence: nothing is destroyed because its partner is missing.
  row without key      journalled as destroyed: a crash left it, it is finished off; otherwise *key lost*, an alarm
  key without row      live, or pending past its deadline: quarantined; destroyed days later only if still unnamed
  object without row   quarantined; removed days later only if still no row names it and no removal is due
  row without object   counted and an alarm
Works in pages; what a page finds is looked at once more before it counts, since the platform goes on meanwhile.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from ground import audit, vault
from ground.inventory import PersonalData, declarations, holds
from ground.inventory.destruction import Outcome, Reason, any_of, claim, execute, rows_of
from ground.inventory.journalled import still_destroyed
from ground.tenancy import Actor, acting_for
from retention import due
from retention.models import Reconciliation
from retention.services import reconcile_keys, reconcile_objects
from retention.services.pages_of_rows import pages

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
    reconcile_keys.settle(report)
    reconcile_keys.unnamed(report)
    reconcile_objects.unnamed(report)
    reconcile_objects.missing(report)
    reconcile_objects.release(report)
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


def _rows(report: Reconciliation, declaration: PersonalData) -> None:
    organization_id, key = report.organization_id, declaration.key
    assert key is not None
    for page in pages(declaration, organization_id):
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
