"""Records that failed alone and were set aside: how many, which, why, and another try of one or of all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from ground import audit
from ground.audit.models import Alert
from ground.inventory import PersonalData, declarations
from ground.inventory.outcomes import rows_of
from ground.tenancy import Actor, acting_for
from retention.services import runs

_ALERT = "destruction.set_aside"
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Aside:
    """One record that could not be destroyed. `error`: the kind of failure; `count`: how often it failed."""

    category: str
    record_id: UUID
    set_aside_at: datetime
    error: str
    count: int


def _holdable() -> Iterator[PersonalData]:
    return (declaration for declaration in declarations() if declaration.tenant and declaration.holdable)


def any_open(organization_id: UUID) -> bool:
    """Whether an alert says that something is set aside. Needs the organization's context."""
    return Alert.objects.open().filter(organization_id=organization_id, kind=_ALERT).exists()


def waiting(organization_id: UUID) -> dict[str, int]:
    """Set-aside records by category; nothing is read unless the alerts name some. Needs the organization's context."""
    counts: dict[str, int] = {}
    if not any_open(organization_id):
        return counts
    for declaration in _holdable():
        aside = rows_of(declaration, organization_id).filter(set_aside_at__isnull=False)
        found = aside.aggregate(count=Count("pk"))["count"]
        if found:
            counts[declaration.category] = counts.get(declaration.category, 0) + found
    return counts


def listed(organization_id: UUID) -> list[Aside]:
    """The records themselves, longest set aside first, at most `SHOWN`. Needs the organization's context."""
    found: list[tuple[datetime, str, UUID]] = []
    for declaration in _holdable():
        aside = rows_of(declaration, organization_id).filter(set_aside_at__isnull=False)
        rows = aside.order_by("set_aside_at").values_list("set_aside_at", "pk")[:SHOWN]
        found += [(set_aside_at, str(declaration.category), pk) for set_aside_at, pk in rows]
    oldest = sorted(found)[:SHOWN]
    alerts = Alert.objects.open().filter(
        organization_id=organization_id, kind=_ALERT, key__in=[str(pk) for _at, _category, pk in oldest]
    )
    known = {alert.key: alert for alert in alerts}
    return [
        Aside(category, pk, set_aside_at, _error(known.get(str(pk))), known[str(pk)].count if str(pk) in known else 1)
        for set_aside_at, category, pk in oldest
    ]


def _error(alert: Alert | None) -> str:
    try:
        return str(json.loads(alert.details).get("error", "")) if alert is not None else ""
    except ValueError:
        return ""


def retry(*, organization_id: UUID, by: Actor, record_id: UUID | None = None) -> int:
    """Set-aside records, or the one of `record_id`, are due again, and a sweep is asked for.

    Returns how many; a record that fails again comes back. One open alert is resolved for each.
    """
    only = Q(pk=record_id) if record_id is not None else Q()
    with acting_for(organization_id):
        freed = 0
        for declaration in _holdable():
            aside = rows_of(declaration, organization_id).filter(only, set_aside_at__isnull=False)
            freed += aside.update(set_aside_at=None)
        if record_id is not None and not freed:
            return 0
        alerts = Alert.objects.open().filter(organization_id=organization_id, kind=_ALERT)
        if record_id is not None:
            alerts = alerts.filter(key=str(record_id))
        for key in list(alerts.values_list("key", flat=True)):
            audit.alerts.resolve(organization_id, _ALERT, key=key, by=by)
        audit.append("retention.set_aside_retried", organization_id=organization_id, actor=by, rows=freed)
        runs.ask_for_sweep(organization_id, by=by)
    return freed
