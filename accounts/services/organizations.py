"""Opening and closing organizations.

Closing is a state first (`closing`: an owner may take it back for GRACE, everything works on, exports are possible) and
an end later (`closed`). Apps on higher floors say what must happen through `on_organization_closed`, in order.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.exceptions import OperatorStays, OrganizationClosed, OwnersOnly
from accounts.models import Membership, Organization, OrganizationState, Role, User
from accounts.services import api_keys
from ground import audit, tenancy
from ground.tenancy import Actor
from ground.tenancy.actors import ActorKind

GRACE = timedelta(days=14)
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
    language: str = "en",
    is_operator: bool = False,
) -> Organization:
    """A new organization with its first owner. Raises ValidationError for a slug that is taken or not plain."""
    organization = Organization(
        name=name,
        slug=slug,
        time_zone=time_zone,
        country=country,
        language=language,
        is_operator=is_operator,
        created_at=at,
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
    """Closes at `at` + GRACE unless `keep_open` is called before. Until then calls come in and people work as before,
    so that keeping it open loses nothing; nobody new joins and no new key is made. Raises OrganizationClosed,
    OwnersOnly, OperatorStays.
    """
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        _owners_only(organization_id, by)
        if organization.is_operator:
            raise OperatorStays
        if organization.state != OrganizationState.ACTIVE:
            raise OrganizationClosed(organization.state)
        organization.state, organization.closes_at = OrganizationState.CLOSING, at + GRACE
        organization.save(update_fields=["state", "closes_at"])
        _record("accounts.organization_closing", organization_id, by, asked_at=at, closes_at=organization.closes_at)
    return organization


def keep_open(*, organization_id: UUID, by: Actor, at: datetime) -> Organization:
    """The closing is taken back. Raises OrganizationClosed when there is nothing to take back, OwnersOnly."""
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        _owners_only(organization_id, by)
        if organization.state != OrganizationState.CLOSING:
            raise OrganizationClosed(organization.state)
        organization.state, organization.closes_at = OrganizationState.ACTIVE, None
        organization.save(update_fields=["state", "closes_at"])
        _record("accounts.organization_kept_open", organization_id, by, kept_at=at)
    return organization


def close_due(*, at: datetime) -> int:
    """Close what was asked to close and whose grace is over; how many. Safe to run twice."""
    closed = 0
    due = Organization.objects.filter(state=OrganizationState.CLOSING, closes_at__lte=at)
    for organization_id in due.values_list("pk", flat=True):
        with suppress(OrganizationClosed):  # another one was faster, or it is kept open
            close_organization(organization_id=organization_id, by=Actor.system("accounts"), at=at, when_due=True)
            closed += 1
    return closed


def close_organization(*, organization_id: UUID, by: Actor, at: datetime, when_due: bool = False) -> Organization:
    """The end: no member gets in, every API key is revoked, and the hooks have run. What is held keeps its periods and
    its holds: the sweep goes on for closed organizations. Raises OrganizationClosed twice; with `when_due`, also when
    the closing was taken back meanwhile.
    """
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        if organization.state == OrganizationState.CLOSED:
            raise OrganizationClosed(organization.state)
        if when_due and (organization.closes_at is None or organization.closes_at > at):
            raise OrganizationClosed(organization.state)
        organization.state, organization.closed_at, organization.closes_at = OrganizationState.CLOSED, at, None
        organization.save(update_fields=["state", "closed_at", "closes_at"])
        keys = api_keys.revoke_all(organization_id=organization_id, at=at)
        _record("accounts.organization_closed", organization_id, by, api_keys_revoked=keys)
        for _, _, hook in _closed:
            hook(organization_id, at)
    return organization


@dataclass(frozen=True, slots=True)
class Settings:
    """What an owner or admin may change about the organization itself."""

    name: str
    time_zone: str
    country: str = ""
    language: str = "en"
    privacy_contact: str = ""

    @classmethod
    def of(cls, organization: Organization) -> "Settings":
        return cls(**{each.name: getattr(organization, each.name) for each in fields(cls)})


def change_settings(*, organization_id: UUID, settings: Settings, by: Actor, at: datetime) -> Settings:
    """They are as given; returns what they were, so that it can be undone. Writes nothing when nothing changes.

    Raises ValidationError for a zone nobody knows or an address that is none.
    """
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        before = Settings.of(organization)
        if before == settings:
            return before
        changed = [each.name for each in fields(settings) if getattr(before, each.name) != getattr(settings, each.name)]
        for name in changed:
            setattr(organization, name, getattr(settings, name))
        organization.full_clean(exclude=["slug"])
        organization.save(update_fields=changed)
        _record("accounts.settings_changed", organization_id, by, changed=changed, changed_at=at)
    return before


def _owners_only(organization_id: UUID, by: Actor) -> None:
    """A member must be an owner; staff and the system act under their own rules."""
    if by.kind != ActorKind.MEMBER:
        return
    if not Membership.objects.filter(organization_id=organization_id, role=Role.OWNER, user_id=by.id).exists():
        raise OwnersOnly


def _record(kind: str, organization_id: UUID, by: Actor, **payload: Any) -> None:
    audit.append(
        kind,
        organization_id=organization_id,
        actor=by,
        object_type="organization",
        object_id=organization_id,
        **payload,
    )
