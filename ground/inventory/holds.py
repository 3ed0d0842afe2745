"""Legal holds and restrictions: what must stay.

Invariant: from the moment `place` returns, no destruction whose last look comes later takes a covered row. The flag
`held` on rows only makes that cheap: until every covered row carries it (`marked_at`), destruction asks the hold
itself.
Order of placing: exclusive hold lock, journal (fsync), row, audit event, commit; then flags in bounded steps. Rows that
an attempt of a destruction had journalled when it died, and that are readable still, are taken out of the journal
first: a replay, which only follows the journal, would destroy them under the hold.
Releasing is undone by placing a new hold; the flags of rows that another hold covers stay.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import reduce
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, Q
from django.db.models.functions import Now

from ground import audit, faults, jobs, vault
from ground.inventory import journalled
from ground.inventory.declarations import HoldScope, PersonalData, ScopeKind, declaration_of, declarations
from ground.inventory.exceptions import EmptyScope, HoldNotInForce
from ground.inventory.locks import hold_lock, ingest_lock
from ground.inventory.models import BatchState, DestructionBatch, Hold, Nature
from ground.inventory.outcomes import any_of, rows_of, values
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

STEP_ROWS = 5000
_NOTHING = Q(pk__in=[])

on_released: list[Callable[[UUID], None]] = []  # called after a release: retention plans its sweep again


def _nothing_more(hold: Hold) -> None:
    """What `place` and `release` do besides, unless told."""


def place(
    *,
    organization_id: UUID,
    scope: HoldScope,
    reason: str,
    review_on: date,
    by: Actor,
    at: datetime,
    nature: str = Nature.HOLD,
    also: Callable[[Hold], None] = _nothing_more,
) -> Hold:
    """Keep everything in `scope` from now on. The reason is sealed. `also` is called in the transaction that places it.

    Raises EmptyScope, VaultError.
    """
    _require_content(scope)
    key = vault.keys.mint(organization_id, Category.DSAR_REGISTER, at)[0]
    hold_id = uuid7()
    sealed = vault.seal(key, reason.encode(), category=Category.DSAR_REGISTER, object_id=hold_id)
    with acting_for(organization_id):
        hold_lock(organization_id)
        vault.keys.still_pending_ok(organization_id, [key.id])
        hold = Hold(
            id=hold_id,
            organization_id=organization_id,
            nature=nature,
            scope_kind=scope.kind,
            call_id=scope.call_id,
            agent_id=scope.agent_id,
            contact_id=scope.contact_id,
            digests={kind: [bytes(value).hex() for value in values] for kind, values in scope.digests.items()},
            start=scope.start,
            end=scope.end,
            key_id=key.id,
            sealed=sealed,
            review_on=review_on,
            placed_at=at,
            placed_by=str(by),
        )
        _take_back_from_claims(organization_id, scope)
        vault.journal.append(organization_id, "hold", _journal_form(hold))
        faults.point("holds.after_journal")
        hold.save(force_insert=True)
        audit.append(
            f"inventory.{nature}_placed",
            organization_id=organization_id,
            actor=by,
            object_type="hold",
            object_id=hold.id,
            scope=str(scope.kind),
        )
        jobs.enqueue(
            "inventory.mark_hold",
            organization_id=organization_id,
            arguments={"hold": str(hold.id)},
            unique=str(hold.id),
        )
        also(hold)
    vault.keys.confirm(organization_id, [key.id])
    mark_covered(organization_id, hold.id, steps=4)
    return hold


def release(
    *, organization_id: UUID, hold_id: UUID, by: Actor, at: datetime, also: Callable[[Hold], None] = _nothing_more
) -> Hold:
    """End a hold. What no other hold covers is free again; what is due is planned at once. Raises HoldNotInForce.

    `also` is called in the transaction that ends it.
    """
    with acting_for(organization_id):
        hold_lock(organization_id)
        hold = Hold.objects.select_for_update().get(organization_id=organization_id, id=hold_id)
        if hold.released_at is not None:
            raise HoldNotInForce(str(hold_id))
        vault.journal.append(organization_id, "hold_released", {"hold": hold.id})
        hold.released_at, hold.released_by = at, str(by)
        hold.save(update_fields=["released_at", "released_by"])
        audit.append(
            f"inventory.{hold.nature}_released",
            organization_id=organization_id,
            actor=by,
            object_type="hold",
            object_id=hold.id,
        )
        jobs.enqueue(
            "inventory.clear_hold",
            organization_id=organization_id,
            arguments={"hold": str(hold.id)},
            unique=str(hold.id),
        )
        also(hold)
    clear_released(organization_id, hold.id, steps=4)
    for hook in on_released:
        hook(organization_id)
    return hold


def reason_of(hold: Hold) -> str:
    """The sealed reason, opened; "" for a hold that came back from the journal. Needs the organization's context."""
    if not hold.sealed:
        return ""
    key = vault.keys.open(hold.organization_id, [hold.key_id])[hold.key_id]
    return vault.unseal(key, bytes(hold.sealed), category=Category.DSAR_REGISTER, object_id=hold.id).decode()


