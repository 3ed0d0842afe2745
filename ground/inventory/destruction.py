"""Destroying what is held: the one place where rows with personal data go.

Invariant: nothing readable is left behind that is not listed, and nothing is listed that is still readable.

Steps of one batch (at most some thousand rows of one model):
  1. claim     a committed row names the batch: opaque row ids, reason, actor
  2. last look under the organization's shared hold lock, in the transaction that ends with step 5: the rows are
               locked; what a hold covers by now, or what is no longer due, is left out
  3. journal   row ids, key ids, object names and tombstones go to the erasure journal (fsync), outside both databases
  4. keys      deleted in the keyring and committed: from here on the content is unreadable
  5. rows      one transaction: rows, object removals, tombstones, tally, audit event, the batch's figures
  6. objects   removed from the store in calls of 1,000; what the store refuses is tried again and listed

A crash after 1-2 leaves a claim that is executed again (of expired rows: given up; the sweep finds them anew).
After 3-4: rows without keys, still claimed; the next attempt deletes them even if a hold came meanwhile, because
nothing readable is left to hold. After 5: removals in a table.
There is no undo: grace windows and previews come before the claim.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from psycopg.errors import DeadlockDetected

from ground import audit, faults, jobs, vault
from ground.inventory import journalled, last_look, tombstones
from ground.inventory.claims import claim, claim_again
from ground.inventory.declarations import PersonalData, Row, declaration_of
from ground.inventory.deleting import Deleted, count_out, delete_rows
from ground.inventory.exceptions import NotDeclared
from ground.inventory.locks import ingest_lock
from ground.inventory.models import BatchState, DestructionBatch
from ground.inventory.outcomes import BATCH_ROWS, Outcome, Reason, any_of, rows_of, values
from ground.inventory.plain import delete_plain
from ground.inventory.removals import remove_objects
from ground.tenancy import Actor, acting_for
from ground.tenancy.actors import ActorKind

_TURNS = 3  # when PostgreSQL breaks a deadlock by refusing us
_FIGURES = ["state", "attempts", "rows", "keys", "objects_total", "bytes", "earliest", "latest", "digest"]
_FIGURES += ["run_id", "shelf_versions", "unreadable_at", "objects_gone_at"]  # the claimed ids are long, rarely change


def execute(organization_id: UUID, batch_id: UUID, *, resumed: bool = False) -> Outcome:
    """Steps 2-5 of a claimed batch. Safe to repeat; a batch that is no longer claimed does nothing.

    `resumed`: whoever claimed it is dead; what still goes belongs to no run until it gets one of its own.
    An outage (keyring, key store, journal, database) is raised and leaves the claim for the next attempt. A failure
    of the batch's own rows halves the batch until the bad row stands alone and is set aside.
    """
    turns = 0
    while True:
        turns += 1
        try:
            return _execute(organization_id, batch_id, resumed)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected) or turns == _TURNS:
                raise
        except (vault.VaultError, NotDeclared):
            raise
        except Exception as error:  # noqa: BLE001  (one bad row must not stop the rest; it is named and counted below)
            return _isolate(organization_id, batch_id, error, resumed)


def _execute(organization_id: UUID, batch_id: UUID, resumed: bool) -> Outcome:
    with acting_for(organization_id):
        ingest_lock(organization_id)
        batch = (
            DestructionBatch.objects.select_for_update(skip_locked=True)
            .filter(id=batch_id, organization_id=organization_id, state=BatchState.CLAIMED)
            .first()
        )
        if batch is None:
            return Outcome()
        declaration = declaration_of(batch.label)
        if resumed:
            batch.run_id = None
        seen = last_look.look(declaration, batch, resumed=resumed)
        rows, outcome = seen.go, Outcome(kept=len(seen.stay), batches=[batch.id])
        journalled.take_back(declaration, batch, seen.stay)
        if not rows:
            _cancel(batch)
            return outcome
        faults.point("destruction.after_look")
        key_ids: list[UUID] = values(rows, declaration.key)
        digests = values(rows, declaration.tombstone)
        if key_ids or digests:
            vault.journal.append(organization_id, "destroy", journalled.journal_form(declaration, batch, rows))
        faults.point("destruction.after_journal")
        if key_ids:
            destroyed = vault.keys.destroy(organization_id, key_ids)
            batch.shelf_versions = sorted(destroyed.shelf_versions)
            outcome.keys = len(key_ids)
        faults.point("destruction.after_keys")
        _remember(declaration, batch, rows, delete_rows(declaration, [row["id"] for row in rows]), outcome)
        faults.point("destruction.before_commit")
    faults.point("destruction.after_rows")
    return outcome


def _cancel(batch: DestructionBatch) -> None:
    batch.state, batch.row_ids = BatchState.CANCELLED, []
    batch.save(update_fields=["state", "row_ids"])


def _remember(
    declaration: PersonalData, batch: DestructionBatch, gone: list[Row], deleted: Deleted, outcome: Outcome
) -> None:
    """Step 5 besides the rows: removals, tombstones, tally, figures, hook, audit event, in the caller's transaction."""
    organization_id, now = batch.organization_id, _database_now()
    names: list[str] = values(gone, declaration.objects)
    if names:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO inventory_objectremoval (organization_id, batch_id, object_name, attempts, last_error) "
                "SELECT %s, %s, name, 0, '' FROM unnest(%s::text[]) AS name",
                [organization_id, batch.id, names],
            )
        jobs.enqueue("inventory.remove_objects", organization_id=organization_id, arguments={}, unique="remove")
    tombstones.plant(organization_id, values(gone, declaration.tombstone), at=now)
    count_out(declaration, organization_id, deleted)
    outcome.rows, outcome.bytes, outcome.objects = deleted.rows, deleted.bytes, len(names)
    batch.state = BatchState.UNREADABLE if names else BatchState.DONE
    batch.rows, batch.keys, batch.objects_total, batch.bytes = (
        outcome.rows,
        outcome.keys,
        outcome.objects,
        outcome.bytes,
    )
    claimed = len(batch.row_ids)
    if len(gone) != claimed:
        batch.row_ids = [row["id"] for row in gone]
    batch.digest = hashlib.sha256(b"".join(sorted(row["id"].bytes for row in gone))).digest()
    batch.earliest, batch.latest = deleted.earliest, deleted.latest
    batch.unreadable_at, outcome.latest = now, batch.latest
    batch.objects_gone_at = None if names else now
    batch.attempts += 1
    batch.save(update_fields=_FIGURES if len(gone) == claimed else [*_FIGURES, "row_ids"])
    if declaration.on_destroyed and gone:
        declaration.on_destroyed(organization_id, gone)
    audit.append(
        "inventory.destroyed",
        organization_id=organization_id,
        actor=actor_from(batch.by),
        object_type="destruction_batch",
        object_id=batch.id,
        category=batch.category,
        reason=batch.reason,
        rows=outcome.rows,
        keys=outcome.keys,
        objects=outcome.objects,
        bytes=outcome.bytes,
    )


