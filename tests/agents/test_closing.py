"""When an organization closes its agents take nothing in, and their period begins."""

from datetime import timedelta

import pytest
from django.db.models import Q
from django.utils import timezone

from accounts.services.organizations import close_organization
from agents import connections
from agents.models import Agent, AgentRevision, ProviderConnection
from agents.services import Settings, publish
from ground import vault
from ground.inventory import destruction, tally
from ground.tenancy import acting_for
from tests.agents.conftest import BY, NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_closing_switches_off_and_starts_the_clock(organization, connection, agent):
    later = timezone.now() + timedelta(days=1)
    close_organization(organization_id=organization.id, by=BY, at=later)
    assert connections.connection_of(connection.public_id).state == "disabled"
    with acting_for(organization.id):
        assert ProviderConnection.objects.get().closed_at == Agent.objects.get().closed_at == later
        assert tally.totals(organization.id)["agent_configuration"].rows == 2


def test_configuration_of_a_closed_organization_can_be_destroyed_whole(organization, connection, agent):
    publish(organization_id=organization.id, agent_id=agent.id, settings=Settings(), reason="start", by=BY, at=NOW)
    close_organization(organization_id=organization.id, by=BY, at=timezone.now() + timedelta(minutes=1))
    for model in (Agent, ProviderConnection):
        outcome = destruction.destroy_now(
            model, organization.id, where=Q(closed_at__isnull=False), reason=destruction.Reason.CLOSED, by=BY
        )
        assert outcome.rows == 1
    with acting_for(organization.id):
        assert not Agent.objects.exists()
        assert not AgentRevision.objects.exists()
        assert not ProviderConnection.objects.exists()
        assert tally.totals(organization.id).get("agent_configuration", tally.NOTHING).rows == 0
    assert vault.keys.existing(organization.id, [connection.key_id]) == set()
