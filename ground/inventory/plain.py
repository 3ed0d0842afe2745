"""Rows that hold nothing sealed: no object, no hold, no tombstone. One statement and one transaction a step."""

from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from ground import audit
from ground.inventory.declarations import PersonalData
from ground.inventory.models import BatchState, DestructionBatch
from ground.inventory.outcomes import BATCH_ROWS, Outcome, Reason, rows_of
from ground.tenancy import Actor, acting_for


def delete_plain(
    declaration: PersonalData,
    organization_id: UUID,
    where: Q,
    *,
    reason: Reason,
    by: Actor,
    run_id: UUID | None = None,
    limit: int = BATCH_ROWS,
) -> Outcome:
    """One bounded step: up to `limit` rows matching `where`, oldest clock first, with a batch and an audit event."""
    with acting_for(organization_id):
        rows = rows_of(declaration, organization_id).filter(where)
        step = list(rows.order_by(*declaration.order).values_list("pk", declaration.clock or "pk")[:limit])
        if not step:
            return Outcome()
        gone = rows.filter(pk__in=[pk for pk, _ in step])._raw_delete(using="default")
        batch = DestructionBatch.objects.create(
            organization_id=organization_id,
            run_id=run_id,
            label=declaration.label,
            category=declaration.category,
            reason=reason,
            by=str(by),
            state=BatchState.DONE,
            rows=gone,
            earliest=step[0][1] if declaration.clock else None,
            latest=step[-1][1] if declaration.clock else None,
            unreadable_at=Now(),
            objects_gone_at=Now(),
        )
        audit.append(
            "inventory.destroyed",
            organization_id=organization_id,
            actor=by,
            object_type="destruction_batch",
            object_id=batch.id,
            category=declaration.category,
            reason=str(reason),
            rows=gone,
        )
    return Outcome(rows=gone, batches=[batch.id], latest=batch.latest)
