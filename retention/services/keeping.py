"""What a hold keeps: counts by category, and how many of them are past their period (they leave on release)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contacts.models import ContactIdentifier
from ground import clocks, vault
from ground.inventory import HoldScope, declarations
from ground.inventory.declarations import ScopeKind
from ground.inventory.outcomes import rows_of
from retention import periods
from retention.exceptions import NoPeriod, PeriodUnusable


@dataclass(slots=True)
class Kept:
    """Records of one category in a scope. `past`: their period is over, only the hold keeps them."""

    category: str
    rows: int = 0
    past: int = 0


def kept(organization_id: UUID, scope: HoldScope, now: datetime) -> list[Kept]:
    """By category, in a stable order; categories without records are left out. Needs the organization's context."""
    found: dict[str, Kept] = {}
    for declaration in declarations():
        where = declaration.hold(scope) if declaration.holdable and declaration.tenant else None
        if where is None:
            continue
        rows = rows_of(declaration, organization_id).filter(where)
        count = rows.count()
        if not count:
            continue
        entry = found.setdefault(declaration.category, Kept(declaration.category))
        entry.rows += count
        assert declaration.clock is not None, "what can be held also expires"
        try:
            cutoff = clocks.cutoff(now, periods.effective(organization_id, declaration.category, now).period)
        except (NoPeriod, PeriodUnusable):
            continue
        entry.past += rows.filter(declaration.expirable, **{f"{declaration.clock}__lt": cutoff}).count()
    return list(found.values())


def scope_of_person(organization_id: UUID, kind: str, value: str, region: str | None = None) -> HoldScope:
    """A person by one identifier. Raises NotAnIdentifier."""
    digests = vault.blind.candidates(organization_id, "find", kind, value, region)
    return HoldScope(kind=ScopeKind.CONTACT, digests={kind: digests})


def scope_of_contact(organization_id: UUID, contact_id: UUID) -> HoldScope:
    """A person by a contact: everything any of its numbers, addresses or references leads to. Needs the context."""
    digests: dict[str, list[bytes]] = {}
    for kind, digest in ContactIdentifier.objects.filter(
        organization_id=organization_id, contact_id=contact_id
    ).values_list("kind", "digest"):
        if kind != "name":
            digests.setdefault(kind, []).append(bytes(digest))
    return HoldScope(kind=ScopeKind.CONTACT, contact_id=contact_id, digests=digests)
