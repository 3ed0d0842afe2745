"""When destruction is complete: the second and third moment of every certificate, and work nobody else closes.

`settle` looks at what is open, asks the vault and the backups what has happened, and issues the statements that are
true by now. Bounded, safe to repeat; a statement is never issued before its moment.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from ground import clocks, profiles, vault
from ground.inventory import destruction, tally, tombstones
from ground.inventory.destruction import Reason
from ground.inventory.models import DestructionBatch
from ground.tenancy import Actor, acting_for
from retention import due
from retention.models import Certificate, Moment, Statement
from retention.services import certificates, runs
from retention.services.plan import LineReport

_BY = Actor.system("retention")
_STEP = 100


def settle(organization_id: UUID) -> int:
    """Finish, adopt, fold, and issue every statement whose moment has come. Returns how many were issued."""
    destruction.resume(organization_id)
    adopt_strays(organization_id)
    tally.fold(organization_id)
    with acting_for(organization_id):
        tombstones.expire(organization_id)
    return _beyond_recovery(organization_id) + _gone_from_backups(organization_id)


def adopt_strays(organization_id: UUID) -> int:
    """Batches destroyed outside a run (an API call, an erasure) get a run, and with it a certificate."""
    with acting_for(organization_id):
        strays = list(
            DestructionBatch.objects.filter(organization_id=organization_id, run_id__isnull=True, rows__gt=0)
            .exclude(reason__in=[Reason.SUPERSEDED, Reason.EXPIRED])
            .order_by("by", "reason", "id")
            .defer("row_ids")[:1000]
        )
    groups: dict[tuple[str, str], list[DestructionBatch]] = {}
    for batch in strays:
        groups.setdefault((batch.by, batch.reason), []).append(batch)
    for (by, reason), group in groups.items():
        actor = destruction.actor_from(by)
        run = runs.start(organization_id, by=actor, trigger=reason)
        with acting_for(organization_id):
            DestructionBatch.objects.filter(id__in=[batch.id for batch in group]).update(run_id=run.id)
        for category in sorted({batch.category for batch in group}):
            line = LineReport(category)
            for batch in group:
                if batch.category == category:
                    line.outcome.rows += batch.rows
                    line.outcome.keys += batch.keys
                    line.outcome.objects += batch.objects_total
                    line.outcome.bytes += batch.bytes
            line.due = line.outcome.rows
            runs.store_line(run, line)
        runs.finish(run, by=actor)
    return len(groups)


def _without(organization_id: UUID, moment: Moment) -> list[Certificate]:
    """The oldest certificates that still lack a statement about `moment`. Needs the organization's context."""
    has = Statement.objects.filter(certificate_id=OuterRef("id"), moment=moment)
    found = Certificate.objects.filter(~Exists(has), organization_id=organization_id)
    return list(found.order_by("issued_at")[:_STEP])


def _batches(organization_id: UUID, run_id: UUID) -> list[DestructionBatch]:
    return list(
        DestructionBatch.objects.filter(organization_id=organization_id, run_id=run_id, rows__gt=0).defer("row_ids")
    )


def _beyond_recovery(organization_id: UUID) -> int:
    issued = 0
    with acting_for(organization_id):
        waiting = [
            (certificate, _batches(organization_id, certificate.run_id))
            for certificate in _without(organization_id, Moment.BEYOND_RECOVERY)
        ]
    for certificate, batches in waiting:
        versions = {version for batch in batches for version in batch.shelf_versions}
        if not versions:
            continue  # nothing of this run was sealed: rows leave with the backups
        settled = vault.rotation.settled(organization_id, versions)
        if versions - set(settled):
            continue
        moment = max(settled.values())
        with acting_for(organization_id):
            DestructionBatch.objects.filter(id__in=[batch.id for batch in batches]).update(beyond_recovery_at=moment)
            certificates.issue_later(organization_id, certificate, Moment.BEYOND_RECOVERY, moment)
        issued += 1
    return issued


def _gone_from_backups(organization_id: UUID) -> int:
    window = profiles.current().backup_window
    if window is None:
        return 0
    issued, now = 0, due.database_now()
    oldest = vault.backup.oldest_taken_at("main")
    with acting_for(organization_id):
        for certificate in _without(organization_id, Moment.GONE_FROM_BACKUPS):
            moment = _left_at(_batches(organization_id, certificate.run_id))
            if moment is None:
                continue
            left = clocks.purge_after(moment, window)
            if now < left or (oldest is not None and oldest <= moment):
                continue
            needs_second = DestructionBatch.objects.filter(run_id=certificate.run_id, keys__gt=0).exists()
            if (
                needs_second
                and not Statement.objects.filter(certificate_id=certificate.id, moment=Moment.BEYOND_RECOVERY).exists()
            ):
                continue  # the moments come in their order
            DestructionBatch.objects.filter(run_id=certificate.run_id).update(left_backups_at=left, row_ids=[])
            certificates.issue_later(organization_id, certificate, Moment.GONE_FROM_BACKUPS, left)
            issued += 1
    return issued


def _left_at(batches: list[DestructionBatch]) -> datetime | None:
    """The last moment at which a row of the run was still in the main database."""
    moments = [batch.unreadable_at for batch in batches if batch.unreadable_at]
    return max(moments) if moments else None
