"""The last look before destroying: which of the claimed rows may go now.

Between claim and destruction a hold may have been placed, a clock may have moved forward (a contact was called again),
a period may have been lengthened, and somebody else may have destroyed the row or sealed it anew. So the rows are
locked, read as they are now, and asked again. Runs under the organization's shared hold lock, in the transaction that
deletes the rows.
"""

from uuid import UUID

from ground import vault
from ground.inventory import holds
from ground.inventory.declarations import PersonalData, Row
from ground.inventory.models import DestructionBatch
from ground.inventory.outcomes import Reason, any_of, rows_of, values


def columns(declaration: PersonalData) -> list[str]:
    """What destruction must know of a row."""
    wanted = {"id", declaration.clock, declaration.key, declaration.objects, declaration.size, declaration.tombstone}
    return [name for name in wanted | set(declaration.carry) if name]


def look(declaration: PersonalData, batch: DestructionBatch, *, resumed: bool) -> tuple[list[Row], int]:
    """The claimed rows, locked, that may go now, and how many stay.

    Of a `resumed` claim of expired rows only those go whose keys the attempt before destroyed: what else is due, the
    sweep finds anew by the period of today.
    """
    claimed = rows_of(declaration, batch.organization_id).filter(any_of(batch.row_ids))
    everything = list(claimed.select_for_update().order_by("id").values(*columns(declaration)))
    free = declaration.free() & ~holds.not_yet_marked(declaration, batch.organization_id)
    may_go = set(claimed.filter(free).values_list("id", flat=True))
    if batch.reason == Reason.EXPIRED:
        may_go -= {row["id"] for row in everything if resumed or _moved_on(declaration, batch, row)}
    rows = [row for row in everything if row["id"] in may_go]
    if declaration.key and len(rows) < len(everything):
        rest = [row for row in everything if row["id"] not in may_go and row[declaration.key]]
        rows += _already_unreadable(declaration, batch, rest)
    return rows, len(everything) - len(rows)


def _moved_on(declaration: PersonalData, batch: DestructionBatch, row: Row) -> bool:
    """Whether the row's clock lies beyond everything that was due when the batch was claimed."""
    return bool(declaration.clock and batch.latest is not None and row[declaration.clock] > batch.latest)


def _already_unreadable(declaration: PersonalData, batch: DestructionBatch, rows: list[Row]) -> list[Row]:
    """Rows whose keys an earlier attempt at this very batch destroyed before it died: the journal must say so."""
    keys: list[UUID] = values(rows, declaration.key)
    readable = vault.keys.existing(batch.organization_id, keys) if keys else set()
    keyless = [row for row in rows if row[str(declaration.key)] not in readable]
    if not keyless:
        return []
    wanted = str(batch.id)
    for entry in vault.journal.entries():
        if entry.kind == "destroy" and entry.payload["batch"] == wanted:
            return keyless
    return []
