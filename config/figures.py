"""What `/metrics` says, read from the database at the moment of asking: every process answers the same.

Figures are over all organizations; none is named. A part that does not answer leaves its figures out and shows as
`sottovoce_figures_up{part=...} 0`, so that an outage is not read as zero.
"""

from collections.abc import Callable, Iterable, Iterator

from django.db import DatabaseError
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ground import audit, jobs
from retention import metrics as retention


class FiguresCollector(Collector):
    """Asked anew at every scrape."""

    def collect(self) -> Iterable[Metric]:
        up = Gauge("sottovoce_figures_up", "1 while a part answered", labels=["part"])
        for name, part in PARTS.items():
            try:
                found = list(part())
            except (DatabaseError, OSError):
                up.add_metric([name], 0)
                continue
            up.add_metric([name], 1)
            yield from found
        yield up


def _retention() -> Iterator[Metric]:
    late = Gauge(
        "sottovoce_overdue_seconds",
        "Age of the oldest record that should be gone, the worst of all organizations",
        labels=["category"],
    )
    measured = Gauge(
        "sottovoce_overdue_measured_seconds_ago", "Age of the oldest measure of overdue", labels=["category"]
    )
    for figure in retention.overdue():
        late.add_metric([figure.category], figure.seconds)
        measured.add_metric([figure.category], figure.measured_seconds_ago)
    yield from (late, measured)


def _purges() -> Iterator[Metric]:
    found = retention.purges()
    runs = Gauge("sottovoce_purge_runs", "Purge runs by state", labels=["state"])
    for state in ("done", "failed", "waiting", "running"):
        runs.add_metric([state], getattr(found, state))
    yield runs
    yield Gauge("sottovoce_purged_records", "Records destroyed so far", value=float(found.rows_destroyed))
    yield Gauge("sottovoce_purged_bytes", "Bytes destroyed so far", value=float(found.bytes_destroyed))
    yield Gauge("sottovoce_certificates", "Certificates issued so far", value=found.certificates)
    yield Gauge("sottovoce_set_aside", "Records whose destruction failed and waits for a person", value=found.set_aside)
    for name, value, words in (
        ("last", found.last_sweep_seconds, "Since any organization was swept"),
        ("slowest", found.slowest_sweep_seconds, "Since the organization was swept that waits longest"),
    ):
        if value is not None:
            yield Gauge(f"sottovoce_{name}_sweep_seconds_ago", words, value=value)


def _alerts() -> Iterator[Metric]:
    family = Gauge("sottovoce_open_alerts", "Open alerts by kind", labels=["kind"])
    for kind, count in retention.open_alerts().items():
        family.add_metric([kind], count)
    yield family


def _queue() -> Iterator[Metric]:
    counts = Gauge("sottovoce_jobs", "Unfinished and quarantined jobs", labels=["kind", "state"])
    ages = Gauge("sottovoce_job_oldest_seconds", "How long the longest-due job has been waiting", labels=["kind"])
    for figure in jobs.stats():
        for state in ("ready", "running", "quarantined"):
            counts.add_metric([figure.kind, state], getattr(figure, state))
        ages.add_metric([figure.kind], figure.oldest_seconds)
    yield from (counts, ages)


def _sealing() -> Iterator[Metric]:
    found = audit.stats(limit=1000)
    yield Gauge("sottovoce_audit_pending_chains", "Audit chains with events to seal", value=found.pending_chains)
    yield Gauge(
        "sottovoce_audit_oldest_unsealed_seconds",
        "Age of the oldest unsealed event",
        value=found.oldest_unsealed_seconds,
    )


PARTS: dict[str, Callable[[], Iterator[Metric]]] = {
    "retention": _retention,
    "purges": _purges,
    "alerts": _alerts,
    "queue": _queue,
    "sealing": _sealing,
}


def exposition() -> bytes:
    """The text a scraper reads."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(FiguresCollector())
    return generate_latest(registry)
