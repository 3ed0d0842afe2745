"""The hold lock of an organization: shared by ingest and destruction, exclusive for placing a hold.

Invariant: whoever destroys looks once more at the holds *while holding the shared lock* and keeps it until the rows
are gone; whoever places a hold waits for those, and everybody after sees the hold. The locks end with the transaction.
"""

from uuid import UUID

from django.db import connection

_HOLDS = 0x50544F48  # first key of the two-key advisory lock: "holds"


def _second_key(organization_id: UUID) -> int:
    """31 bits of the organization's id: a collision makes two organizations wait for each other, nothing else."""
    return organization_id.int & 0x7FFFFFFF


def ingest_lock(organization_id: UUID) -> None:
    """Shared: no hold is being placed while the caller's transaction inserts or destroys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [_HOLDS, _second_key(organization_id)])


def hold_lock(organization_id: UUID) -> None:
    """Exclusive: waits for every insert and destruction of this organization that is under way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_HOLDS, _second_key(organization_id)])
