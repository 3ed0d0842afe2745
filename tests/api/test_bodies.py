"""Whatever is sent to the API, it answers: stored, or a problem that says what is wrong. Never a failure of ours."""

import json
import re

import pytest
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings

from accounts.models import Role
from accounts.permissions import SCOPES
from accounts.services import api_keys
from agents.models import Agent
from ground.tenancy import Actor, acting_for
from tests import factories
from tests.api.shapes import nearly
from tests.calls.conftest import Line

EXAMPLES = 200


def posts():
    """(path, schema of the body, components) of everything that takes a POST."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    components = document["components"]["schemas"]
    for path, entry in document["paths"].items():
        body = entry.get("post", {}).get("requestBody")
        if body:
            yield pytest.param(path, body["content"]["application/json"]["schema"], components, id=path)


@pytest.fixture
def known(db, vault_home):
    """An organization with a connection and an agent, and a key that may do everything a key may."""
    organization = factories.organization()
    line = Line(organization, "generic")
    owner = Actor.member(factories.member(organization, Role.OWNER).pk)
    made = api_keys.create(
        organization_id=organization.id, name="all", scopes=list(SCOPES), by=owner, at=timezone.now()
    )
    with acting_for(organization.id):
        assert Agent.objects.exists()
    return {
        "category": "recording",
        "agent_id": line.agent_id,
        "connection_id": line.connection.id,
        "secret": made.text,
    }


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path, schema, components", list(posts()))
def test_no_body_makes_the_api_fail(client, known, path, schema, components):
    client.raise_request_exception = False

    def place(match):
        return str(known.get(match.group(1), "01a20308-055e-7046-84c2-b5b8d94da27a"))

    address = re.sub(r"\{(\w+)\}", place, path)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(body=nearly(schema, components))
    def send(body):
        for name in ("agent_id", "connection_id"):
            if isinstance(body, dict) and name in body and len(body) % 2:  # sometimes one that exists
                body[name] = str(known[name])
        headers = {"Authorization": f"Bearer {known['secret']}"}
        answer = client.post(address, json.dumps(body), content_type="application/json", headers=headers)
        assert answer.status_code < 500, (answer.status_code, body)
        assert answer.status_code not in {401, 403, 405, 429}, "the door itself was shut"
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json"
            told = answer.json()
            assert told["status"] == answer.status_code
            assert told["code"]

    send()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "agents?limit=",
        "calls?limit=",
        "calls?agent=",
        "calls?direction=",
        "calls?start=",
        "certificates?limit=",
        "contacts?limit=",
        "holds?limit=",
        "purge-runs?limit=",
    ],
)
def test_an_empty_parameter_is_not_taken_for_a_missing_one(client, known, address):
    answer = client.get(f"/api/v1/{address}", headers={"Authorization": f"Bearer {known['secret']}"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