def scope_of(hold: Hold) -> HoldScope:
    """The scope as declarations understand it."""
    return HoldScope(
        kind=ScopeKind(hold.scope_kind),
        call_id=hold.call_id,
        agent_id=hold.agent_id,
        contact_id=hold.contact_id,
        digests={kind: [bytes.fromhex(value) for value in values] for kind, values in hold.digests.items()},
        start=hold.start,
        end=hold.end,
    )


def in_force(organization_id: UUID) -> Any:
    """Holds that count now, oldest first."""
    return Hold.objects.filter(organization_id=organization_id, released_at__isnull=True).order_by("placed_at", "id")


def _any_in_force(organization_id: UUID) -> bool:
    """Asked for everything that is stored, and nearly always no."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM inventory_hold WHERE organization_id = %s AND released_at IS NULL)",
            [organization_id],
        )
        return bool(cursor.fetchone()[0])


def not_yet_marked(declaration: PersonalData, organization_id: UUID) -> Q:
    """Rows of the model that a hold in force covers but whose flags may still be missing."""
    if not declaration.holdable:
        return _NOTHING
    fresh = in_force(organization_id).filter(marked_at__isnull=True)
    return _union(declaration, [scope_of(hold) for hold in fresh])


def mark(model: type[Model], organization_id: UUID, ids: list[UUID]) -> int:
    """Flag newly inserted rows that a hold covers. Call under `ingest_lock`, after the insert. Returns how many."""
    if not ids or not _any_in_force(organization_id):
        return 0
    declaration = declaration_of(model)
    where = _union(declaration, [scope_of(hold) for hold in in_force(organization_id)])
    if where is _NOTHING:
        return 0
    rows = declaration.model._default_manager.filter(where, organization_id=organization_id, id__in=ids, held=False)
    return int(rows.update(held=True))


def mark_covered(organization_id: UUID, hold_id: UUID, *, steps: int | None = None) -> bool:
    """Flag what a hold covers, in steps of a few thousand rows. True when everything carries the flag."""
    with acting_for(organization_id):
        hold = Hold.objects.get(organization_id=organization_id, id=hold_id)
    if hold.marked_at or hold.released_at:
        return True
    for declaration, where in _covering(scope_of(hold)):
        for changed in _steps(declaration, organization_id, where, held=True, for_hold=hold_id):
            if changed == STEP_ROWS and steps is not None and (steps := steps - 1) < 0:
                return False
    with acting_for(organization_id):
        hold_lock(organization_id)  # nothing may be inserted between the last look and the mark
        for declaration, where in _covering(scope_of(hold)):
            if declaration.model._default_manager.filter(where, organization_id=organization_id, held=False).exists():
                return False
        Hold.objects.filter(id=hold_id, released_at__isnull=True).update(marked_at=Now())
    return True


def clear_released(organization_id: UUID, hold_id: UUID, *, steps: int | None = None) -> bool:
    """Free what a released hold covered and no other hold covers. True when done."""
    with acting_for(organization_id):
        hold = Hold.objects.get(organization_id=organization_id, id=hold_id)
    if hold.cleared_at or not hold.released_at:
        return True
    for declaration, where in _covering(scope_of(hold)):
        for changed in _steps(declaration, organization_id, where, held=False):
            if changed == STEP_ROWS and steps is not None and (steps := steps - 1) < 0:
                return False
    with acting_for(organization_id):
        Hold.objects.filter(id=hold_id).update(cleared_at=Now())
    return True


def settle_flags(organization_id: UUID) -> int:
    """Compare every flag with the holds in force and correct it, in bounded steps. Returns how many were wrong.

    A record can leave or enter a scope after it was flagged (its person's number was corrected). Part of the daily
    reconciliation; what enters a scope by a change is flagged by the change itself (`mark`).
    """
    wrong = 0
    for declaration in declarations():
        if not (declaration.tenant and declaration.holdable):
            continue
        wrong += sum(_steps(declaration, organization_id, Q(), held=False))
        with acting_for(organization_id):
            scopes = [(hold.id, declaration.hold(scope_of(hold))) for hold in in_force(organization_id)]
        for hold_id, where in scopes:
            if where is not None:
                wrong += sum(_steps(declaration, organization_id, where, held=True, for_hold=hold_id))
    return wrong


def _steps(
    declaration: PersonalData, organization_id: UUID, where: Q, *, held: bool, for_hold: UUID | None = None
) -> Iterator[int]:
    """Flag (or free) what `where` covers, by id, a bounded step at a time; how many rows each step changed."""
    after: UUID | None = None
    while True:
        step = _flag(declaration, organization_id, where, held=held, for_hold=for_hold, after=after)
        yield len(step)
        if len(step) < STEP_ROWS:
            return
        after = step[-1]


def _flag(
    declaration: PersonalData,
    organization_id: UUID,
    where: Q,
    *,
    held: bool,
    for_hold: UUID | None = None,
    after: UUID | None = None,
) -> list[UUID]:
    """One step in its own transaction, under the shared hold lock. Returns the rows it changed.

    `for_hold`: none when that hold was released meanwhile. What another hold covers is not freed.
    """
    with acting_for(organization_id):
        ingest_lock(organization_id)
        if for_hold is not None and not in_force(organization_id).filter(id=for_hold).exists():
            return []
        where &= Q(held=not held)
        if not held:
            where &= ~_union(declaration, [scope_of(other) for other in in_force(organization_id)])
        if after is not None:
            where &= Q(id__gt=after)
        rows = rows_of(declaration, organization_id)
        step = list(rows.filter(where).order_by("id").values_list("id", flat=True)[:STEP_ROWS])
        rows.filter(any_of(step)).update(held=held)
        return step


def _covering(scope: HoldScope) -> Iterator[tuple[PersonalData, Q]]:
    for declaration in declarations():
        where = declaration.hold(scope) if declaration.holdable and declaration.tenant else None
        if where is not None:
            yield declaration, where


def _take_back_from_claims(organization_id: UUID, scope: HoldScope) -> None:
    """What a dead attempt journalled and did not carry out stays, now that a hold covers it. Needs the hold lock.

    The claim itself stays: its last look, which comes after the hold, leaves out what is covered.
    """
    covering = {declaration.label: (declaration, where) for declaration, where in _covering(scope)}
    claimed = DestructionBatch.objects.filter(
        organization_id=organization_id, state=BatchState.CLAIMED, label__in=list(covering)
    )
    for batch in claimed.order_by("id"):
        declaration, where = covering[batch.label]
        covered = rows_of(declaration, organization_id).filter(where, any_of(batch.row_ids))
        rows = list(covered.values(*journalled.columns(declaration)))
        keys: list[UUID] = values(rows, declaration.key)
        readable = vault.keys.existing(organization_id, keys) if keys else set()
        still = [row for row in rows if declaration.key is None or row[declaration.key] in readable]
        journalled.take_back(declaration, batch, still)


def _union(declaration: PersonalData, scopes: list[HoldScope]) -> Q:
    parts = [part for part in map(declaration.hold, scopes) if part is not None]
    return reduce(lambda one, other: one | other, parts) if parts else _NOTHING


def _require_content(scope: HoldScope) -> None:
    given = {
        ScopeKind.CALL: scope.call_id,
        ScopeKind.AGENT: scope.agent_id,
        ScopeKind.CONTACT: scope.contact_id or any(scope.digests.values()),
        ScopeKind.PERIOD: scope.start and scope.end and scope.start < scope.end,
    }
    if not given[scope.kind]:
        raise EmptyScope(f"a hold by {scope.kind} must say which")


def _journal_form(hold: Hold) -> dict[str, Any]:
    """Everything a restore needs to put the hold back, except the reason: the journal holds nobody's words."""
    by_kind, _, by_id = hold.placed_by.partition(":")
    return {
        "hold": hold.id,
        "nature": str(hold.nature),
        "scope_kind": str(hold.scope_kind),
        "call_id": hold.call_id,
        "agent_id": hold.agent_id,
        "contact_id": hold.contact_id,
        "digests": hold.digests,
        "start": hold.start,
        "end": hold.end,
        "key_id": hold.key_id,
        "review_on": hold.review_on.isoformat(),
        "placed_at": hold.placed_at,
        "by_kind": by_kind,
        "by_id": by_id,
    }
