"""Alerts: what an organization must know about, one open row per kind and key.

Raising the same alert again counts up; only the first raising and the resolving are audit events.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from ground.audit import payload as guard
from ground.audit.models import Alert
from ground.audit.services.events import append
from ground.tenancy import Actor, acting_for, uuid7

_UPSERT = (
    "INSERT INTO audit_alert (id, organization_id, kind, key, details, count) VALUES (%s, %s, %s, %s, %s, 1) "
    "ON CONFLICT (organization_id, kind, key) WHERE resolved_at IS NULL "
    "DO UPDATE SET count = audit_alert.count + 1, last_at = statement_timestamp(), details = EXCLUDED.details "
    "RETURNING id, count"
)
_BY = Actor.system("alerts")

# (organization, alert id, kind, key, counts), in the transaction that opens an alert; repetitions are not told.
on_raised: list[Callable[[UUID, UUID, str, str, dict[str, Any]], None]] = []


def raise_alert(organization_id: UUID, kind: str, key: str = "", *, by: Actor = _BY, **counts: Any) -> UUID:
    """Open the alert, or count it up when it is open; returns its id. `counts`: ids and counts, newest shown."""
    values = (guard.kind(kind), guard.token(key, "key") if key else "", guard.canonical(counts))
    with acting_for(organization_id):
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, [uuid7(), organization_id, *values])
            alert_id, count = cursor.fetchone()
        if count == 1:
            append(
                "audit.alert_raised",
                organization_id=organization_id,
                actor=by,
                object_type="audit.alert",
                object_id=alert_id,
                alert=kind,
                key=key,
            )
            for tell in on_raised:
                tell(organization_id, UUID(str(alert_id)), kind, key, counts)
    return UUID(str(alert_id))


def resolve(organization_id: UUID, kind: str, key: str = "", *, by: Actor = _BY) -> bool:
    """Close the open alert of this kind and key; False when none was open."""
    with acting_for(organization_id):
        open_alert = Alert.objects.open().filter(organization_id=organization_id, kind=kind, key=key)
        alert_id = open_alert.values_list("id", flat=True).select_for_update().first()
        if alert_id is None:
            return False
        Alert.objects.filter(organization_id=organization_id, id=alert_id).update(resolved_at=Now())
        append(
            "audit.alert_resolved",
            organization_id=organization_id,
            actor=by,
            object_type="audit.alert",
            object_id=alert_id,
            alert=kind,
            key=key,
        )
    return True
