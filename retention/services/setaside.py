"""Records that failed alone and were set aside: how many, which, why, and another try of one or of all."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast

from ground import audit
from ground.audit.models import Alert
from ground.inventory import PersonalData, declarations
from ground.inventory.outcomes import rows_of
from ground.tenancy import Actor, acting_for
from retention.services import runs

_ALERT = "destruction.set_aside"


@dataclass(frozen=True, slots=True)
class Aside:
    """One record that could not be destroyed. `error`: the kind of failure; `count`: how often it failed.

    `category` is empty where the record went another way since.
    """

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


def alerts_of(organization_id: UUID) -> QuerySet[Alert]:
    """One row for each record set aside: its alert, raised in the transaction that set the record aside."""
    return Alert.objects.open().filter(organization_id=organization_id, kind=_ALERT)


def of_category(organization_id: UUID, category: str) -> Q:
    """Alerts about records of this category."""
    found = Q(pk__in=[])
    for declaration in _holdable():
        if declaration.category == category:
            aside = rows_of(declaration, organization_id).filter(set_aside_at__isnull=False)
            found |= Q(key__in=aside.annotate(as_text=Cast("pk", TextField())).values("as_text"))
    return found


def described(organization_id: UUID, alerts: Sequence[Alert]) -> list[Aside]:
    """The records these alerts are about, in their order. Needs the organization's context."""
    keys = [UUID(alert.key) for alert in alerts]
    known: dict[UUID, tuple[str, datetime]] = {}
    for declaration in _holdable() if keys else ():
        rows = rows_of(declaration, organization_id).filter(pk__in=keys, set_aside_at__isnull=False)
        known |= {pk: (str(declaration.category), moment) for pk, moment in rows.values_list("pk", "set_aside_at")}
    return [
        Aside(
            category=known[key][0] if key in known else "",
            record_id=key,
            set_aside_at=known[key][1] if key in known else alert.raised_at,
            error=_error(alert),
            count=alert.count,
        )
        for key, alert in zip(keys, alerts, strict=True)
    ]


def _error(alert: Alert) -> str:
    return str(json.loads(alert.details).get("error", ""))


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
