"""Job handlers of retention: ids in, one service call, again later if somebody else is at it."""

from uuid import UUID

from ground import jobs
from ground.inventory import destruction, holds
from ground.tenancy import Actor, acting_for
from ground.vault import VaultError
from retention.exceptions import PurgeUnderway
from retention.services import evidence, grace, moments, overdue, reconcile, sweep

_BY = Actor.system("retention")
RUN_SECONDS = 300  # of one run: well within its lease and the worker's time limit; the next goes on


@jobs.handler("retention.sweep", lease_seconds=600, attempts=20)
def run_sweep(lease: jobs.Lease) -> None:
    """Purge one organization."""
    try:
        report = sweep.purge_expired(organization_id=lease.organization_id, by=_BY, seconds=RUN_SECONDS)
    except PurgeUnderway as error:
        raise jobs.RetryLater(60, "underway", counted=False) from error  # waiting for another run is no failure
    except VaultError as error:
        raise jobs.RetryLater(60, type(error).__name__) from error
    overdue.measure(lease.organization_id)
    if report.more:
        raise jobs.RetryLater(1, "more", counted=False)


@jobs.handler("retention.settle", lease_seconds=300, attempts=5)
def run_settle(lease: jobs.Lease) -> None:
    """Later moments and figures of one organization."""
    try:
        moments.settle(lease.organization_id)
    except VaultError as error:
        raise jobs.RetryLater(60, type(error).__name__) from error
    overdue.measure(lease.organization_id)


@jobs.handler("retention.daily", lease_seconds=900, attempts=5)
def run_daily(lease: jobs.Lease) -> None:
    """Compare rows, keys and objects of one organization."""
    try:
        reconcile.reconcile(lease.organization_id)
    except VaultError as error:
        raise jobs.RetryLater(300, type(error).__name__) from error


@jobs.handler("retention.destroy_planned", lease_seconds=300, attempts=20)
def run_planned(lease: jobs.Lease) -> None:
    """Destroy one call whose grace is over."""
    try:
        grace.carry_out(lease.organization_id, UUID(str(lease.arguments["planned"])))
    except VaultError as error:
        raise jobs.RetryLater(60, type(error).__name__) from error


@jobs.handler("retention.verify_audit", lease_seconds=1800, attempts=2)
def run_verification(lease: jobs.Lease) -> None:
    """Read an organization's chains again, for the member who asked."""
    evidence.verify(lease.organization_id, by=destruction.actor_from(str(lease.arguments["by"])))


def _plan_again(organization_id: UUID) -> None:
    """A hold was released: what is due now goes with a sweep of its own, at once."""
    with acting_for(organization_id):
        jobs.enqueue("retention.sweep", organization_id=organization_id, arguments={}, unique="released")


holds.on_released.append(_plan_again)
