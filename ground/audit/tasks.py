"""Celery entry points; safe to run twice and at once."""

from celery import shared_task

from ground.audit.services.blocks import seal_due


@shared_task(name="audit.seal")
def seal() -> None:
    """Every few seconds: seal what is pending in every chain."""
    seal_due()
