"""Work of calls that must not be lost: ids in, one service call, then done, later, or never."""

from uuid import UUID

from django.conf import settings
from django.utils import timezone

from calls.media.download import DownloadFailed
from calls.providers.base import Busy, CopyState
from calls.providers.client import NoAnswer
from calls.services import copies, destroying, fetching, polling, processing
from calls.services.storing import Overtaken
from ground import jobs
from ground.vault.exceptions import KeyDeadlinePassed

_VAULT_RETRY_SECONDS = 15
_FETCHES = 12


@jobs.handler("calls.process_event", lease_seconds=120, attempts=20)
def process_event(lease: jobs.Lease) -> None:
    """Read a received provider event into its call."""
    try:
        with jobs.until_the_vault_answers(_VAULT_RETRY_SECONDS, KeyDeadlinePassed):
            processing.process(lease.organization_id, UUID(lease.arguments["event"]), now=timezone.now())
    except Overtaken:
        raise jobs.RetryLater(1, "overtaken") from None


@jobs.handler("calls.fetch_recording", lease_seconds=settings.MEDIA_FETCH_SECONDS * 2 + 120, attempts=_FETCHES)
def fetch_recording(lease: jobs.Lease) -> None:
    """Fetch, recognise, seal and store the recording of a call; patient for hours with what may pass."""
    call_id = UUID(lease.arguments["call"])
    try:
        with jobs.until_the_vault_answers(_VAULT_RETRY_SECONDS, KeyDeadlinePassed):
            fetching.fetch(lease.organization_id, call_id, UUID(lease.arguments["event"]), now=timezone.now())
    except DownloadFailed as failure:
        if not failure.transient or lease.attempt >= _FETCHES:
            fetching.give_up(lease.organization_id, call_id, failure.code, status=failure.status)
            raise jobs.GiveUp(failure.code) from None
        wait = failure.retry_after
        if wait is None:
            wait = min(30 * 2 ** (lease.attempt - 1), 3600)
        raise jobs.RetryLater(wait, failure.code) from None


@jobs.handler("calls.delete_provider_copy", lease_seconds=120, attempts=200)
def delete_provider_copy(lease: jobs.Lease) -> None:
    """Ask the provider to delete its copy of a call; patient for days, then an alert."""
    copy_id = UUID(lease.arguments["copy"])
    with jobs.until_the_vault_answers(_VAULT_RETRY_SECONDS):
        answer = copies.ask(lease.organization_id, copy_id, now=timezone.now())
    if answer is None or answer.state not in (CopyState.RETRY, CopyState.CREDENTIALS):
        return
    if copies.is_out_of_patience(lease.organization_id, copy_id, now=timezone.now()):
        raise jobs.GiveUp("provider_refuses")
    raise jobs.RetryLater(copies.wait_seconds(answer, lease.attempt), f"answer_{answer.code}")


@jobs.handler("calls.destroy_forbidden", lease_seconds=120, attempts=20)
def destroy_forbidden(lease: jobs.Lease) -> None:
    """Destroy recordings of a call that may not have any."""
    with jobs.until_the_vault_answers(_VAULT_RETRY_SECONDS):
        destroying.destroy_forbidden(lease.organization_id, UUID(lease.arguments["call"]))


@jobs.handler("calls.poll", lease_seconds=120, attempts=5)
def plan_polls(lease: jobs.Lease) -> None:
    """One poll for each connection of the organization."""
    polling.plan(lease.organization_id)


@jobs.handler("calls.poll_connection", lease_seconds=600, attempts=12)
def poll_connection(lease: jobs.Lease) -> None:
    """Ask a provider for calls whose delivery never arrived."""
    try:
        with jobs.until_the_vault_answers(_VAULT_RETRY_SECONDS, KeyDeadlinePassed):
            done = polling.poll(lease.organization_id, UUID(lease.arguments["connection"]), now=timezone.now())
    except Busy as busy:
        wait = busy.retry_after if busy.retry_after is not None else _poll_wait(lease.attempt)
        raise jobs.RetryLater(wait, f"answer_{busy.status}") from None
    except NoAnswer:
        raise jobs.RetryLater(_poll_wait(lease.attempt), "provider_silent") from None
    if done.more:
        raise jobs.RetryLater(1, "more", counted=False)


def _poll_wait(attempt: int) -> float:
    """Seconds before a provider that does not answer is asked again: a minute, doubling to half an hour."""
    return float(min(60 * 2 ** (attempt - 1), 1800))
