"""A call of an agent nobody entered is neither lost nor recorded."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections as databases

from agents.exceptions import AgentExists, InvalidSettings
from agents.models import Agent, AgentActivity
from agents.services import registry, resolve, resolving
from ground.tenancy import acting_for
from tests.agents.conftest import BY, NOW

pytestmark = pytest.mark.django_db


def test_first_sight_makes_an_agent_whose_recordings_are_forbidden(organization, connection):
    at_call = resolve(organization.id, connection.id, "asst_new", NOW)
    assert (at_call.revision_number, at_call.recording_enabled, at_call.transcript_enabled) == (None, False, True)
    with acting_for(organization.id):
        agent = Agent.objects.get(id=at_call.agent_id)
        assert agent.seen_first
        assert agent.provider == "vapi"
        assert AgentActivity.objects.filter(agent_id=agent.id, kind="first_seen").count() == 1
    assert resolve(organization.id, connection.id, " asst_new ", NOW + timedelta(days=1)) == at_call


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_a_call_without_agent_is_stored_without_one(organization, connection, nothing):
    at_call = resolve(organization.id, connection.id, nothing, NOW)
    assert at_call.agent_id is None
    assert not at_call.recording_enabled
    with acting_for(organization.id):
        assert not Agent.objects.exists()


@pytest.mark.parametrize("strange", ["a\x00b", "x" * 5000, "\u202eabc", "line\nline", "\ud800"])
def test_an_impossible_provider_id_becomes_its_hash(organization, connection, strange):
    at_call = resolve(organization.id, connection.id, strange, NOW)
    assert at_call.agent_id is not None
    assert resolve(organization.id, connection.id, strange, NOW).agent_id == at_call.agent_id
    with acting_for(organization.id):
        assert Agent.objects.get().provider_agent_id.startswith("sha256:")


def test_the_same_provider_id_at_two_connections_is_two_agents(organization, connection, other):
    from agents import connections

    second, _secret = connections.create(organization_id=organization.id, provider="vapi", name="Second", by=BY, at=NOW)
    one = resolve(organization.id, connection.id, "same", NOW).agent_id
    two = resolve(organization.id, second.id, "same", NOW).agent_id
    assert one != two


def test_another_organizations_connection_makes_no_agent(other, connection):
    at_call = resolve(other.id, connection.id, "asst_x", NOW)
    assert at_call.agent_id is None
    assert resolve(other.id, uuid4(), "asst_x", NOW).agent_id is None
    with acting_for(other.id):
        assert not Agent.objects.exists()


def test_a_flood_of_new_ids_stops_making_agents(organization, connection, monkeypatch):
    monkeypatch.setattr(resolving, "AGENTS_FROM_CALLS_AT_MOST", 3)
    ids = [resolve(organization.id, connection.id, f"a{n}", NOW).agent_id for n in range(5)]
    assert ids[3:] == [None, None]
    assert None not in ids[:3]


def test_entering_an_agent_twice_is_refused(organization, connection, agent):
    with pytest.raises(AgentExists):
        registry.create(
            organization_id=organization.id,
            connection_id=connection.id,
            provider_agent_id="asst_1",
            name="Again",
            by=BY,
            at=NOW,
        )
    with pytest.raises(InvalidSettings):
        registry.change(organization_id=organization.id, agent_id=agent.id, name="  ", by=BY, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_eight_first_calls_at_once_make_one_agent(organization, connection):
    barrier, found = threading.Barrier(8), []

    def call():
        barrier.wait()
        found.append(resolve(organization.id, connection.id, "asst_race", NOW).agent_id)
        databases.close_all()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    with acting_for(organization.id):
        assert Agent.objects.filter(provider_agent_id="asst_race").count() == 1
        assert AgentActivity.objects.filter(kind="first_seen").count() == 1
