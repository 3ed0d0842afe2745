"""From a fresh account to the first call: opening an organization, and first steps that know what is really there."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import start
from accounts.access import places_of
from accounts.exceptions import OpeningNotAllowed
from accounts.models import Organization, Role, User
from accounts.services import opening
from agents import connections
from agents.services import Settings, create, publish
from ground.audit.models import Event
from ground.tenancy import Actor, acting_for
from tests import factories
from tests.holdings import days_ago, keep_call

pytestmark = pytest.mark.django_db(transaction=True)
BY = Actor.system("test")
VALUES = {"name": "Bäckerei Grün & Söhne", "time_zone": "Europe/Berlin", "country": "de"}


@pytest.fixture
def organization(vault_home, transactional_db):
    return factories.organization()


@pytest.fixture
def is_open(settings):
    settings.ORGANIZATIONS_OPEN = True


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def open_own(person, name="Bakery"):
    return opening.open_own(name=name, time_zone="UTC", country="", user=person, at=days_ago(0))


def test_a_fresh_person_signs_up_verifies_and_opens_an_organization(is_open):
    client = Client()
    client.post(reverse("account_signup"), {"email": "new@example.org", "password1": factories.PASSWORD})
    code = re.search(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", mail.outbox[-1].body, re.MULTILINE).group(1)
    client.post(reverse("account_email_verification_sent"), {"code": code})
    welcome = client.get("/").content.decode()
    assert reverse("organization_new") in welcome
    answer = client.post(reverse("organization_new"), VALUES)
    made = Organization.objects.get()
    assert answer["Location"] == f"/o/{made.slug}/"
    assert (made.slug, made.country, made.time_zone) == ("backerei-grun-sohne", "DE", "Europe/Berlin")
    assert places_of(User.objects.get()) == {made.pk: Role.OWNER}
    with acting_for(made.pk):
        assert "accounts.organization_opened" in Event.objects.values_list("kind", flat=True)
    page = client.get(answer["Location"]).content.decode()
    assert "First steps" in page
    assert "Connect a provider" in page


def test_where_the_operator_opens_organizations_nobody_else_does(settings):
    settings.ORGANIZATIONS_OPEN = False
    person = factories.user()
    client = signed_in(person)
    assert reverse("organization_new") not in client.get("/").content.decode()
    for method in ("get", "post"):
        assert getattr(client, method)(reverse("organization_new"), VALUES).status_code == 403
    with pytest.raises(OpeningNotAllowed):
        open_own(person)
    assert not Organization.objects.exists()
    assert Client().get(reverse("organization_new")).status_code == 302


def test_one_person_opens_only_a_few(is_open):
    person = factories.user()
    for _number in range(opening.OWNED_AT_MOST):
        open_own(person)
    assert len(set(Organization.objects.values_list("slug", flat=True))) == opening.OWNED_AT_MOST
    with pytest.raises(OpeningNotAllowed):
        open_own(person)


@pytest.mark.parametrize("name", ["株式会社", "-- --", "x" * 120])
def test_every_name_gets_an_address(is_open, name):
    assert open_own(factories.user(), name=name).slug.isascii()


def test_a_zone_nobody_knows_is_refused(is_open):
    answer = signed_in(factories.user()).post(reverse("organization_new"), {**VALUES, "time_zone": "Mars/Base"})
    assert answer.status_code == 200
    assert not Organization.objects.exists()


def test_steps_know_what_is_there(organization):
    def done():
        with acting_for(organization.pk):
            return [step.done for step in start.steps(organization.pk, organization.slug)]

    assert done() == [False, False, False, False]
    line, _secret = connections.create(
        organization_id=organization.pk, provider="generic", name="Own", by=BY, at=days_ago(1)
    )
    assert done() == [True, False, False, False]
    agent = create(
        organization_id=organization.pk,
        connection_id=line.id,
        provider_agent_id="desk",
        name="Desk",
        by=BY,
        at=days_ago(1),
    )
    publish(
        organization_id=organization.pk, agent_id=agent.id, settings=Settings(), reason="first", by=BY, at=days_ago(1)
    )
    assert done() == [True, True, False, False]
    page = signed_in(factories.member(organization, "owner")).get(f"/o/{organization.slug}/").content.decode()
    assert reverse("calls:test_call_send", args=[organization.slug, line.id]) in page
    assert page.count('aria-current="step"') == 1


def test_the_steps_end_with_the_first_call(organization):
    client = signed_in(factories.member(organization, "owner"))
    address = f"/o/{organization.slug}/"
    assert client.get(address).context["first_steps"]
    keep_call(organization.pk, days_ago(1))
    answer = client.get(address)
    assert answer.context["first_steps"] == []
    assert "First steps" not in answer.content.decode()


def test_the_steps_can_be_put_away_and_fetched_back(organization):
    client = signed_in(factories.member(organization, "member"))
    address, away = f"/o/{organization.slug}/", reverse("accounts:start_put_away", args=[organization.slug])
    assert client.post(away, {"away": "1"}).status_code == 302
    page = client.get(address)
    assert page.context["first_steps"] == []
    assert "Show the first steps" in page.content.decode()
    client.post(away)
    assert client.get(address).context["first_steps"]
    other = signed_in(factories.member(factories.organization(), "owner"))
    assert other.post(away, {"away": "1"}).status_code == 404
    assert Client().post(away).status_code == 302


def test_a_member_is_told_who_takes_a_step(organization):
    page = signed_in(factories.member(organization, "member")).get(f"/o/{organization.slug}/").content.decode()
    assert "An owner or admin does this." in page
    assert reverse("agents:connection_new", args=[organization.slug]) not in page
