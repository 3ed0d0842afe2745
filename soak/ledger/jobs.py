"""Jobs of a soak: one that counts its effect, and the poisons."""

import os
import time

from ground import jobs
from ground.tenancy import acting_for
from soak.ledger.models import Begun, Effect

LEASE_SECONDS = 3 if os.environ.get("SOAK_HURRY") == "1" else 30
LOOP_SECONDS = 600


@jobs.handler("soak.count", lease_seconds=LEASE_SECONDS, attempts=20)
def count(lease: jobs.Lease) -> None:
    """Work for some milliseconds, then have one effect in the transaction that completes the job."""
    _begin(lease)
    time.sleep(lease.arguments.get("milliseconds", 0) / 1000)
    with acting_for(lease.organization_id):
        Effect.objects.create(organization_id=lease.organization_id, job_id=lease.job_id, attempt=lease.attempt)
        lease.complete()


@jobs.handler("soak.exit", lease_seconds=LEASE_SECONDS, attempts=20)
def exit_at_once(lease: jobs.Lease) -> None:
    """The process ends without a word."""
    _begin(lease)
    os._exit(1)


@jobs.handler("soak.memory", lease_seconds=LEASE_SECONDS, attempts=20)
def run_out_of_memory(lease: jobs.Lease) -> None:
    """What the kernel does to a process that takes too much: SIGKILL, in the middle of taking it."""
    _begin(lease)
    taken = bytearray(64 * 2**20)
    os.kill(os.getpid(), 9 if taken else 15)


@jobs.handler("soak.loop", lease_seconds=LEASE_SECONDS, attempts=20)
def loop(lease: jobs.Lease) -> None:
    """Never comes back, and hears nothing."""
    _begin(lease)
    end = time.monotonic() + LOOP_SECONDS
    while time.monotonic() < end:
        pass


@jobs.handler("soak.shout", lease_seconds=LEASE_SECONDS, attempts=3, backoff=lambda attempt: 1.0)
def shout(lease: jobs.Lease) -> None:
    """Fails with fifty megabytes of text."""
    _begin(lease)
    raise RuntimeError("x" * (50 * 2**20))


def _begin(lease: jobs.Lease) -> None:
    with acting_for(lease.organization_id):
        Begun.objects.create(organization_id=lease.organization_id, job_id=lease.job_id, attempt=lease.attempt)
