"""Agents and connections for programs."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from accounts.services import api_keys
from agents import connections
from agents.models import Agent, AgentRevision, ProviderConnection
from ground.tenancy import Actor, acting_for
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def key(organization, scopes=("agents.read", "agents.manage")):
    by = Actor.member(factories.member(organization, "owner").id)
    with acting_for(organization.id):
        made = api_keys.create(organization_id=organization.id, name="k", scopes=list(scopes), by=by, at=timezone.now())
    return made.text


def call(method, path, token=None, body=None):
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    data = {} if body is None or method == "get" else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(), method)(f"/api/v1/{path}", **data, **headers)


REVISION = {"recording_enabled": True, "disclosures": {"en": "This call is recorded."}, "reason": "quality"}


def test_no_key_reader_and_other_organization(organization, other, connection, agent):
    reading = ["agents", f"agents/{agent.id}", f"agents/{agent.id}/revisions", "provider-connections"]
    writing = [
        "agents",
        f"agents/{agent.id}/revisions",
        "provider-connections",
        f"provider-connections/{connection.id}/rotate",
    ]
    reader, foreign = key(organization, ["agents.read"]), key(other)
    for path in reading:
        assert call("get", path).status_code == 401
        assert call("get", path, reader).status_code == 200
        if str(agent.id) in path:
            assert call("get", path, foreign).status_code == 404
    for path in writing:
        assert call("post", path, body={}).status_code == 401
        assert call("post", path, reader, {}).status_code == 403
    assert call("post", f"agents/{agent.id}/revisions", foreign, REVISION).status_code == 404
    assert call("post", f"provider-connections/{connection.id}/rotate", foreign, {}).status_code == 404
    with acting_for(organization.id):
        assert not AgentRevision.objects.exists()
        assert ProviderConnection.objects.get().signing_secrets == 1


def test_entering_and_publishing(organization, connection):
    token = key(organization)
    made = call(
        "post",
        "agents",
        token,
        {"connection_id": str(connection.id), "provider_agent_id": "asst_9", "name": "Camille"},
    )
    assert made.status_code == 201
    assert made.json()["revision"] is None
    path = f"agents/{made.json()['id']}/revisions"
    refused = call("post", path, token, {**REVISION, "disclosures": {}})
    assert (refused.status_code, refused.json()["code"]) == (422, "disclosure-missing")
    published = call("post", path, token, {**REVISION, "retention_days": {"recording": 30}})
    assert (published.status_code, published.json()["number"]) == (201, 1)
    assert call("post", path, token, {**REVISION, "retention_days": {"recording": 30}}).status_code == 409
    assert call("post", path, token, {**REVISION, "retention_days": {"recording": 9999}}).status_code == 422
    listed = call("get", "agents", token).json()["results"]
    assert listed[0]["revision"]["recording_enabled"]
    assert len(call("get", path, token).json()) == 1
    again = {"connection_id": str(connection.id), "provider_agent_id": "asst_9", "name": "Again"}
    assert call("post", "agents", token, again).status_code == 409
    with acting_for(organization.id):
        assert Agent.objects.count() == 1


def test_connections_show_their_secret_in_one_answer_only(organization):
    token = key(organization)
    made = call("post", "provider-connections", token, {"provider": "generic", "name": "Own", "api_key": "sk_secret_1"})
    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    body = made.json()
    assert body["secret"].startswith("whsec_")
    assert body["ingest_url"].endswith(f"/ingest/generic/{body['ingest_url'].rsplit('/', 1)[1]}")
    listed = call("get", "provider-connections", token).content.decode()
    assert "whsec_" not in listed
    assert "sk_secret_1" not in listed
    rotated = call("post", f"provider-connections/{body['id']}/rotate", token, {"overlap_hours": 1})
    assert rotated.json()["signing_secrets"] == 2
    assert call("post", f"provider-connections/{body['id']}/rotate", token, {}).status_code == 409
    with acting_for(organization.id):
        row = connections.find(organization.id, body["id"])
        assert len(connections.secrets_of(row)) == 2
    bad = call("post", "provider-connections", token, {"provider": "retell", "name": "x"})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid-secret")
