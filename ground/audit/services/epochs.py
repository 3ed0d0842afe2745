"""Epochs: after a restore transaction ids may start lower, so a new stretch of history is begun, signed and anchored.

Call `begin_epoch` after a restore, before anything writes. Events that the restored database had not yet sealed are
sealed as the end of the old epoch. Anchors of blocks that the restore lost are then a declared loss, shown by
`verify_audit`, and not an alarm; the heads of the moment are anchored anew, so nothing can be cut off behind it.
"""

from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from ground.audit import anchors, chain, signatures
from ground.audit.models import Epoch
from ground.audit.payload import token
from ground.audit.services.blocks import heads


def current_epoch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_current_epoch()")
        return int(cursor.fetchone()[0])


def begin_epoch(*, reason: str, at: datetime | None = None) -> Epoch:
    """Begin the next epoch. `reason` is one word ("restore"). Waits for writers of events, as the only thing here."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit_stop_writers()")
        epoch = Epoch(number=current_epoch() + 1, reason=token(reason, "reason"), started_at=at or timezone.now())
        epoch.signature, epoch.signing_key = signatures.sign(chain.epoch_body(vars(epoch)))
        epoch.save(force_insert=True)
    anchors.write(replace(head, epoch=epoch.number) for head in heads())
    return epoch
