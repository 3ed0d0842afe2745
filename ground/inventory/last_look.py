"""The last look before destroying: which of the claimed rows may go now.

Between claim and destruction a hold may have been placed, a clock may have moved forward (a contact was called again),
a period may have been lengthened, and somebody else may have destroyed the row or sealed it anew. So the rows are
locked, read as they are now, and asked again. Runs under the organization's shared hold lock, in the transaction that
deletes the rows.
"""

from dataclasses import dataclass
from operator import itemgetter
from uuid import UUID

from django.db.models import BooleanField, Case, Q, Value, When

from ground import vault
from ground.inventory import holds
from ground.inventory.declarations import PersonalData, Row
from ground.inventory.journalled import columns, still_destroyed
from ground.inventory.models import DestructionBatch
from ground.inventory.outcomes import Reason, any_of, rows_of, values


@dataclass(frozen=True, slots=True)
class Look:
    """Locked rows: those that go now, and those that stay."""

    go: list[Row]
    stay: list[Row]


def look(declaration: PersonalData, batch: DestructionBatch, *, resumed: bool) -> Look:
    """The claimed rows, locked, sorted into those that may go now and those that stay.

    Of a `resumed` claim of expired rows only those go whose keys the attempt before destroyed: what else is due, the
    sweep finds anew by the period of today.
    """
    claimed = rows_of(declaration, batch.organization_id).filter(any_of(batch.row_ids))
    expired = batch.reason == Reason.EXPIRED
    free = declaration.free() & ~holds.not_yet_marked(declaration, batch.organization_id)
    if expired and declaration.clock and batch.latest is not None:
        free &= Q(**{f"{declaration.clock}__lte": batch.latest})  # beyond it, the clock has moved on since the claim
    may_go = Case(When(free, then=Value(True)), default=Value(False), output_field=BooleanField())
    locked = claimed.annotate(may_go=may_go).select_for_update().order_by("id")
    everything: list[Row] = list(locked.values(*columns(declaration), "may_go"))
    go: list[Row] = []
    rest: list[Row] = []
    for row in everything:
        (go if row.pop("may_go") and not (expired and resumed) else rest).append(row)
    if unreadable := _already_unreadable(declaration, batch, rest):
        go = sorted([*go, *(row for row in rest if row["id"] in unreadable)], key=itemgetter("id"))
        rest = [row for row in rest if row["id"] not in unreadable]
    return Look(go, rest)


def _already_unreadable(declaration: PersonalData, batch: DestructionBatch, rows: list[Row]) -> set[UUID]:
    """Rows whose keys an attempt that died has destroyed: only if the journal says so, never by absence."""
    keys: list[UUID] = values(rows, declaration.key)
    if not keys:
        return set()
    readable = vault.keys.existing(batch.organization_id, keys)
    keyless = {row["id"] for row in rows if row[str(declaration.key)] and row[str(declaration.key)] not in readable}
    return keyless & still_destroyed(batch.organization_id, declaration.table) if keyless else set()
