"""Celery entry points; safe to run twice and at once."""

import structlog
from celery import shared_task

from ground.vault import gate
from ground.vault.exceptions import Unavailable

log = structlog.get_logger(__name__)


@shared_task(name="vault.tend")
def tend() -> None:
    """Every minute: note beside the journal where both databases stand. A shut gate is said and left shut."""
    try:
        gate.tend()
    except Unavailable as trouble:
        log.error("vault.gate_shut", reason=str(trouble))
