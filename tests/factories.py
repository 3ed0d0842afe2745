"""What tests start from: organizations, people, memberships. Plain functions; the database is the application's own."""

import itertools
from uuid import UUID

from accounts.models import Membership, Organization, Role, User
from accounts.services import users
from ground import tenancy

_numbers = itertools.count(1)

PASSWORD = "correct horse battery staple"


def organization(**fields) -> Organization:
    number = next(_numbers)
    values = {"slug": f"org-{number}", "name": f"Organization {number}", "time_zone": "Europe/Paris", "country": "FR"}
    return Organization.objects.create(**{**values, **fields})


def user(**fields) -> User:
    """A person who can sign in with PASSWORD."""
    number = next(_numbers)
    return users.create(
        email=fields.pop("email", f"person{number}@example.org"),
        name=fields.pop("name", f"Person {number}"),
        password=fields.pop("password", PASSWORD),
        **fields,
    )


def staff(**fields) -> User:
    return user(is_staff=True, **fields)


def join(organization: Organization | UUID, person: User, role: str = Role.MEMBER) -> Membership:
    organization_id = organization if isinstance(organization, UUID) else organization.pk
    with tenancy.acting_for(organization_id):
        return Membership.objects.create(organization_id=organization_id, user=person, role=role)


def member(organization: Organization | UUID, role: str = Role.MEMBER, **fields) -> User:
    """A new user who belongs to the organization in that role."""
    person = user(**fields)
    join(organization, person, role)
    return person
