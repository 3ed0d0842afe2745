"""The codes that the document says any operation may answer with are those that come."""

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.api.problems import CODES, CONTENT_TYPE
from accounts.models import Role
from accounts.services import api_keys
from ground.tenancy import Actor
from tests import factories

pytestmark = pytest.mark.django_db
AGENT = "/api/v1/agents/01a20308-055e-7046-84c2-b5b8d94da27a/revisions"


@pytest.fixture
def headers():
    organization = factories.organization()
    owner = Actor.member(factories.member(organization, Role.OWNER).pk)
    made = api_keys.create(
        organization_id=organization.id, name="k", scopes=["calls.read", "agents.manage"], by=owner, at=timezone.now()
    )
    return {"Authorization": f"Bearer {made.text}"}


def told(answer, status):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == CONTENT_TYPE
    return answer.json()["code"]


def test_the_shared_codes_are_true(client, headers, settings):
    def post(body="{}", media_type="application/json"):
        return client.post(AGENT, body, content_type=media_type, headers=headers)

    met = {
        (400, told(client.get("/api/v1/calls?limit=x", headers=headers), 400)),
        (400, told(post("{"), 400)),
        (400, told(post(), 400)),
        (401, told(client.get("/api/v1/calls"), 401)),
        (401, told(client.get("/api/v1/calls", headers={"Authorization": "Bearer sv_live_nothing"}), 401)),
        (403, told(client.get("/api/v1/holds", headers=headers), 403)),
        (404, told(client.get(f"/api/v1/calls/{AGENT.split('/')[4]}", headers=headers), 404)),
        (415, told(post("a=b", "application/x-www-form-urlencoded"), 415)),
    }
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    met.add((413, told(post('{"reason": "0123456789"}'), 413)))
    shared = {(status, code) for status, codes in CODES.items() for code in codes if status not in (429, 503)}
    assert shared <= met
    assert met - shared == {(400, "limit-invalid")}  # the operation's own
    cache.clear()
