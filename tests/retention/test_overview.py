"""The overview: figures from the tallies, what needs somebody, proof of what is gone; each organization its own."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from agents import connections
from agents.models import Agent
from agents.services import Settings, publish, resolve
from ground import audit
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for
from retention import attention, periods, table
from retention.services import settings as periods_service
from retention.services import sweep
from tests import factories
from tests.holdings import days_ago, keep_call

BY = Actor.system("test")
CANDIDATES = [Period(30, Unit.DAY), Period(90, Unit.DAY), Period(1, Unit.YEAR), Period(3, Unit.YEAR)]
pytestmark = pytest.mark.django_db(transaction=True)


def client_of(organization, role=Role.OWNER):
    client = Client()
    client.force_login(factories.member(organization, role))
    return client


def overview(organization, role=Role.OWNER):
    return client_of(organization, role).get(f"/o/{organization.slug}/")


def test_figures_and_certificates(organization):
    keep_call(organization.id, days_ago(100))
    keep_call(organization.id, days_ago(86))
    before = overview(organization).context["figures"]
    assert next(figure["value"] for figure in before) == "2"
    sweep.purge_expired(organization_id=organization.id, by=BY)
    answer = overview(organization, Role.MEMBER)
    page = answer.content.decode()
    held, _stored, leaving, late = answer.context["figures"]
    assert (held["value"], leaving["value"], late["value"], late["ok"]) == ("2", "2", "0", True)
    assert "Certificate" in page
    assert "/certificates/" in page
    assert 'aria-current="page"' in page


def test_what_needs_somebody_is_said_in_sentences(organization):
    keep_call(organization.id, days_ago(70))
    with acting_for(organization.id):
        audit.alerts.raise_alert(organization.id, "retention.approval_needed", key="transcript", rows=80)
        audit.alerts.raise_alert(organization.id, "somebody.new_alarm", key="x")
    periods_service.change(
        organization_id=organization.id,
        category="transcript",
        period=Period(60, Unit.DAY),
        by=BY,
        at=days_ago(0),
        confirmed_rows=1,
    )
    page = overview(organization).content.decode()
    assert "A large purge waits for approval: Transcripts" in page
    assert "80 records are due, unusually many at once." in page
    assert "somebody: new alarm" in page
    assert "Transcripts go to 60 days on" in page
    assert "Can still be undone for 23 h" in page


def standing(organization):
    return periods.standing(organization.id, table.applying(operator=False), timezone.now())


def test_an_empty_organization_is_told_what_will_appear(organization, monkeypatch):
    monkeypatch.setattr(attention, "_gaps", lambda *_: [])
    page = overview(organization).content.decode()
    assert "First steps" in page
    assert "Nothing waits for you." in page
    assert "Nothing has been destroyed yet." in page


def test_what_nobody_decided_stands_there_until_somebody_does(organization):
    with acting_for(organization.id):
        [gap] = attention._gaps(standing(organization), organization.slug)
    assert "have no period" in gap.title
    assert "Call reports" in gap.words
    for category in table.applying(operator=False):
        rule = periods.rule_of(category)
        if rule.default is None:
            period = next(each for each in CANDIDATES if rule.allows(each))
            periods_service.decide(category=category, period=period, reason="test", by=BY, at=days_ago(0))
    with acting_for(organization.id):
        assert list(attention._gaps(standing(organization), organization.slug)) == []


def test_connections_agents_and_holds_that_wait(organization):
    line, _secret = connections.create(
        organization_id=organization.id, provider="generic", name="Front desk", by=BY, at=days_ago(3)
    )
    connections.set_state(
        organization_id=organization.id, connection_id=line.id, state="disabled", by=BY, at=days_ago(0)
    )
    with acting_for(organization.id):
        resolve(organization.id, line.id, "robin", days_ago(1))
        audit.alerts.raise_alert(organization.id, "calls.poll_refused", key=str(line.id))
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.PERIOD, start=days_ago(5), end=days_ago(4)),
        reason="claim",
        review_on=(days_ago(-3)).date(),
        by=BY,
        at=days_ago(0),
    )
    page = overview(organization).content.decode()
    assert "Front desk refuses calls" in page
    assert "Decide what robin may keep" in page
    assert "A provider refused the key of a connection" in page
    assert page.count(f'href="/o/{organization.slug}/agents/connections/{line.id}/"') == 2
    assert "A hold is up for review on" in page
    publish_for_all(organization)
    assert "Decide what robin may keep" not in overview(organization).content.decode()


def publish_for_all(organization):
    with acting_for(organization.id):
        agents = list(Agent.objects.filter(organization_id=organization.id))
    for agent in agents:
        publish(
            organization_id=organization.id, agent_id=agent.id, settings=Settings(), reason="x", by=BY, at=days_ago(0)
        )


def test_the_chart_names_only_what_leaves(organization):
    keep_call(organization.id, days_ago(10))
    legend = overview(organization).context["chart"].legend
    assert [category for _, category in legend] == ["recording", "transcript"]  # facts stay a year, reports undecided


def test_another_organizations_overview_is_not_found(organization, outsider_organization):
    keep_call(organization.id, days_ago(10))
    assert client_of(outsider_organization).get(f"/o/{organization.slug}/").status_code == 404
    assert overview(outsider_organization).context["figures"][0]["value"] == "0"
