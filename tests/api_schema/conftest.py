"""An organization with one of everything the API shows, and a key that may do everything a key may."""

import json
import os
from dataclasses import dataclass

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from accounts.api.openapi import operations
from accounts.api.throttling import KeyRateThrottle
from accounts.models import Role
from accounts.permissions import SCOPES
from accounts.services import api_keys
from ground.tenancy import Actor, acting_for
from retention.models import Certificate, PurgeRun
from retention.services import sweep
from tests import factories
from tests.calls.conftest import Line
from tests.calls.samples import generic_call
from tests.holdings import days_ago, keep_call

CASES = int(os.environ.get("SCHEMA_CASES", "2"))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
]


def document():
    """The OpenAPI document as it is served, for schemathesis, wired to the platform in this process.

    Without its keys: every request carries a good one (what a bad one meets, other tests say).
    """
    served = SchemaGenerator().get_schema(request=None, public=True)
    served["components"].pop("securitySchemes", None)
    for _path, operation in operations(served):
        operation.pop("security")
    schema = schemathesis.openapi.from_dict(served)
    schema.app = WSGIHandler()
    return schema


@dataclass
class Planted:
    """What stands in the database: the secret of the key, and known values by name of the path parameter."""

    organization: object
    secret: str
    known: dict[str, list[str]]

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.secret}"}


@pytest.fixture
def planted(vault_home, monkeypatch):
    monkeypatch.setitem(KeyRateThrottle.THROTTLE_RATES, "api_key", "100000/s")  # how many are too many, other tests say
    stands = plant()
    # As Django's own test client does: a request must not close the connection the test stands on.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield stands
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def plant():
    organization = factories.organization()
    line = Line(organization, "generic")
    owner = Actor.member(factories.member(organization, Role.OWNER).pk)
    made = api_keys.create(
        organization_id=organization.id, name="all", scopes=list(SCOPES), by=owner, at=timezone.now()
    )
    client, headers = Client(), {"Authorization": f"Bearer {made.text}"}

    def post(path, body):
        answer = client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers)
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    told = [generic_call(timezone.now(), call_id=f"c{n}", agent=..., recording_url=...) for n in range(3)]
    calls = [each["id"] for each in post("calls", {"calls": told})["results"]]
    heard = [str(keep_call(organization.id, days_ago(days), parts=["recording"]).call.id) for days in (1, 2)]
    keep_call(organization.id, days_ago(91), parts=["recording", "transcript"])
    kept = post("holds", {"call_id": calls[0], "reason": "a claim", "review_on": days_ago(-30).date().isoformat()})
    person = post("contacts", {"name": "Marie Curie", "phones": ["+33612345642"], "emails": ["m@example.org"]})
    sweep.purge_expired(organization_id=organization.id, by=owner)
    with acting_for(organization.id):
        runs = [str(each.id) for each in PurgeRun.objects.all()]
        certificates = [str(each.id) for each in Certificate.objects.all()]
    assert runs
    assert certificates
    known = {
        "call_id": calls + heard,
        "hold_id": [kept["id"]],
        "contact_id": [person["id"]],
        "agent_id": [str(line.agent_id)],
        "connection_id": [str(line.connection.id)],
        "run_id": runs,
        "certificate_id": certificates,
    }
    return Planted(organization, made.text, known)
