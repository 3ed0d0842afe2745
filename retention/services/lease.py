"""One sweep per organization at a time: a lease in a row, so that a dead worker blocks nobody for long.

A session lock would not survive connection pools, a transaction lock would force one long transaction.
"""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from ground.tenancy import acting_for, uuid7
from retention import due
from retention.exceptions import PurgeUnderway
from retention.models import SweepState

LEASE = timedelta(minutes=10)


def take(organization_id: UUID) -> UUID:
    """Become the holder, or raise PurgeUnderway."""
    holder = uuid7()
    with acting_for(organization_id):
        now = due.database_now()
        SweepState.objects.get_or_create(organization_id=organization_id)
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
        taken = SweepState.objects.filter(free, organization_id=organization_id).update(
            holder=holder, leased_until=now + LEASE, started_at=now
        )
        if not taken:
            raise PurgeUnderway(str(organization_id))
    return holder


def extend(organization_id: UUID, holder: UUID) -> None:
    """Still the holder: another LEASE. Raises PurgeUnderway when somebody took over."""
    with acting_for(organization_id):
        kept = SweepState.objects.filter(organization_id=organization_id, holder=holder).update(
            leased_until=due.database_now() + LEASE
        )
        if not kept:
            raise PurgeUnderway(str(organization_id))


def give_back(organization_id: UUID, holder: UUID) -> None:
    """The run has ended."""
    with acting_for(organization_id):
        SweepState.objects.filter(organization_id=organization_id, holder=holder).update(
            holder=None, leased_until=None, finished_at=due.database_now()
        )
