"""Step 1 of destruction: a committed row that names a batch. The database collects the ids; they never travel."""

from uuid import UUID

from django.db import connection
from django.db.models import Q

from ground import faults
from ground.inventory import holds
from ground.inventory.declarations import PersonalData
from ground.inventory.models import BatchState, DestructionBatch
from ground.inventory.outcomes import BATCH_ROWS, Reason, rows_of
from ground.tenancy import Actor, acting_for, uuid7

_CLAIM = """
    INSERT INTO inventory_destructionbatch (id, organization_id, run_id, label, category, reason, "by", state, row_ids,
        latest, attempts, rows, keys, objects_total, bytes, digest, shelf_versions)
    SELECT %s, %s, %s, %s, %s, %s, %s, %s, array_agg(found.id), {latest}, 0, 0, 0, 0, 0, '', '{{}}'
    FROM ({rows}) AS found HAVING count(*) > 0
"""


def claim(
    declaration: PersonalData,
    organization_id: UUID,
    where: Q,
    *,
    reason: Reason,
    by: Actor,
    run_id: UUID | None = None,
    limit: int = BATCH_ROWS,
) -> UUID | None:
    """Commit a batch of up to `limit` free rows matching `where`, oldest clock first. None: there are none."""
    batch_id = uuid7()
    with acting_for(organization_id), connection.cursor() as cursor:
        free = where & declaration.free() & ~holds.not_yet_marked(declaration, organization_id)
        found = rows_of(declaration, organization_id).filter(free).order_by(*declaration.order)
        columns = ("id", declaration.clock) if declaration.clock else ("id",)
        rows, parameters = found.values(*columns)[:limit].query.sql_with_params()
        latest = f'max(found."{declaration.clock}")' if declaration.clock else "NULL"
        names = (declaration.label, str(declaration.category), str(reason), str(by), str(BatchState.CLAIMED))
        cursor.execute(
            _CLAIM.format(latest=latest, rows=rows),
            [batch_id, organization_id, run_id, *names, *parameters],
        )
        claimed = cursor.rowcount > 0
    if claimed:
        faults.point("destruction.after_claim")
    return batch_id if claimed else None


def claim_again(batch: DestructionBatch, ids: list[UUID]) -> UUID:
    """Claim some rows of a batch that was cancelled, in the caller's transaction."""
    part = DestructionBatch.objects.create(
        organization_id=batch.organization_id,
        run_id=batch.run_id,
        label=batch.label,
        category=batch.category,
        reason=batch.reason,
        by=batch.by,
        row_ids=ids,
        latest=batch.latest,
    )
    return part.id
