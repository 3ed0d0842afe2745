"""Verifying all chains, or one organization's, against the database and against anchors."""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction

from ground.audit import anchors as anchor_files
from ground.audit.services.blocks import chains, lock_key
from ground.audit.signatures import KeyHistory
from ground.audit.verification import Report, check_chain, check_epochs
from ground.tenancy import acting_for


def verify(organization_id: UUID | None = None, *, exports: Iterable[Path] = ()) -> Report:
    """Read everything again and report the first bad block of each chain.

    The chains are held against this machine's own anchors and against `exports` of `export_anchor` kept elsewhere.
    """
    anchors = anchor_files.read(exports)
    report = Report(unreadable_anchor_lines=anchors.unreadable_lines, forged_anchor_files=anchors.forged_files)
    keys = KeyHistory()
    known = sorted(set(chains()) | set(anchors.highest))
    with transaction.atomic():
        connection.ensure_connection()
        highest_epoch, report.epoch_problems = check_epochs(connection.connection, keys)
    for chain_organization, stream in known:
        if organization_id not in (None, chain_organization):
            continue
        of_chain = anchors.of_chain((chain_organization, stream))
        report.anchors += len(of_chain)
        with acting_for(chain_organization):
            with connection.cursor() as cursor:  # while we read, nothing expires under our eyes
                cursor.execute(
                    "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))",
                    [lock_key(chain_organization, stream, "read")],
                )
            report.chains.append(
                check_chain(
                    connection.connection,
                    chain_organization,
                    stream,
                    keys=keys,
                    anchors=of_chain,
                    highest_epoch=highest_epoch,
                )
            )
    return report
