"""Taking already unreadable objects out of the store, in calls of 1,000, with every refusal on record.

A removal is leased by moving `next_at` forward, so two workers do not ask twice and a dead worker's share comes back.
The network call runs outside any transaction.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from ground import audit, faults, vault
from ground.inventory.models import BatchState, DestructionBatch, ObjectRemoval
from ground.tenancy import acting_for

CALL_SIZE = 1000
_LEASE_SECONDS = 120
_ALERT, _ALERT_AFTER = "destruction.objects_refused", 5  # attempts


@dataclass(slots=True)
class Removed:
    """Objects that are gone, and objects the store refused this time."""

    gone: int = 0
    refused: int = 0


def remove_objects(organization_id: UUID, *, limit: int = 100_000) -> Removed:
    """Remove what is due, at most `limit` objects. Raises ObjectStoreDown when the store does not answer at all."""
    total = Removed()
    while total.gone + total.refused < limit:
        leased = _lease(organization_id)
        if not leased:
            break
        outcome = vault.objects.store().delete_many([name for _, name in leased])
        faults.point("removals.after_store")
        _settle(organization_id, leased, set(outcome.gone), dict(outcome.failed))
        total.gone += len(outcome.gone)
        total.refused += len(outcome.failed)
    _close_batches(organization_id)
    return total


def _lease(organization_id: UUID) -> list[tuple[int, str]]:
    with acting_for(organization_id), connection.cursor() as cursor:
        cursor.execute(
            # materialized: a sub-select that locks may be asked again for every row, and its limit counts anew
            "WITH due AS MATERIALIZED (SELECT id FROM inventory_objectremoval WHERE organization_id = %s "
            "AND next_at <= now() ORDER BY next_at, id LIMIT %s FOR UPDATE SKIP LOCKED) "
            "UPDATE inventory_objectremoval SET next_at = now() + make_interval(secs => %s), attempts = attempts + 1 "
            "FROM due WHERE inventory_objectremoval.id = due.id RETURNING inventory_objectremoval.id, object_name",
            [organization_id, CALL_SIZE, _LEASE_SECONDS],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _settle(organization_id: UUID, leased: list[tuple[int, str]], gone: set[str], failed: dict[str, str]) -> None:
    with acting_for(organization_id):
        done = [identifier for identifier, name in leased if name in gone]
        ObjectRemoval.objects.filter(id__in=done).delete()
        for identifier, name in leased:
            if name not in failed:
                continue
            ObjectRemoval.objects.filter(id=identifier).update(
                last_error=failed[name][:64],
                next_at=RawSQL("now() + make_interval(secs => least(3600, 15 * power(2, attempts)))", []),
            )
        stuck = ObjectRemoval.objects.filter(
            id__in=[identifier for identifier, name in leased if name in failed], attempts__gte=_ALERT_AFTER
        ).count()
        if stuck:
            audit.alerts.raise_alert(organization_id, _ALERT, refused=stuck)


def _close_batches(organization_id: UUID) -> None:
    with acting_for(organization_id):
        if not ObjectRemoval.objects.filter(organization_id=organization_id, attempts__gte=_ALERT_AFTER).exists():
            audit.alerts.resolve(organization_id, _ALERT)
        left = ObjectRemoval.objects.filter(organization_id=organization_id, batch_id=OuterRef("id"))
        DestructionBatch.objects.filter(
            ~Exists(left), organization_id=organization_id, state=BatchState.UNREADABLE
        ).update(state=BatchState.DONE, objects_gone_at=Now(), attempts=F("attempts"))
