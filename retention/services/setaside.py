"""Records that failed alone and were set aside: how many, and another try."""

from uuid import UUID

from django.db.models import Count

from ground import audit
from ground.audit.models import Alert
from ground.inventory import declarations
from ground.inventory.outcomes import rows_of
from ground.tenancy import Actor, acting_for
from retention.services import runs

_ALERT = "destruction.set_aside"


def waiting(organization_id: UUID) -> dict[str, int]:
    """Set-aside records by category; nothing is read unless the alerts name some. Needs the organization's context."""
    counts: dict[str, int] = {}
    if not Alert.objects.open().filter(organization_id=organization_id, kind=_ALERT).exists():
        return counts
    for declaration in declarations():
        if not (declaration.tenant and declaration.holdable):
            continue
        aside = rows_of(declaration, organization_id).filter(set_aside_at__isnull=False)
        found = aside.aggregate(count=Count("pk"))["count"]
        if found:
            counts[declaration.category] = counts.get(declaration.category, 0) + found
    return counts


def retry(*, organization_id: UUID, by: Actor) -> int:
    """Every set-aside record is due again, and a sweep is asked for. How many; a record that fails again comes back."""
    with acting_for(organization_id):
        freed = 0
        for declaration in declarations():
            if declaration.tenant and declaration.holdable:
                aside = rows_of(declaration, organization_id).filter(set_aside_at__isnull=False)
                freed += aside.update(set_aside_at=None)
        alerts = Alert.objects.open().filter(organization_id=organization_id, kind=_ALERT)
        for key in list(alerts.values_list("key", flat=True)):
            audit.alerts.resolve(organization_id, _ALERT, key=key, by=by)
        audit.append("retention.set_aside_retried", organization_id=organization_id, actor=by, rows=freed)
        runs.ask_for_sweep(organization_id, by=by)
    return freed
