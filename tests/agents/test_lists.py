"""Connections and revisions as lists: what is asked is what is shown and what the file has."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from agents import connections
from agents.models import ConnectionState
from agents.services import Settings, publish
from tests import factories
from tests.agents.conftest import BY, NOW
from tests.agents.test_pages import signed_in

pytestmark = pytest.mark.django_db


def at(organization, name, *args, query=""):
    return reverse(f"agents:{name}", args=[organization.slug, *args]) + query


def read(answer):
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def member(organization):
    return signed_in(factories.member(organization, "member"))


@pytest.fixture
def lines(organization, other, connection):
    """Three connections besides one of somebody else's; one is stopped, one has a name that a spreadsheet would run."""
    retell, _ = connections.create(
        organization_id=organization.id, provider="retell", name="=HYPERLINK(1)", by=BY, at=NOW, secret="s" * 24
    )
    stopped, _ = connections.create(organization_id=organization.id, provider="vapi", name="Annex", by=BY, at=NOW)
    connections.create(organization_id=other.id, provider="vapi", name="Elsewhere", by=BY, at=NOW)
    connections.set_state(
        organization_id=organization.id, connection_id=stopped.id, state=ConnectionState.DISABLED, by=BY, at=NOW
    )
    return [connection, retell, stopped]


def test_connections_are_filtered_sorted_and_taken_as_shown(organization, member, lines):
    for query, names in (
        ("", ["=HYPERLINK(1)", "Annex", "Front desk"]),
        ("?sort=-name", ["Front desk", "Annex", "=HYPERLINK(1)"]),
        ("?provider=vapi", ["Annex", "Front desk"]),
        ("?state=active&provider=retell", ["=HYPERLINK(1)"]),
        ("?key=yes", []),
    ):
        shown = member.get(at(organization, "connections", query=query)).context["shown"]
        assert [row.name for row in shown.rows] == names, query
        file = read(member.get(at(organization, "connections_csv", query=query)))
        assert [row["name"].removeprefix("'") for row in file] == names, query
    assert read(member.get(at(organization, "connections_csv")))[0]["name"] == "'=HYPERLINK(1)"


def test_the_file_of_connections_has_no_secret_and_no_address_to_send_to(organization, member, lines):
    text = b"".join(member.get(at(organization, "connections_csv")).streaming_content).decode()
    assert lines[0].public_id not in text
    assert "s" * 24 not in text


@pytest.fixture
def published(organization, agent):
    """Twelve revisions, every second one with recording."""
    for number in range(12):
        publish(
            organization_id=organization.id,
            agent_id=agent.id,
            settings=Settings(recording_enabled=number % 2 == 1, disclosures={"en": "This call is recorded."}),
            reason=f"=step {number + 1}",
            by=BY,
            at=NOW + timedelta(hours=number),
        )


def test_the_agents_page_has_the_newest_revisions_and_the_list_has_all(organization, member, agent, published):
    page = member.get(at(organization, "agent", agent.id))
    assert [each.number for each, _by in page.context["revisions"]] == list(range(12, 2, -1))
    assert at(organization, "revisions", agent.id) in page.content.decode()
    shown = member.get(at(organization, "revisions", agent.id)).context["shown"]
    assert [each.number for each, _by in shown.rows] == list(range(12, 0, -1))


def test_revisions_are_filtered_and_taken_as_shown(organization, member, agent, published):
    for query, numbers in (("?recording=yes", [12, 10, 8, 6, 4, 2]), ("?sort=published&transcript=no", [])):
        shown = member.get(at(organization, "revisions", agent.id, query=query)).context["shown"]
        assert [each.number for each, _by in shown.rows] == numbers
        file = read(member.get(at(organization, "revisions_csv", agent.id, query=query)))
        assert [int(row["number"]) for row in file] == numbers
    last = read(member.get(at(organization, "revisions_csv", agent.id)))[0]
    assert (last["why"], last["recording"]) == ("'=step 12", "kept")
    assert "This call is recorded." in last["disclosures"]


def test_revisions_of_somebody_elses_agent_are_not_there(organization, other, agent, published):
    outsider = signed_in(factories.member(other, "owner"))
    for name in ("revisions", "revisions_csv"):
        assert outsider.get(at(other, name, agent.id)).status_code == 404
        assert outsider.get(at(organization, name, agent.id)).status_code == 404
