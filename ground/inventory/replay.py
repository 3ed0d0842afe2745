"""After a restore: what the erasure journal says is done again, in both databases.

Every handler is safe to repeat. Rows are deleted by their ids, keys by theirs; tombstones and holds are put back.
What follows from a row's end (tally, flags of the call, the provider's copy) follows again.
"""

from datetime import UTC, date, datetime
from uuid import UUID

from ground import vault
from ground.inventory import holds, tombstones
from ground.inventory.declarations import declarations
from ground.inventory.deleting import count_out, delete_rows
from ground.inventory.journalled import columns, standing
from ground.inventory.models import BatchState, DestructionBatch, Hold, ObjectRemoval
from ground.inventory.outcomes import any_of, rows_of
from ground.tenancy import acting_for
from ground.vault.journal.entries import JournalEntry
from ground.vault.objects.protocol import ObjectName


@vault.journal.on_replay("destroy")
def destroy_again(entry: JournalEntry) -> None:
    """Keys, rows, objects and tombstones of one journalled destruction."""
    organization_id, payload, destroyed = entry.organization_id, entry.payload, standing(entry)
    if destroyed.keys:
        vault.keys.destroy(organization_id, destroyed.keys)
    with acting_for(organization_id):
        tombstones.plant(organization_id, destroyed.tombstones, at=datetime.now(UTC))
        declaration = next((one for one in declarations() if one.table == payload["table"]), None)
        if declaration is None:
            return  # the model left the product since, or the keys were those of superseded versions
        rows = rows_of(declaration, organization_id).filter(any_of(destroyed.rows)).select_for_update()
        gone = list(rows.order_by("id").values(*columns(declaration)))
        count_out(declaration, organization_id, delete_rows(declaration, [row["id"] for row in gone]))
        if declaration.on_destroyed and gone:
            declaration.on_destroyed(organization_id, gone)
        batch_id = UUID(payload["batch"])
        DestructionBatch.objects.filter(id=batch_id, state=BatchState.CLAIMED).update(
            state=BatchState.CANCELLED, row_ids=[]
        )
        category = payload["category"]
        names = [str(ObjectName(organization_id, category, one)) for one in destroyed.objects]
        known = set(
            ObjectRemoval.objects.filter(organization_id=organization_id, object_name__in=names).values_list(
                "object_name", flat=True
            )
        )
        ObjectRemoval.objects.bulk_create(
            ObjectRemoval(organization_id=organization_id, batch_id=batch_id, object_name=name)
            for name in names
            if name not in known
        )


@vault.journal.on_replay("destroy_kept")
def nothing_to_do(entry: JournalEntry) -> None:
    """What an attempt gave up stays: `destroy_again` has left it out already."""


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@vault.journal.on_replay("hold")
def hold_again(entry: JournalEntry) -> None:
    """A hold placed after the backup was taken stands again; its reason, being somebody's words, was not journalled."""
    payload = entry.payload
    with acting_for(entry.organization_id):
        Hold.objects.get_or_create(
            id=UUID(payload["hold"]),
            defaults={
                "organization_id": entry.organization_id,
                "nature": payload["nature"],
                "scope_kind": payload["scope_kind"],
                "call_id": _id(payload["call_id"]),
                "agent_id": _id(payload["agent_id"]),
                "contact_id": _id(payload["contact_id"]),
                "digests": payload["digests"],
                "start": _moment(payload["start"]),
                "end": _moment(payload["end"]),
                "key_id": UUID(payload["key_id"]),
                "sealed": b"",
                "review_on": date.fromisoformat(payload["review_on"]),
                "placed_at": datetime.fromisoformat(payload["placed_at"]),
                "placed_by": f"{payload['by_kind']}:{payload['by_id']}",
            },
        )
    holds.mark_covered(entry.organization_id, UUID(payload["hold"]))


@vault.journal.on_replay("hold_released")
def release_again(entry: JournalEntry) -> None:
    """A hold released after the backup was taken is released again."""
    identifier = UUID(entry.payload["hold"])
    with acting_for(entry.organization_id):
        Hold.objects.filter(id=identifier, released_at__isnull=True).update(
            released_at=entry.at, released_by="system:replay"
        )
    holds.clear_released(entry.organization_id, identifier)
