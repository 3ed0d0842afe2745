import json
from datetime import UTC, datetime, timedelta

import pytest

from agents import connections
from agents.services import Settings, publish, registry
from ground import jobs
from ground.jobs.models import Job
from ground.tenancy import Actor, acting_for
from tests import factories
from tests.calls.samples import CANARIES, encoded, standard_headers, vapi_headers
from tests.calls.stub import StubServer

BY = Actor.member("01890000-0000-7000-8000-000000000001")


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def organization(db, vault_home):
    return factories.organization()


@pytest.fixture
def other(db, vault_home):
    return factories.organization()


@pytest.fixture
def stub():
    server = StubServer()
    yield server
    server.close()


class Line:
    """A connection with an agent, and how its provider delivers."""

    def __init__(
        self, organization, provider, *, mode="", agent="desk", recording=True, transcript=True, base_url="", key=""
    ):
        self.organization, self.provider, self.agent = organization, provider, agent
        then = datetime.now(UTC) - timedelta(days=400)
        self.connection, self.secret = connections.create(
            organization_id=organization.id,
            provider=provider,
            name="Line",
            auth_mode=mode,
            base_url=base_url,
            api_key=key,
            by=BY,
            at=then,
        )
        made = registry.create(
            organization_id=organization.id,
            connection_id=self.connection.id,
            provider_agent_id=agent,
            name="Desk",
            by=BY,
            at=then,
        )
        self.agent_id = made.id
        self.publish(recording=recording, transcript=transcript, at=then)

    def publish(self, *, recording, transcript=True, at):
        publish(
            organization_id=self.organization.id,
            agent_id=self.agent_id,
            settings=Settings(
                recording_enabled=recording,
                transcript_enabled=transcript,
                disclosures={"en": "This call is recorded and you speak with an AI."},
            ),
            reason="test",
            by=BY,
            at=at,
        )

    @property
    def path(self):
        return self.connection.ingest_path

    def headers(self, body, event_id, at=None):
        if self.connection.auth_mode == "standard_webhooks":
            return standard_headers(body, self.secret, event_id=event_id, at=at)
        if self.connection.auth_mode == "bearer":
            return {"authorization": f"Bearer {self.secret}"}
        return vapi_headers(body, self.secret, at=at)

    def deliver(self, client, payload, *, event_id="msg_1", at=None, **changed_headers):
        body = payload if isinstance(payload, bytes) else encoded(payload)
        headers = {**self.headers(body, event_id, at), **changed_headers}
        headers = {name: value for name, value in headers.items() if value is not None}
        return client.post(self.path, body, content_type="application/json", headers=headers)


@pytest.fixture
def line(organization):
    return Line(organization, "generic")


@pytest.fixture
def vapi(organization, stub):
    return Line(organization, "vapi", mode="hmac", agent="a3f", base_url=stub.url, key="vapi-private-key")


def run_jobs(organization, *, rounds=10, kinds=None):
    """Run what is due now, as a worker would; returns the outcomes by kind."""
    outcomes = []
    for _ in range(rounds):
        with acting_for(organization.id):
            due = list(Job.objects.filter(state="ready", run_at__lte=datetime.now(UTC)).order_by("id"))
        due = [job for job in due if kinds is None or job.kind in kinds]
        if not due:
            break
        outcomes += [(job.kind, str(jobs.run(job.id, organization.id))) for job in due]
    return outcomes


@pytest.fixture
def no_canaries(caplog):
    """No number, name, address or word of anybody in any log line of this test."""
    caplog.set_level("DEBUG")
    yield caplog
    text = caplog.text + json.dumps([record.__dict__ for record in caplog.records], default=str)
    for canary in CANARIES:
        assert canary not in text


def everything_of(organization, *models):
    with acting_for(organization.id):
        return {model.__name__: model.objects.count() for model in models}


def unavailable(error):
    def refuse(*args, **kwargs):
        raise error

    return refuse
