"""Keys that no row names.

A pending key past its deadline is one whose row never came, or whose confirmation was lost. A live key without a row is
one whose row went by a way that is not ours. Either opens nothing we know of, so it is set aside, and destroyed days
later only if still no row names it.

Live keys and the keys that rows name are two ascending streams, read side by side: memory does not grow with them. A
difference is only a candidate, because the streams are read at two moments; it is asked about again by name.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from uuid import UUID

from django.db.models import F

from ground import vault
from ground.inventory import declarations
from ground.inventory.destruction import rows_of
from ground.tenancy import acting_for
from retention.models import Reconciliation

CANDIDATES = 5000


def settle(report: Reconciliation) -> None:
    """Settle pending keys; look once more at quarantined ones, then let them go."""
    organization_id = report.organization_id

    def has_row(key_ids: Sequence[UUID]) -> set[UUID]:
        return named(organization_id, key_ids)

    while True:
        settled = vault.keys.settle_pending(organization_id, has_row)
        report.keys_seen += settled.confirmed + settled.quarantined
        report.keys_quarantined += settled.quarantined
        if settled.confirmed + settled.quarantined == 0:
            break
    over = vault.keys.quarantine_over(organization_id)
    still = has_row(over) if over else set()
    if still:
        vault.keys.confirm(organization_id, still)
    if rest := [key_id for key_id in over if key_id not in still]:
        vault.keys.destroy(organization_id, rest)


def unnamed(report: Reconciliation) -> None:
    """Set aside the live keys that no row names."""
    organization_id, after = report.organization_id, None
    while candidates := _candidates(report, after):
        after = candidates[-1]
        without = set(candidates) - named(organization_id, candidates)
        report.keys_quarantined += vault.keys.quarantine(organization_id, without)


def _candidates(report: Reconciliation, after: UUID | None) -> list[UUID]:
    """The next live keys beyond `after` that no row named when the streams were read."""
    organization_id = report.organization_id
    with acting_for(organization_id), closing(_named_in_order(organization_id, after)) as names:
        return list(islice(only_left(_seen(report, vault.keys.live(organization_id, after)), names), CANDIDATES))


def _seen(report: Reconciliation, keys: Iterator[UUID]) -> Iterator[UUID]:
    for key_id in keys:
        report.keys_seen += 1
        yield key_id


def only_left(left: Iterator[UUID], right: Iterator[UUID]) -> Iterator[UUID]:
    """What stands in `left` and not in `right`; both ascend, repeats allowed."""
    other = next(right, None)
    for value in left:
        while other is not None and other < value:
            other = next(right, None)
        if other != value:
            yield value


def _named_in_order(organization_id: UUID, after: UUID | None) -> Generator[UUID, None, None]:
    """Keys that rows name, ascending: sorted by the database, read through a cursor of this transaction."""
    first, *others = (
        rows_of(declaration, organization_id)
        .filter(**{f"{declaration.key}__gt": after or UUID(int=0)})
        .order_by()
        .annotate(named=F(str(declaration.key)))
        .values_list("named", flat=True)
        for declaration in declarations()
        if declaration.tenant and declaration.key
    )
    yield from first.union(*others, all=True).order_by("named").iterator(chunk_size=CANDIDATES)


def named(organization_id: UUID, key_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these keys a row of any declared model names."""
    found: set[UUID] = set()
    with acting_for(organization_id):
        for declaration in declarations():
            if declaration.tenant and declaration.key:
                rows = rows_of(declaration, organization_id).filter(**{f"{declaration.key}__in": list(key_ids)})
                found.update(rows.values_list(declaration.key, flat=True))
    return found
