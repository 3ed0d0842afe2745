"""What lower floors tell delivery through their hook lists: alerts that open, API keys made, members who joined, and
people who take along what is held about them or close their account."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import access, hooks
from accounts.models import User
from accounts.services import own_account
from delivery import kinds
from delivery.models import Preference
from delivery.services import notices, preferences
from ground.audit import alerts
from ground.inventory import declaration_of
from ground.tenancy import Actor, acting_for


def alert_opened(organization_id: UUID, alert_id: UUID, alert: str, key: str, counts: dict[str, Any]) -> None:
    """An alert that has a kind of notice is told; the others stay with the operator."""
    kind = kinds.of_alert(alert)
    if kind is None:
        return
    now = timezone.now()
    facts = kinds.alert_facts(key, counts, now)
    once = f"{now:%Y-%m-%d}" if kind.once_a_day else str(alert_id)
    notices.tell(organization_id, kind.name, once=once, object_id=facts.object_id, about=facts.about, counts=counts)


def api_key_created(organization_id: UUID, key_id: UUID, by: Actor) -> None:
    """Everybody who manages keys, but not who made it."""
    notices.tell(organization_id, "accounts.api_key_created", once=str(key_id), object_id=key_id, by=by)


def member_joined(organization_id: UUID, membership_id: UUID, user_id: UUID, role: str, by: Actor) -> None:
    """Everybody who manages the team, but not the person who joined."""
    notices.tell(
        organization_id,
        "accounts.member_joined",
        once=str(membership_id),
        object_id=user_id,
        about=role,
        by=Actor.member(user_id),
    )


@own_account.own_data("notices")
def _notices(user: User) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for organization_id in sorted(access.places_of(user)):
        with acting_for(organization_id):
            rows = notices.of_person(organization_id, user.pk).order_by("id")
            found += [{"what": row.kind, "when": row.at.isoformat(), "read": row.read_at is not None} for row in rows]
    return found


@own_account.own_data("notifications")
def _choices(user: User) -> list[dict[str, Any]]:
    rows = list(Preference.objects.filter(user=user).order_by("kind"))
    return declaration_of(Preference).export(UUID(int=0), rows)


@own_account.on_account_closed("delivery")
def _account_closed(user: User, at: datetime) -> None:
    preferences.forget_person(user)
    notices.forget_person(user.pk, access.places_of(user))


alerts.on_raised.append(alert_opened)
hooks.on_api_key_created.append(api_key_created)
hooks.on_member_joined.append(member_joined)
