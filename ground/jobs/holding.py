"""Holding a job while its holder lives, and no longer.

A lease is short, and a thread beside the handler renews it: a worker that was killed, or stands still, is noticed
within `HOLD_SECONDS`, however long its work may take. The renewing ends with the handler's `lease_seconds` (anew with
each `extend`): whoever takes longer has lost the job, and a worker process that is stuck in it is of no use to anybody.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

import structlog
from django.db import DatabaseError, InterfaceError, connections

from ground.jobs.exceptions import StaleLease
from ground.jobs.lease import Lease

log = structlog.get_logger(__name__)

BEAT_SECONDS = 10.0
GRACE_SECONDS = 5.0  # for a handler that is just ending


@contextlib.contextmanager
def held(lease: Lease, overrun: Callable[[], None] | None = None) -> Iterator[None]:
    """Inside, the lease is renewed. `overrun` is called when the work takes longer than it may (and has not ended)."""
    done = threading.Event()
    thread = threading.Thread(target=_renew, args=(lease, done, overrun), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew(lease: Lease, done: threading.Event, overrun: Callable[[], None] | None) -> None:
    try:
        while not done.wait(max(0.0, min(BEAT_SECONDS, lease.left))):
            if lease.left > 0:
                if not _once(lease):
                    return
            elif overrun is None or done.wait(GRACE_SECONDS):
                return
            elif lease.left <= 0:
                log.error("jobs.overrun", job_id=str(lease.job_id), kind=lease.kind, seconds=lease.seconds)
                overrun()
                return
    finally:
        connections.close_all()  # this thread's own


def _once(lease: Lease) -> bool:
    """False when the job is no longer ours. While the database is away the lease simply runs on."""
    try:
        lease.renew()
    except StaleLease:
        return False
    except (DatabaseError, InterfaceError) as error:
        log.warning("jobs.renewal_failed", job_id=str(lease.job_id), error=type(error).__name__)
        connections.close_all()
    return True
