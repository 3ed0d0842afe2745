"""Waking a worker: a message that may get lost. The row is the truth, the sweep finds what was never woken.

A request that enqueues must not hang on a dead broker: short socket timeouts, no retries beyond one reconnect, and
after a failure this process does not try again for a few seconds. Failures are counted, not raised.
"""

import os
import time
from functools import cache
from uuid import UUID

import structlog
from celery import Celery
from django.conf import settings
from kombu.pools import ProducerPool
from prometheus_client import Counter

log = structlog.get_logger(__name__)

TASK = "jobs.run"
SOCKET_SECONDS = 0.5
QUIET_SECONDS = 5.0

wakes = Counter("sottovoce_jobs_wakes", "Messages sent to wake a worker")
wake_failures = Counter("sottovoce_jobs_wake_failures", "Wake-ups the broker did not take; the sweep finds the rows")

_quiet_until = 0.0


def wake(job_id: UUID, organization_id: UUID) -> bool:
    """Tell some worker that this job is due. False when the broker did not take it; never raises, never hangs."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        wake_failures.inc()
        return False
    try:
        app, producers = _sender(os.getpid(), settings.CELERY_BROKER_URL)
        with producers.acquire(block=True, timeout=SOCKET_SECONDS) as producer:
            app.send_task(
                TASK,
                args=[str(job_id), str(organization_id)],
                producer=producer,
                retry=True,
                retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0},
                ignore_result=True,
            )
    except Exception as error:  # noqa: BLE001  (whatever the broker's client raises: the row waits for the sweep)
        _quiet_until = time.monotonic() + QUIET_SECONDS
        wake_failures.inc()
        log.warning("jobs.wake_failed", job_id=str(job_id), error=type(error).__name__)
        return False
    wakes.inc()
    return True


def forget_failure() -> None:
    """Try the broker again at once."""
    global _quiet_until
    _quiet_until = 0.0


@cache
def _sender(process_id: int, url: str) -> tuple[Celery, ProducerPool]:
    """A sender of this process only (a fork must not share sockets), with its own short timeouts."""
    app = Celery(f"sottovoce-wake-{process_id}", broker=url, set_as_current=False)
    app.conf.update(task_serializer="json", accept_content=["json"], task_ignore_result=True)
    connection = app.connection_for_write(
        connect_timeout=SOCKET_SECONDS,
        transport_options={
            "socket_connect_timeout": SOCKET_SECONDS,
            "socket_timeout": SOCKET_SECONDS,
            "max_retries": 0,
            "interval_start": 0,
        },
    )
    return app, ProducerPool(connection.Pool(limit=4), limit=4)
