"""Who gets in where: owner, admin, member, auditor, outsider, stranger."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from accounts import access, navigation
from accounts.exceptions import AccessNotStated
from accounts.middleware import OrganizationMiddleware
from accounts.models import Membership, Role
from accounts.permissions import PERMISSIONS, UnknownPermission, allows
from ground import tenancy
from tests import factories

pytestmark = pytest.mark.django_db

READ = {"overview": "overview.read", "team": "team.read", "developers": "developers.read", "settings": "settings.read"}


def at(organization, name, **more):
    return reverse(f"accounts:{name}", kwargs={"slug": organization.slug, **more})


@pytest.mark.parametrize("page", READ)
def test_a_page_opens_for_those_whose_role_allows_it(people, as_, page):
    for person, role in ((people.owner, "owner"), (people.member, "member"), (people.auditor, "auditor")):
        expected = 200 if allows(role, READ[page]) else 403
        assert as_(person).get(at(people.home, page)).status_code == expected


@pytest.mark.parametrize("page", READ)
def test_an_outsider_learns_nothing_and_a_stranger_is_asked_to_sign_in(people, as_, page):
    assert as_(people.outsider).get(at(people.home, page)).status_code == 404
    answer = as_(None).get(at(people.home, page))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_an_organization_that_does_not_exist_looks_like_one_that_is_not_yours(people, as_):
    client = as_(people.outsider)
    hidden, missing = client.get(at(people.home, "overview")), client.get("/o/nothing/")
    assert hidden.status_code == missing.status_code == 404

    def body(answer):
        return answer.content.replace(answer["X-Request-ID"].encode(), b"")

    assert body(hidden) == body(missing)


def test_a_closed_organization_is_not_there_any_more(people, as_):
    people.home.state, people.home.closed_at = "closed", people.home.created_at
    people.home.save()
    assert as_(people.owner).get(at(people.home, "overview")).status_code == 404


def test_the_start_leads_to_the_organization_of_the_last_visit(people, as_):
    factories.join(people.other, people.owner, Role.MEMBER)
    client = as_(people.owner)
    client.get(at(people.home, "overview"))
    assert client.get("/")["Location"] == at(people.home, "overview")
    client.get(at(people.other, "overview"))
    assert client.get("/")["Location"] == at(people.other, "overview")


def test_somebody_without_an_organization_is_told_what_to_do(db, as_):
    answer = as_(factories.user()).get("/")
    assert answer.status_code == 200
    assert "no organization yet" in answer.content.decode()


def test_roles_change_only_by_those_who_may_and_never_to_owner_by_an_admin(people, as_):
    address = at(people.home, "member_role", user_id=people.member.pk)

    def role():
        with tenancy.acting_for(people.home.pk):
            return Membership.objects.get(user=people.member).role

    for person, status in ((people.member, 403), (people.auditor, 403), (people.outsider, 404), (None, 302)):
        assert as_(person).post(address, {"role": "admin"}).status_code == status
        assert role() == Role.MEMBER
    as_(people.admin).post(address, {"role": "owner"})
    assert role() == Role.MEMBER
    as_(people.admin).post(address, {"role": "auditor"})
    assert role() == Role.AUDITOR
    as_(people.owner).post(address, {"role": "owner"})
    assert role() == Role.OWNER


def test_the_last_owner_stays(people, as_):
    client = as_(people.owner)
    client.post(at(people.home, "member_remove", user_id=people.owner.pk))
    client.post(at(people.home, "member_role", user_id=people.owner.pk), {"role": "member"})
    assert access.places_of(people.owner) == {people.home.pk: Role.OWNER}


def test_a_removed_member_no_longer_gets_in(people, as_):
    client = as_(people.member)
    assert client.get(at(people.home, "overview")).status_code == 200
    as_(people.admin).post(at(people.home, "member_remove", user_id=people.member.pk))
    assert client.get(at(people.home, "overview")).status_code == 404


def test_a_view_that_names_no_permission_is_refused_and_rolled_back(people):
    def careless(request):
        Membership.objects.filter(user=people.member).update(role=Role.OWNER)
        return HttpResponse("done")

    request = RequestFactory().get(f"/o/{people.home.slug}/")
    request.user, request.session = people.member, {}
    request.resolver_match = type("Match", (), {"route": "o/<slug:slug>/x", "view_name": "x"})()
    middleware = OrganizationMiddleware(lambda request: HttpResponse())
    with pytest.raises(AccessNotStated):
        middleware.process_view(request, careless, (), {"slug": people.home.slug})
    assert access.places_of(people.member)[people.home.pk] == Role.MEMBER


def test_a_view_runs_inside_its_organization_and_with_its_clock(people):
    seen = {}

    def view(request):
        context = access.require(request, "overview.read")
        seen.update(
            organization=tenancy.current_organization(), actor=str(context.actor), count=Membership.objects.count()
        )
        return HttpResponse("ok")

    request = RequestFactory().get(f"/o/{people.home.slug}/")
    request.user, request.session = people.member, {}
    request.resolver_match = type("Match", (), {"route": "o/<slug:slug>/x", "view_name": "x"})()
    OrganizationMiddleware(lambda request: HttpResponse()).process_view(request, view, (), {"slug": people.home.slug})
    assert seen == {"organization": people.home.pk, "actor": f"member:{people.member.pk}", "count": 4}
    assert tenancy.current_organization() is None
    assert Membership.objects.count() == 0


def test_the_rail_shows_what_exists_and_what_the_role_allows(people, as_):
    member = as_(people.member).get(at(people.home, "overview")).content.decode()
    owner = as_(people.owner).get(at(people.home, "overview")).content.decode()
    assert "Developers" in owner
    assert "Developers" not in member
    known = {entry.permission for _, entries in navigation.GROUPS for entry in entries}
    assert known <= set(PERMISSIONS)


def test_a_misspelt_permission_is_a_mistake_of_ours():
    with pytest.raises(UnknownPermission):
        allows("owner", "calls.raed")


def test_signing_in_shows_neither_whether_an_address_is_known(people, as_):
    wrong = as_(None).post(reverse("account_login"), {"login": people.owner.email, "password": "x"})
    unknown = as_(None).post(reverse("account_login"), {"login": "nobody@example.org", "password": "x"})
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_the_colours_are_remembered_without_script(as_):
    answer = as_(None).post(reverse("theme"), {"theme": "dark", "next": "/account/login/"})
    assert answer["Location"] == "/account/login/"
    assert answer.cookies["theme"].value == "dark"
    assert as_(None).post(reverse("theme"), {"theme": "x", "next": "https://elsewhere.example/"})["Location"] == "/"
