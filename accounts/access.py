"""Who may come in: the smallest honest layer between a request and a service.

    context = require(request, "calls.read")

A stranger is sent to the login (before the view runs); somebody who does not belong to the organization gets 404 and
learns nothing; a member whose role does not carry the permission gets 403 and is told so. A view under /o/<slug>/
that never calls `require` is refused by the middleware, so it cannot be forgotten.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts.models import Organization, OrganizationState, Role, User
from accounts.permissions import allows, of_role
from ground import tenancy

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
_STATED = "_access_stated"


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's place in an organization: `request.membership`."""

    organization_id: UUID
    user_id: UUID
    role: Role

    def may(self, permission: str) -> bool:
        return allows(self.role, permission)

    @property
    def permissions(self) -> frozenset[str]:
        return of_role(self.role)


@dataclass(frozen=True, slots=True)
class OrganizationContext:
    """What a view knows once it was let in. `actor` goes into services as `by=`."""

    organization: Organization
    user: User
    role: Role

    @property
    def actor(self) -> tenancy.Actor:
        return tenancy.Actor.member(self.user.pk)

    def may(self, permission: str) -> bool:
        return allows(self.role, permission)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """For views marked `own_transactions`: a transaction in which the database shows this organization."""
        with tenancy.acting_for(self.organization.pk):
            yield


def places_of(user: User) -> dict[UUID, Role]:
    """Organization id -> role, for one person, through the named crossing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, role FROM accounts_memberships_of(%s)", [user.pk])
        return {organization_id: Role(role) for organization_id, role in cursor.fetchall()}


def organizations_of(user: User) -> list[Organization]:
    """A person's organizations that are not closed, by name."""
    found = Organization.objects.filter(pk__in=places_of(user).keys())
    return list(found.exclude(state=OrganizationState.CLOSED).order_by("name", "pk"))


def enter(user: User, slug: str) -> tuple[Organization, Place]:
    """The organization and the person's place in it; Http404 for everybody else, whether it exists or not."""
    organization = Organization.objects.filter(slug=slug).exclude(state=OrganizationState.CLOSED).first()
    role = places_of(user).get(organization.pk) if organization else None
    if organization is None or role is None:
        raise Http404
    return organization, Place(organization.pk, user.pk, role)


def require(request: HttpRequest, permission: str) -> OrganizationContext:
    """Let the request pass or raise: PermissionDenied for a role without the permission, Http404 for an outsider."""
    setattr(request, _STATED, True)
    organization: Organization | None = getattr(request, "organization", None)
    place: Place | None = getattr(request, "membership", None)
    if organization is None or place is None or not isinstance(request.user, User):
        raise Http404
    if not place.may(permission):
        raise PermissionDenied(permission)
    return OrganizationContext(organization, request.user, place.role)


def stated(request: HttpRequest) -> bool:
    """Whether the view said which permission it needs."""
    return bool(getattr(request, _STATED, False))


def own_transactions(view: View) -> View:
    """Mark a view whose service commits in steps (destruction, sealing): no transaction is opened around it.

    Such a view still calls `require`, and reads inside `with context.acting():`.
    """
    view.own_transactions = True  # type: ignore[attr-defined]
    return view


def wants_own_transactions(view: Callable[..., Any]) -> bool:
    """Whether a view, or the class behind it, is marked with `own_transactions`."""
    return bool(getattr(getattr(view, "view_class", view), "own_transactions", False))
