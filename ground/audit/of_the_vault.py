"""What the vault tells: a restore begins an epoch, findings become alerts, the night's report is evidence."""

from typing import Any
from uuid import UUID

from ground.audit import alerts
from ground.audit.services.epochs import begin_epoch
from ground.audit.services.events import append
from ground.tenancy import Actor, acting_for
from ground.vault import hooks

_BY = Actor.system("nightly")


def listen() -> None:
    """Register with the vault. Called once, when Django is ready."""
    hooks.after_restore.append(_restored)
    hooks.finding.append(_found)
    hooks.after_night.append(_night_over)


def _restored(reason: str) -> None:
    begin_epoch(reason=reason)


def _found(organization_id: UUID, kind: str, details: dict[str, Any]) -> None:
    alerts.raise_alert(organization_id, f"vault.{kind}", by=_BY, **details)


def _night_over(report: dict[str, Any]) -> None:
    operator = hooks.operator()
    failed = report["failed"]
    with acting_for(operator):
        append("vault.night_over", organization_id=operator, actor=_BY, object_type="vault.night", **report)
    if failed:
        alerts.raise_alert(operator, "vault.night_unfinished", by=_BY, steps=failed)
    else:
        alerts.resolve(operator, "vault.night_unfinished", by=_BY)
