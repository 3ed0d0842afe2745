"""Celery: wakes work up, never remembers it. What must not be lost is a row of `ground.jobs`.

The schedule is static code. Every entry is a thin task that is safe to run twice and from two beats.
"""

import os
from typing import TYPE_CHECKING, Any

import structlog
from celery import Celery, Task
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

if TYPE_CHECKING:
    _Task = Task[Any, Any]
else:
    _Task = Task

log = structlog.get_logger(__name__)


class GatedTask(_Task):
    """Does nothing while the restore gate is shut: the work is a row, and the sweep finds it again."""

    abstract = True
    UNGATED = frozenset({"vault.tend"})

    def __call__(self, *args: Any, **options: Any) -> Any:
        from ground import vault

        if self.name not in self.UNGATED:
            try:
                vault.gate.require_open()
            except vault.Unavailable as trouble:
                log.warning("gate.refused", task=self.name, reason=str(trouble))
                return None
        return super().__call__(*args, **options)


app = Celery("sottovoce", task_cls=GatedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_time_limit=600,
    task_soft_time_limit=540,
    broker_transport_options={
        "visibility_timeout": 900,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
    },
    broker_connection_retry_on_startup=True,
    worker_soft_shutdown_timeout=10,
    worker_max_tasks_per_child=500,
    worker_hijack_root_logger=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    enable_utc=True,
    timezone="UTC",
)
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "jobs-sweep": {"task": "jobs.sweep", "schedule": 10.0},
    "audit-seal": {"task": "audit.seal", "schedule": 5.0},
    "retention-sweep": {"task": "retention.sweep", "schedule": 15 * 60.0},
    "retention-settle": {"task": "retention.settle", "schedule": 5 * 60.0},
    "retention-daily": {"task": "retention.daily", "schedule": 60 * 60.0},
    "calls-poll": {"task": "calls.poll", "schedule": 10 * 60.0},
    "delivery-tend": {"task": "delivery.tend", "schedule": 15 * 60.0},
    "accounts-tidy": {"task": "accounts.tidy", "schedule": 60 * 60.0},
    "accounts-staff-sessions": {"task": "accounts.end_staff_sessions", "schedule": 60.0},
    "vault-tend": {"task": "vault.tend", "schedule": 60.0},
}


@beat_init.connect
def sweep_at_once(**_: Any) -> None:
    """What became due while nothing ran goes now, not in a quarter of an hour. Slots make it once, whoever asks."""
    app.send_task("retention.sweep", ignore_result=True)