def _database_now() -> datetime:
    """The database's clock: a worker's wrong one must not stand in a certificate."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def actor_from(text: str) -> Actor:
    """The actor written as `str(actor)` in a batch."""
    kind, _, identifier = text.partition(":")
    return Actor(ActorKind(kind), identifier)


def _isolate(organization_id: UUID, batch_id: UUID, error: Exception, resumed: bool) -> Outcome:
    """Halve a failing batch; a row that fails alone is set aside with an alert, and the rest goes on."""
    with acting_for(organization_id):
        batch = DestructionBatch.objects.select_for_update().get(id=batch_id)
        if batch.state != BatchState.CLAIMED:
            return Outcome()
        declaration = declaration_of(batch.label)
        ids = list(batch.row_ids)
        _cancel(batch)
        if len(ids) == 1:
            if declaration.holdable:
                rows_of(declaration, organization_id).filter(id=ids[0]).update(set_aside_at=Now())
            audit.alerts.raise_alert(
                organization_id, "destruction.set_aside", key=str(ids[0]), error=type(error).__name__
            )
            return Outcome(set_aside=1)
        half = len(ids) // 2
        parts = [claim_again(batch, part) for part in (ids[:half], ids[half:])]
    outcome = Outcome()
    for part in parts:
        outcome.include(execute(organization_id, part, resumed=resumed))
    return outcome


def destroy_now(
    model: Any,
    organization_id: UUID,
    *,
    where: Q,
    reason: Reason,
    by: Actor,
    run_id: UUID | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Outcome:
    """Destroy every free row of `model` matching `where`: keys, rows and objects, batch by batch. Held rows stay.

    Must not run inside a transaction: what a batch destroyed cannot be taken back by the caller's rollback.
    """
    declaration = model if isinstance(model, PersonalData) else declaration_of(model)
    total = Outcome()
    if declaration.plain:
        while (done := delete_plain(declaration, organization_id, where, reason=reason, by=by, run_id=run_id)).rows:
            total.include(done)
        return total
    while batch_id := claim(declaration, organization_id, where, reason=reason, by=by, run_id=run_id, limit=batch_rows):
        done = execute(organization_id, batch_id)
        total.include(done)
        if not done.moved(declaration):
            break
    if total.objects:
        remove_objects(organization_id)
    return total


def resume(organization_id: UUID, *, older_than_seconds: int = 300) -> Outcome:
    """Finish what a crash left: claims that nobody is executing. Called by the sweep.

    An outage stops one claim, not the others; it is raised in the end.
    """
    with acting_for(organization_id):
        waiting = list(
            DestructionBatch.objects.filter(
                organization_id=organization_id,
                state=BatchState.CLAIMED,
                claimed_at__lt=RawSQL("now() - make_interval(secs => %s)", [older_than_seconds]),
            )
            .order_by("claimed_at")
            .values_list("id", flat=True)[:200]
        )
    total, outage = Outcome(), None
    for batch_id in waiting:
        try:
            total.include(execute(organization_id, batch_id, resumed=True))
        except NotDeclared:
            _give_up(organization_id, batch_id)
        except (vault.VaultError, OperationalError) as error:
            outage = error
    if outage is not None:
        raise outage
    return total


def _give_up(organization_id: UUID, batch_id: UUID) -> None:
    """A claim on a model that left the product meanwhile: nobody can carry it out any more; a person must know."""
    with acting_for(organization_id):
        batch = DestructionBatch.objects.select_for_update().get(id=batch_id)
        audit.alerts.raise_alert(organization_id, "destruction.not_declared", batch=batch_id, rows=len(batch.row_ids))
        _cancel(batch)


__all__ = ["BATCH_ROWS", "Outcome", "Reason", "any_of", "claim", "destroy_now", "execute", "resume", "rows_of"]
