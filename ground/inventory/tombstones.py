"""What was destroyed and must not come back: looked up before every insert, in the inserting transaction."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from ground import profiles
from ground.inventory.models import Tombstone

# One packed value is many times cheaper to send than an array of bytea.
_PLANT = """
    INSERT INTO inventory_tombstone (organization_id, digest, expires_at)
    SELECT %s, substring(packed FROM place * 16 + 1 FOR 16), %s
    FROM (SELECT %s::bytea AS packed) AS value, generate_series(0, %s - 1) AS place
    ON CONFLICT (organization_id, digest)
    DO UPDATE SET expires_at = greatest(inventory_tombstone.expires_at, excluded.expires_at)
"""


def lifetime() -> timedelta:
    """How long a tombstone is needed: the provider's own retention plus the longest backup window of the profile."""
    period = profiles.current().windows.tombstone.value
    if period is None:
        raise LookupError("the operator profile gives no tombstone window")
    return timedelta(days=period.longest_days)


def plant(organization_id: UUID, digests: Iterable[bytes], *, at: datetime) -> int:
    """Remember the digests of destroyed things. Idempotent. Returns how many are new."""
    values = sorted({bytes(digest) for digest in digests if digest})
    if not values:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_PLANT, [organization_id, at + lifetime(), b"".join(values), len(values)])
        return int(cursor.rowcount)


def present(organization_id: UUID, digests: Iterable[bytes]) -> set[bytes]:
    """Those of `digests` that were destroyed here and must not be stored again."""
    wanted = {bytes(digest) for digest in digests if digest}
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest FROM inventory_tombstone WHERE organization_id = %s AND digest = ANY(%s::bytea[])",
            [organization_id, array_of(wanted)],
        )
        return {bytes(row[0]) for row in cursor.fetchall()}


def array_of(digests: Iterable[bytes]) -> str:
    """Digests as the text of a `bytea[]`: one parameter, many times cheaper than one for each."""
    return "{" + ",".join(rf'"\\x{digest.hex()}"' for digest in digests) + "}"


def expire(organization_id: UUID, *, limit: int = 5000) -> int:
    """Remove tombstones that no provider and no backup can contradict any more. Bounded; returns how many went."""
    due = Tombstone.objects.filter(organization_id=organization_id, expires_at__lt=Now()).values("id")[:limit]
    return Tombstone.objects.filter(organization_id=organization_id, id__in=due).delete()[0]
