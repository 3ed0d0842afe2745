"""A person opens an organization of their own, where the operator lets them."""

import secrets
from datetime import datetime

from django.conf import settings
from django.utils.text import slugify

from accounts import access
from accounts.exceptions import OpeningNotAllowed
from accounts.models import Organization, Role, User
from accounts.services.organizations import open_organization
from ground.tenancy import Actor

OWNED_AT_MOST = 5  # organizations one person may open by themselves
_LONGEST = 50


def may_open(user: User) -> bool:
    """Whether this person may open another organization by themselves."""
    if not settings.ORGANIZATIONS_OPEN:
        return False
    return sum(role == Role.OWNER for role in access.places_of(user).values()) < OWNED_AT_MOST


def open_own(*, name: str, time_zone: str, country: str, user: User, at: datetime) -> Organization:
    """A new organization with this person as its owner; its address is made of its name. Raises OpeningNotAllowed."""
    if not may_open(user):
        raise OpeningNotAllowed
    return open_organization(
        name=" ".join(name.split()),
        slug=_free_slug(name),
        owner=user,
        by=Actor.member(user.pk),
        at=at,
        time_zone=time_zone,
        country=country,
        language=user.language,
    )


def _free_slug(name: str) -> str:
    """The name as an address; with a few random letters when that is taken or nothing is left of it."""
    wanted = slugify(name)[:_LONGEST].strip("-_").replace("_", "-")
    if wanted and not Organization.objects.filter(slug=wanted).exists():
        return wanted
    return f"{wanted or 'organization'}-{secrets.token_hex(3)}"
