"""Agents on the screen: who may, what is shown once."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from agents import connections
from agents.models import Agent, AgentRevision, ProviderConnection
from ground.tenancy import acting_for
from tests import factories
from tests.agents.conftest import BY, NOW

pytestmark = pytest.mark.django_db


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def owner(organization):
    return signed_in(factories.member(organization, "owner"))


@pytest.fixture
def member(organization):
    return signed_in(factories.member(organization, "member"))


@pytest.fixture
def outsider(other):
    return signed_in(factories.member(other, "owner"))


def at(organization, name, *args):
    return reverse(f"agents:{name}", args=[organization.slug, *args])


def test_strangers_outsiders_and_members(organization, connection, agent, outsider, member):
    reading = [
        at(organization, "list"),
        at(organization, "agent", agent.id),
        at(organization, "connection", connection.id),
    ]
    writing = [
        ("get", at(organization, "new")),
        ("get", at(organization, "connection_new")),
        ("post", at(organization, "connection_new")),
        ("post", at(organization, "rename", agent.id)),
        ("post", at(organization, "retire", agent.id)),
        ("post", at(organization, "connection_rotate", connection.id)),
        ("post", at(organization, "end_overlap", connection.id)),
        ("post", at(organization, "connection_api_key", connection.id)),
        ("post", at(organization, "connection_switch", connection.id)),
    ]
    for method, address in [("get", address) for address in reading] + writing:
        assert getattr(Client(), method)(address).status_code == 302
        assert getattr(outsider, method)(address).status_code == 404, address
    for address in reading:
        assert member.get(address).status_code == 200
    for method, address in writing:
        assert getattr(member, method)(address).status_code == 403, address
    with acting_for(organization.id):
        assert Agent.objects.get().is_active
        assert ProviderConnection.objects.get().signing_secrets == 1
        assert not AgentRevision.objects.exists()


def test_empty_pages_say_what_will_appear(organization, owner):
    page = owner.get(at(organization, "list")).content.decode()
    assert "No agents yet" in page
    assert "Connect a provider first" in owner.get(at(organization, "new")).content.decode()


def test_connecting_shows_the_secret_once(organization, owner):
    answer = owner.post(at(organization, "connection_new"), {"provider": "generic", "name": "Own system"})
    with acting_for(organization.id):
        row = ProviderConnection.objects.get()
    assert answer["Cache-Control"] == "no-store"
    text = answer.content.decode()
    [secret] = set(re.findall(r"whsec_[A-Za-z0-9+/=]{20,}", text))
    assert row.ingest_path in text
    assert secret not in owner.get(at(organization, "connection", row.id)).content.decode()
    rotated = owner.post(at(organization, "connection_rotate", row.id)).content.decode()
    assert "whsec_" in rotated
    assert "Two are accepted until" in rotated
    assert owner.post(at(organization, "connection_rotate", row.id)).status_code == 302
    owner.post(at(organization, "end_overlap", row.id))
    owner.post(at(organization, "connection_api_key", row.id), {"api_key": "sk_live_secret"})
    page = owner.get(at(organization, "connection", row.id)).content.decode()
    assert "key sealed" in page
    assert "sk_live_secret" not in page
    owner.post(at(organization, "connection_switch", row.id))
    assert connections.connection_of(row.public_id).state == "disabled"


@pytest.mark.parametrize("provider", ["vapi", "generic"])
def test_provider_without_own_secret(organization, owner, provider):
    assert owner.post(at(organization, "connection_new"), {"provider": provider, "name": "x"}).status_code == 200


def test_bad_connections_are_refused_in_words(organization, owner):
    for values, words in [
        ({"provider": "retell", "name": "x"}, "makes the secret"),
        ({"provider": "vapi", "name": "x", "base_url": "http://10.0.0.1"}, "must be https"),
        ({"provider": "generic", "name": "x", "auth_mode": "bearer"}, "proves its deliveries"),
    ]:
        assert words in owner.post(at(organization, "connection_new"), values).content.decode()
    with acting_for(organization.id):
        assert not ProviderConnection.objects.exists()


def test_naming_and_retiring(organization, owner, agent):
    address = at(organization, "agent", agent.id)
    owner.post(at(organization, "rename", agent.id), {"name": "Renée", "language": "fr"})
    page = owner.get(address).content.decode()
    assert "Renée" in page
    assert "French (fr)" in page
    owner.post(at(organization, "retire", agent.id))
    assert "retired" in owner.get(address).content.decode()
    assert owner.get(at(organization, "agent", uuid4())).status_code == 404


def test_a_longer_period_than_the_organizations_is_an_obstacle(organization, owner, agent):
    owner.post(at(organization, "draft", agent.id), {"days_recording": "9000"})
    assert "can only shorten" in owner.get(at(organization, "agent", agent.id)).content.decode()


def test_a_connection_shows_its_deliveries_and_polls(organization, owner, connection):
    page = owner.get(at(organization, "connection", connection.id)).content.decode()
    assert "Nothing has come in during the last day." in page
    assert "There is no key for the provider’s API" in page
    connections.set_api_key(organization_id=organization.id, connection_id=connection.id, api_key="sk_x", by=BY, at=NOW)
    page = owner.get(at(organization, "connection", connection.id)).content.decode()
    assert "asks every 10 minutes" in page
    assert "Send a test call" not in page
