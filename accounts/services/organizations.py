"""Opening and closing organizations.

Closing is a state first (`closing`: nothing new comes in, periods run on, exports are possible) and an end later
(`closed`). Apps on higher floors say what must happen through `on_organization_closed`, in order.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.exceptions import OrganizationClosed
from accounts.models import Membership, Organization, OrganizationState, Role, User
from accounts.services import api_keys
from ground import audit, tenancy
from ground.tenancy import Actor

Hook = Callable[[UUID, datetime], None]
_opened: list[tuple[int, str, Hook]] = []
_closed: list[tuple[int, str, Hook]] = []


def on_organization_opened(name: str, *, order: int = 100) -> Callable[[Hook], Hook]:
    """Register `f(organization_id, at)`, called inside the transaction that opens an organization."""
    return _register(_opened, name, order)


def on_organization_closed(name: str, *, order: int = 100) -> Callable[[Hook], Hook]:
    """Register `f(organization_id, at)`, called inside the transaction that closes an organization, lowest first."""
    return _register(_closed, name, order)


def _register(hooks: list[tuple[int, str, Hook]], name: str, order: int) -> Callable[[Hook], Hook]:
    def register(hook: Hook) -> Hook:
        if any(known == name for _, known, _ in hooks):
            raise ValueError(f"the hook {name} is registered already")
        hooks.append((order, name, hook))
        hooks.sort(key=lambda entry: entry[:2])
        return hook

    return register


def hooks_on_closing() -> list[str]:
    """Names of what happens when an organization closes, in order."""
    return [name for _, name, _ in _closed]


def open_organization(
    *,
    name: str,
    slug: str,
    owner: User | None,
    by: Actor,
    at: datetime,
    time_zone: str = "UTC",
    country: str = "",
    is_operator: bool = False,
) -> Organization:
    """A new organization with its first owner. Raises ValidationError for a slug that is taken or not plain."""
    organization = Organization(
        name=name, slug=slug, time_zone=time_zone, country=country, is_operator=is_operator, created_at=at
    )
    organization.full_clean()
    with transaction.atomic():
        organization.save(force_insert=True)
        with tenancy.acting_for(organization.pk):
            if owner is not None:
                Membership.objects.create(organization=organization, user=owner, role=Role.OWNER, created_at=at)
            audit.append(
                "accounts.organization_opened",
                organization_id=organization.pk,
                actor=by,
                object_type="organization",
                object_id=organization.pk,
            )
            for _, _, hook in _opened:
                hook(organization.pk, at)
    return organization


def start_closing(*, organization_id: UUID, by: Actor, at: datetime) -> Organization:
    """From now on nothing new comes in; what is held runs out or is destroyed by `close_organization`."""
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        if organization.state != OrganizationState.ACTIVE:
            raise OrganizationClosed(organization.state)
        organization.state = OrganizationState.CLOSING
        organization.save(update_fields=["state"])
        audit.append(
            "accounts.organization_closing",
            organization_id=organization_id,
            actor=by,
            object_type="organization",
            object_id=organization_id,
            asked_at=at,
        )
    return organization


def close_organization(*, organization_id: UUID, by: Actor, at: datetime) -> Organization:
    """The end: no member gets in, every API key is revoked, and the hooks have run. Raises OrganizationClosed twice."""
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        if organization.state == OrganizationState.CLOSED:
            raise OrganizationClosed(organization.state)
        organization.state, organization.closed_at = OrganizationState.CLOSED, at
        organization.save(update_fields=["state", "closed_at"])
        keys = api_keys.revoke_all(organization_id=organization_id, at=at)
        audit.append(
            "accounts.organization_closed",
            organization_id=organization_id,
            actor=by,
            object_type="organization",
            object_id=organization_id,
            api_keys_revoked=keys,
        )
        for _, _, hook in _closed:
            hook(organization_id, at)
    return organization


def change_settings(*, organization_id: UUID, name: str, time_zone: str, country: str, by: Actor, at: datetime) -> None:
    """Name, time zone and country as given. Raises ValidationError for a zone nobody knows."""
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        organization.name, organization.time_zone, organization.country = name, time_zone, country
        organization.full_clean(exclude=["slug"])
        organization.save(update_fields=["name", "time_zone", "country"])
        audit.append(
            "accounts.settings_changed",
            organization_id=organization_id,
            actor=by,
            object_type="organization",
            object_id=organization_id,
            time_zone=time_zone,
            changed_at=at,
        )
