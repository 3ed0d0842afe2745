"""Who belongs to an organization, and in which role.

Every change locks the organization's row first, so that two owners cannot unmake each other at the same moment.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts import hooks
from accounts.exceptions import AlreadyMember, LastOwner, NotAMember, OrganizationClosed, OwnersOnly
from accounts.models import Membership, Organization, OrganizationState, Role, User
from ground import audit, tenancy
from ground.tenancy import Actor
from ground.tenancy.actors import ActorKind


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the team list."""

    user_id: UUID
    name: str
    email: str
    initials: str
    role: Role
    joined_at: datetime


def memberships_of(organization_id: UUID) -> QuerySet[Membership]:
    """The organization's memberships with the people behind them. Needs the organization's context."""
    return Membership.objects.filter(organization_id=organization_id).select_related("user")


def person(row: Membership) -> Person:
    return Person(row.user_id, row.user.name, row.user.email, row.user.initials, Role(row.role), row.created_at)


def role_of(organization_id: UUID, user_id: UUID) -> Role | None:
    """The role somebody has, if they belong here. Needs the organization's context."""
    found = Membership.objects.filter(organization_id=organization_id, user_id=user_id).values_list("role", flat=True)
    role = found.first()
    return Role(role) if role else None


def people_of(organization_id: UUID) -> list[Person]:
    """The members, owners first, then by name."""
    rank = list(Role)
    with tenancy.acting_for(organization_id):
        people = [person(row) for row in memberships_of(organization_id)]
    return sorted(people, key=lambda person: (rank.index(person.role), person.name.casefold(), person.email))


def add(*, organization_id: UUID, user: User, role: Role, by: Actor, at: datetime) -> Membership:
    """`user` belongs to the organization. Raises AlreadyMember, OrganizationClosed."""
    with tenancy.acting_for(organization_id):
        _lock_open(organization_id)
        try:
            with transaction.atomic():
                membership = Membership.objects.create(
                    organization_id=organization_id, user=user, role=role, created_at=at
                )
        except IntegrityError as error:
            raise AlreadyMember from error
        _record("accounts.member_added", organization_id, user.pk, by, role=role)
        hooks.member_joined(organization_id, membership.pk, user.pk, role, by)
    return membership


def change_role(*, organization_id: UUID, user_id: UUID, role: Role, by: Actor, at: datetime) -> Membership:
    """The member has `role` from now on. Raises NotAMember, LastOwner, OwnersOnly."""
    with tenancy.acting_for(organization_id):
        _lock(organization_id)
        membership = _membership(organization_id, user_id)
        before = Role(membership.role)
        if before == role:
            return membership
        if Role.OWNER in {before, role}:
            _owners_only(organization_id, by)
        if before == Role.OWNER:
            _keep_an_owner(organization_id, user_id)
        membership.role = role
        membership.save(update_fields=["role"])
        _record("accounts.role_changed", organization_id, user_id, by, role=role, before=before, changed_at=at)
    return membership


def remove(*, organization_id: UUID, user_id: UUID, by: Actor, at: datetime) -> None:
    """The person no longer belongs to the organization. Raises NotAMember, LastOwner, OwnersOnly."""
    with tenancy.acting_for(organization_id):
        _lock(organization_id)
        membership = _membership(organization_id, user_id)
        if membership.role == Role.OWNER:
            _owners_only(organization_id, by)
            _keep_an_owner(organization_id, user_id)
        membership.delete()
        _record("accounts.member_removed", organization_id, user_id, by, removed_at=at)


def leave(*, organization_id: UUID, user: User, at: datetime) -> None:
    """The person leaves of their own will. Raises NotAMember, and LastOwner while the organization is not closed."""
    with tenancy.acting_for(organization_id):
        organization = _lock(organization_id)
        membership = _membership(organization_id, user.pk)
        if membership.role == Role.OWNER and organization.state != OrganizationState.CLOSED:
            _keep_an_owner(organization_id, user.pk)
        membership.delete()
        _record("accounts.member_left", organization_id, user.pk, Actor.member(user.pk), left_at=at)


def change_profile(*, user: User, name: str, language: str, time_zone: str = "") -> None:
    """A person's own name, language and time zone ("" for UTC)."""
    user.name, user.language, user.time_zone = name, language, time_zone
    user.save(update_fields=["name", "language", "time_zone"])


def _lock(organization_id: UUID) -> Organization:
    return Organization.objects.select_for_update().get(pk=organization_id)


def _lock_open(organization_id: UUID) -> None:
    if not _lock(organization_id).is_open:
        raise OrganizationClosed


def _membership(organization_id: UUID, user_id: UUID) -> Membership:
    try:
        return Membership.objects.get(organization_id=organization_id, user_id=user_id)
    except Membership.DoesNotExist:
        raise NotAMember from None


def _keep_an_owner(organization_id: UUID, user_id: UUID) -> None:
    owners = Membership.objects.filter(organization_id=organization_id, role=Role.OWNER)
    if not owners.exclude(user_id=user_id).exists():
        raise LastOwner


def _owners_only(organization_id: UUID, by: Actor) -> None:
    if by.kind != ActorKind.MEMBER:
        return  # staff and the system act under their own rules
    owners = Membership.objects.filter(organization_id=organization_id, role=Role.OWNER)
    if not owners.filter(user_id=by.id).exists():
        raise OwnersOnly


def _record(kind: str, organization_id: UUID, user_id: UUID, by: Actor, **payload: Any) -> None:
    audit.append(kind, organization_id=organization_id, actor=by, object_type="user", object_id=user_id, **payload)
