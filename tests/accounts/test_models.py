"""Users, organizations, memberships: what the database itself refuses."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Membership, Organization, Role, User
from ground import tenancy
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_address_belongs_to_one_person_whatever_its_case():
    factories.user(email="Ines@Example.org")
    assert User.objects.get().email == "ines@example.org"
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.user(email="ines@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.update(email="INES@example.org")


def test_there_is_one_operator():
    factories.organization(is_operator=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.organization(is_operator=True)


@pytest.mark.parametrize("slug", ["", "Über", "-x", "x-", "a b", "x" * 64, "a/b"])
def test_an_address_of_an_organization_is_plain(slug):
    with pytest.raises(Exception) as refused, transaction.atomic():
        factories.organization(slug=slug)
    assert "slug" in str(refused.value) or "too long" in str(refused.value)


def test_a_closed_organization_says_when():
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.organization(state="closed")


def test_a_person_has_one_role_in_an_organization():
    home = factories.organization()
    person = factories.member(home, Role.OWNER)
    with pytest.raises(IntegrityError):
        factories.join(home, person, Role.MEMBER)


def test_memberships_are_walled():
    home, other = factories.organization(), factories.organization()
    factories.member(home)
    assert Membership.objects.count() == 0
    with tenancy.acting_for(other.pk):
        assert Membership.objects.count() == 0
        assert Membership.objects.update(role=Role.OWNER) == 0
    with tenancy.acting_for(home.pk):
        assert Membership.objects.get().organization == home


def test_the_crossing_shows_a_person_only_their_own_organizations():
    home, other = factories.organization(), factories.organization()
    person = factories.member(home, Role.ADMIN)
    factories.member(other)
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, role FROM accounts_memberships_of(%s)", [person.pk])
        assert cursor.fetchall() == [(home.pk, "admin")]
    assert Organization.objects.count() == 2
