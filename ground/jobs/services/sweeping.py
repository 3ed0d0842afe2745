"""The sweep: wakes what is due and what a dead worker left, for all organizations, fairly.

A job that was woken less than half a minute ago is left alone, so a long queue is not told twice; several sweeps at
once share the work (rows another sweep is marking are skipped).
"""

from dataclasses import dataclass

from django.db import connection

from ground.jobs.broker import wake


@dataclass(frozen=True, slots=True)
class Swept:
    woken: int
    failed: int


def sweep(*, limit: int = 500) -> Swept:
    """Wake up to `limit` jobs, each organization in turn. What the broker does not take is found again later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT job_id, organization_id FROM jobs_due(%s)", [limit])
        due = cursor.fetchall()
    woken = sum(wake(job_id, organization_id) for job_id, organization_id in due)
    return Swept(woken, len(due) - woken)


@dataclass(frozen=True, slots=True)
class KindFigures:
    """One kind of job over all organizations. `oldest_seconds`: how long the longest-due one has been waiting."""

    kind: str
    ready: int
    running: int
    quarantined: int
    oldest_seconds: float


def stats() -> list[KindFigures]:
    """For the metrics endpoint: counts per kind, no rows and no organizations."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, ready, running, quarantined, oldest_seconds FROM jobs_figures() ORDER BY kind")
        return [KindFigures(*row) for row in cursor.fetchall()]
