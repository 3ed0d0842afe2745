"""When destruction is complete: the second and third moment of every certificate, and work nobody else closes.

`settle` looks at what is open, asks the vault and the backups what has happened, and issues the statements that are
true by now. Bounded, safe to repeat; a statement is never issued before its moment.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from ground import clocks, profiles, vault
from ground.inventory import destruction, tally, tombstones
from ground.inventory.destruction import Reason
from ground.inventory.models import DestructionBatch
from ground.tenancy import acting_for
from retention import due
from retention.models import Certificate, Moment, Statement
from retention.services import certificates, runs, telling

_STEP = 100
_COMMITTED_WITHIN = timedelta(minutes=10)


def settle(organization_id: UUID) -> int:
    """Finish, adopt, fold, and issue every statement whose moment has come. Returns how many were issued."""
    vault.gate.require_open()
    tally.fold(organization_id)
    with acting_for(organization_id):
        tombstones.expire(organization_id)
    destruction.resume(organization_id)
    runs.close_abandoned(organization_id)
    adopt_strays(organization_id)
    telling.of_time(organization_id, now=due.database_now())
    return _beyond_recovery(organization_id) + _gone_from_backups(organization_id)


def adopt_strays(organization_id: UUID) -> int:
    """Batches destroyed outside a run (an API call, an erasure, a resumed claim) get a run, and with it a certificate.

    Logs that expired (nothing sealed) are evidence enough by their batch and audit event.
    """
    unproven = ~Q(reason=Reason.SUPERSEDED) & ~Q(reason=Reason.EXPIRED, keys=0, objects_total=0)
    return runs.adopt(organization_id, unproven, limit=1000)


def _without(organization_id: UUID, moment: Moment, before: datetime | None = None) -> Iterator[list[Certificate]]:
    """Certificates that still lack a statement about `moment`, oldest first, in pages: one that waits long for its
    moment does not stand before the others. `before`: only those issued by then."""
    has = Statement.objects.filter(certificate_id=OuterRef("id"), moment=moment)
    last: Certificate | None = None
    while True:
        with acting_for(organization_id):
            found = Certificate.objects.filter(~Exists(has), organization_id=organization_id)
            if before is not None:
                found = found.filter(issued_at__lte=before)
            if last is not None:
                found = found.filter(number__gt=last.number)
            page = list(found.order_by("number")[:_STEP])
        if page:
            yield page
        if len(page) < _STEP:
            return
        last = page[-1]


def _batches(organization_id: UUID, certificates_: list[Certificate]) -> dict[UUID, list[DestructionBatch]]:
    """What each run destroyed, without the long lists of ids. Needs the organization's context."""
    of_run: dict[UUID, list[DestructionBatch]] = {one.run_id: [] for one in certificates_}
    found = DestructionBatch.objects.filter(organization_id=organization_id, run_id__in=list(of_run), rows__gt=0)
    for batch in found.defer("row_ids"):
        assert batch.run_id is not None
        of_run[batch.run_id].append(batch)
    return of_run


def _beyond_recovery(organization_id: UUID) -> int:
    issued = 0
    for page in _without(organization_id, Moment.BEYOND_RECOVERY):
        with acting_for(organization_id):
            of_run = _batches(organization_id, page)
        wanted = {version for group in of_run.values() for batch in group for version in batch.shelf_versions}
        settled = vault.rotation.settled(organization_id, wanted) if wanted else {}
        for certificate in page:
            batches = of_run[certificate.run_id]
            moment = _beyond_recovery_at(batches, settled)
            if moment is None:
                continue
            with acting_for(organization_id):
                DestructionBatch.objects.filter(id__in=[batch.id for batch in batches]).update(
                    beyond_recovery_at=moment
                )
                certificates.issue_later(organization_id, certificate, Moment.BEYOND_RECOVERY, moment)
            issued += 1
    return issued


def _beyond_recovery_at(batches: list[DestructionBatch], settled: Mapping[UUID, datetime]) -> datetime | None:
    """When the last key of the run was beyond recovery; None: not yet, or nothing of it was sealed.

    A batch with keys but without shelf versions found its keys gone (its first attempt died) and no version of the
    organization still waiting for a night: then all was over before.
    """
    sealed = [batch for batch in batches if batch.keys]
    versions = {version for batch in sealed for version in batch.shelf_versions}
    if not sealed or versions - set(settled):
        return None
    early = [batch.unreadable_at for batch in sealed if not batch.shelf_versions and batch.unreadable_at]
    return max([*(settled[version] for version in versions), *early])


def _gone_from_backups(organization_id: UUID) -> int:
    window = profiles.current().backup_window
    if window is None:
        return 0
    issued, now = 0, due.database_now()
    oldest = vault.backup.oldest_taken_at("main")
    for page in _without(organization_id, Moment.GONE_FROM_BACKUPS, before=clocks.cutoff(now, window)):
        with acting_for(organization_id):
            of_run = _batches(organization_id, page)
            second = set(
                Statement.objects.filter(
                    certificate_id__in=[certificate.id for certificate in page], moment=Moment.BEYOND_RECOVERY
                ).values_list("certificate_id", flat=True)
            )
            for certificate in page:
                batches = of_run[certificate.run_id]
                moment = _left_at(batches)
                if moment is None:
                    continue
                left = clocks.purge_after(moment, window)
                if now < left or (oldest is not None and oldest <= moment):
                    continue
                if certificate.id not in second and any(batch.keys for batch in batches):
                    continue  # the moments come in their order
                DestructionBatch.objects.filter(run_id=certificate.run_id).update(left_backups_at=left, row_ids=[])
                certificates.issue_later(organization_id, certificate, Moment.GONE_FROM_BACKUPS, left)
                issued += 1
    return issued


def _left_at(batches: list[DestructionBatch]) -> datetime | None:
    """The last moment at which a row of the run can still have been in the main database: its deletion committed a
    little after the keys went."""
    moments = [batch.unreadable_at for batch in batches if batch.unreadable_at]
    return max(moments) + _COMMITTED_WITHIN if moments else None
