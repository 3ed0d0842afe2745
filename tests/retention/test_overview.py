"""The overview: figures from the tallies, what needs somebody, proof of what is gone; each organization its own."""

import pytest
from django.test import Client

from accounts.models import Role
from ground import audit
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for
from retention.services import settings as periods_service
from retention.services import sweep
from tests import factories
from tests.holdings import days_ago, keep_call

BY = Actor.system("test")
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
    assert "A purge waits for approval: Transcripts" in page
    assert "somebody: new alarm" in page
    assert "Transcripts go to 60 days on" in page
    assert "Can still be undone for 23 h" in page


def test_an_empty_organization_is_told_what_will_appear(organization):
    page = overview(organization).content.decode()
    assert "Nothing waits for you." in page
    assert "Nothing has been destroyed yet." in page


def test_another_organizations_overview_is_not_found(organization, outsider_organization):
    keep_call(organization.id, days_ago(10))
    assert client_of(outsider_organization).get(f"/o/{organization.slug}/").status_code == 404
    assert overview(outsider_organization).context["figures"][0]["value"] == "0"
