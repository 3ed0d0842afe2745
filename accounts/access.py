"""Who may come in: the smallest honest layer between a request and a service.

    context = require(request, "calls.read")

A stranger is sent to the login (before the view runs); somebody who does not belong to the organization gets 404 and
learns nothing; a member whose role does not carry the permission gets 403 and is told so. A view under /o/<slug>/
that never calls `require` is refused by the middleware, so it cannot be forgotten.

Staff of the operator are outsiders too, but for the time of a session (`accounts.services.staff_access`): then they
have a place with reading permissions, the middleware refuses whatever is not reading, and notes every look.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts.models import Organization, OrganizationState, Role, StaffSession, User
from accounts.permissions import allows, known, of_role, of_staff
from accounts.services import staff_access
from ground import tenancy

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
_STATED = "_access_stated"
_OWN_TRANSACTIONS = "own_transactions"  # of a view, or of the class behind it


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's place in an organization: `request.membership`. Staff have a session in place of a role."""

    organization_id: UUID
    user_id: UUID
    role: Role | None
    session: StaffSession | None = None

    def may(self, permission: str) -> bool:
        if self.role is None:
            return known(permission) in self.permissions
        return allows(self.role, permission)

    @property
    def permissions(self) -> frozenset[str]:
        if self.role is not None:
            return of_role(self.role)
        return of_staff(content=self.session.content) if self.session else frozenset()

    @property
    def actor(self) -> tenancy.Actor:
        return tenancy.Actor.staff(self.user_id) if self.session else tenancy.Actor.member(self.user_id)


@dataclass(frozen=True, slots=True)
class OrganizationContext:
    """What a view knows once it was let in. `actor` goes into services as `by=`."""

    organization: Organization
    user: User
    place: Place

    @property
    def role(self) -> Role | None:
        """None for staff in a session."""
        return self.place.role

    @property
    def actor(self) -> tenancy.Actor:
        return self.place.actor

    def may(self, permission: str) -> bool:
        return self.place.may(permission)

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


def enter(user: User, slug: str, *, second_factor: bool = False) -> tuple[Organization, Place]:
    """The organization and the person's place in it; Http404 for everybody else, whether it exists or not.

    `second_factor`: whether this login was made or confirmed with one, without which staff are outsiders.
    """
    organization = Organization.objects.filter(slug=slug).exclude(state=OrganizationState.CLOSED).first()
    if organization is None:
        raise Http404
    role = places_of(user).get(organization.pk)
    if role is not None:
        return organization, Place(organization.pk, user.pk, role)
    session = staff_access.looking(organization.pk, user) if second_factor else None
    if session is None:
        raise Http404
    return organization, Place(organization.pk, user.pk, None, session)


def set_place(request: HttpRequest, organization: Organization | None, place: Place | None) -> None:
    """`request.organization` and `request.membership`, which `require` and the templates read."""
    vars(request).update(organization=organization, membership=place)


def require(request: HttpRequest, permission: str) -> OrganizationContext:
    """Let the request pass or raise: PermissionDenied for a role without the permission, Http404 for an outsider."""
    setattr(request, _STATED, True)
    organization: Organization | None = getattr(request, "organization", None)
    place: Place | None = getattr(request, "membership", None)
    if organization is None or place is None or not isinstance(request.user, User):
        raise Http404
    if not place.may(permission):
        raise PermissionDenied(permission)
    return OrganizationContext(organization, request.user, place)


def stated(request: HttpRequest) -> bool:
    """Whether the view said which permission it needs."""
    return bool(getattr(request, _STATED, False))


def own_transactions(view: View) -> View:
    """Mark a view whose service commits in steps (destruction, sealing): no transaction is opened around it.

    Such a view still calls `require`, and reads inside `with context.acting():`.
    """
    setattr(view, _OWN_TRANSACTIONS, True)
    return view


def wants_own_transactions(view: Callable[..., Any]) -> bool:
    """Whether a view, or the class behind it, is marked with `own_transactions`."""
    return bool(getattr(getattr(view, "view_class", view), _OWN_TRANSACTIONS, False))
