"""Job handlers of the inventory: ids in, one service call, again later if there is more."""

from uuid import UUID

from ground import jobs
from ground.inventory import holds
from ground.inventory.removals import remove_objects
from ground.vault import VaultError


@jobs.handler("inventory.remove_objects", lease_seconds=300, attempts=100)
def remove(lease: jobs.Lease) -> None:
    """Take unreadable objects out of the store; what it refuses comes back with a growing pause."""
    try:
        outcome = remove_objects(lease.organization_id)
    except VaultError as error:
        raise jobs.RetryLater(60, type(error).__name__) from error
    if outcome.refused:
        raise jobs.RetryLater(60, "refused")


@jobs.handler("inventory.mark_hold", lease_seconds=300, attempts=100)
def mark(lease: jobs.Lease) -> None:
    """Flag what a hold covers, some steps at a time."""
    if not holds.mark_covered(lease.organization_id, UUID(lease.arguments["hold"]), steps=50):
        raise jobs.RetryLater(1, "more")


@jobs.handler("inventory.clear_hold", lease_seconds=300, attempts=100)
def clear(lease: jobs.Lease) -> None:
    """Free what a released hold covered, some steps at a time; then what is due is planned again."""
    if not holds.clear_released(lease.organization_id, UUID(lease.arguments["hold"]), steps=50):
        raise jobs.RetryLater(1, "more")
    for hook in holds.on_released:
        hook(lease.organization_id)
