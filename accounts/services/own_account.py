"""What a person may do with their own account: take everything along that is held about them, and close it.

Apps on higher floors that hold something about a person who signs in register with `own_data` and
`on_account_closed`. Rows are exported as their declaration says, so the file and the register cannot drift apart.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts import access
from accounts.exceptions import OnlyOwner
from accounts.models import Membership, Organization, OrganizationState, Role, User, operator_organization
from accounts.services import members
from ground import audit, tenancy
from ground.inventory import declaration_of
from ground.tenancy import Actor

NOBODY = "closed.invalid"  # never resolves (RFC 2606)
Rows = list[dict[str, Any]]
_more: dict[str, Callable[[User], Rows]] = {}
_closed: list[tuple[int, str, Callable[[User, datetime], None]]] = []


def own_data(name: str) -> Callable[[Callable[[User], Rows]], Callable[[User], Rows]]:
    """Register `f(user) -> rows`, which stand under `name` in the file a person takes along."""

    def register(function: Callable[[User], Rows]) -> Callable[[User], Rows]:
        if name in _more:
            raise ValueError(f"{name} is registered already")
        _more[name] = function
        return function

    return register


def on_account_closed(
    name: str, *, order: int = 100
) -> Callable[[Callable[[User, datetime], None]], Callable[[User, datetime], None]]:
    """Register `f(user, at)`, called inside the transaction that closes an account, before its rows go."""

    def register(function: Callable[[User, datetime], None]) -> Callable[[User, datetime], None]:
        if any(known == name for _, known, _ in _closed):
            raise ValueError(f"{name} is registered already")
        _closed.append((order, name, function))
        _closed.sort(key=lambda entry: entry[:2])
        return function

    return register


def taken_along(user: User, *, at: datetime) -> dict[str, Any]:
    """What is held about somebody because they sign in, as plain JSON. Secrets are not in it, only that they exist."""
    return {
        "made_at": at.isoformat(),
        "about": "what is held about you because you sign in; what you did stands in each organization's audit log",
        "account": _exported(User, User.objects.filter(pk=user.pk)),
        "email_addresses": _exported(EmailAddress, EmailAddress.objects.filter(user=user)),
        "second_factors": _exported(Authenticator, Authenticator.objects.filter(user=user)),
        "devices": _exported(UserSession, UserSession.objects.filter(user=user)),
        "organizations": _places(user),
        **{name: rows(user) for name, rows in sorted(_more.items())},
    }


def _exported(model: Any, rows: Any, organization_id: UUID | None = None) -> Rows:
    return declaration_of(model).export(organization_id or UUID(int=0), list(rows.order_by("pk")))


def _places(user: User) -> Rows:
    found: Rows = []
    names = Organization.objects.in_bulk(access.places_of(user).keys())
    for organization_id in sorted(names):
        with tenancy.acting_for(organization_id):
            rows = Membership.objects.filter(organization_id=organization_id, user=user)
            exported = _exported(Membership, rows, organization_id)
        found += [{"organization": names[organization_id].name, **row} for row in exported]
    return found


def only_owner_of(user: User) -> list[Organization]:
    """Open organizations that would be left without an owner."""
    owned = [organization_id for organization_id, role in access.places_of(user).items() if role == Role.OWNER]
    left = []
    for organization in Organization.objects.filter(pk__in=owned).exclude(state=OrganizationState.CLOSED):
        with tenancy.acting_for(organization.pk):
            owners = Membership.objects.filter(organization_id=organization.pk, role=Role.OWNER)
            if not owners.exclude(user=user).exists():
                left.append(organization)
    return left


def close(*, user: User, at: datetime) -> None:
    """The person is gone: no name, no address, no password, no second factor, no session, no membership.

    The row stays as an opaque id, because evidence names it; nothing in it says who it was. Secrets of second factors
    lose their keys. Raises OnlyOwner.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if left := only_owner_of(user):
            raise OnlyOwner([organization.name for organization in left])
        for _, _, hook in _closed:
            hook(user, at)
        for organization_id in access.places_of(user):
            members.leave(organization_id=organization_id, user=user, at=at)
        for model in (Authenticator, EmailAddress, SocialAccount):
            for row in model.objects.filter(user=user):
                row.delete()  # one by one: a second factor takes its sealed secret along
        sign_out_everywhere(user)
        user.email, user.name, user.language, user.time_zone = f"{user.pk.hex}@{NOBODY}", "", "en", ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.last_login, user.closed_at = None, at
        user.set_unusable_password()
        user.save()
        operator = operator_organization().pk
        with tenancy.acting_for(operator):
            audit.append(
                "accounts.account_closed",
                organization_id=operator,
                actor=Actor.member(user.pk),
                object_type="user",
                object_id=user.pk,
            )


def sign_out_everywhere(user: User, *, but: str = "") -> int:
    """Every session of the person ends, except the one with the key `but`; how many ended."""
    sessions = UserSession.objects.filter(user=user).exclude(session_key=but)
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    return len(keys)
