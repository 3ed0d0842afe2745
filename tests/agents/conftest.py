from datetime import UTC, datetime

import pytest

from agents import connections
from agents.services import registry
from ground.tenancy import Actor
from tests import factories

BY = Actor.member("01890000-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def organization(db, vault_home):
    return factories.organization()


@pytest.fixture
def other(db, vault_home):
    return factories.organization()


@pytest.fixture
def connection(organization):
    made, _secret = connections.create(
        organization_id=organization.id, provider="vapi", name="Front desk", by=BY, at=NOW
    )
    return made


@pytest.fixture
def agent(organization, connection):
    return registry.create(
        organization_id=organization.id,
        connection_id=connection.id,
        provider_agent_id="asst_1",
        name="Camille",
        by=BY,
        at=NOW,
    )
