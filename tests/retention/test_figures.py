"""Metrics and the staff site: figures over all organizations, no names, no content; decisions are made, not edited."""

import pytest
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from calls.models import Call
from ground import audit
from ground.inventory import destruction
from ground.tenancy import Actor, acting_for
from retention import metrics
from retention.models import OperatorDecision
from retention.services import overdue, sweep
from tests import factories
from tests.holdings import days_ago, keep_call

pytestmark = pytest.mark.django_db(transaction=True)


def scraped(**headers):
    return Client().get("/metrics", headers=headers)


def test_metrics_tell_overdue_purges_queue_and_alerts_without_names(organization):
    keep_call(organization.id, days_ago(100))
    overdue.measure(organization.id)
    text = scraped().content.decode()
    late = next(
        line for line in text.splitlines() if line.startswith('sottovoce_overdue_seconds{category="recording"}')
    )
    assert float(late.split()[-1]) > 9 * 86400
    assert 'sottovoce_open_alerts{kind="retention.overdue"} 2.0' in text

    sweep.purge_expired(organization_id=organization.id, by=Actor.system("test"))
    overdue.measure(organization.id)
    text = scraped().content.decode()
    assert 'sottovoce_overdue_seconds{category="recording"} 0.0' in text
    assert 'sottovoce_purge_runs{state="done"} 1.0' in text
    assert "sottovoce_purged_records 2.0" in text
    assert "sottovoce_certificates 1.0" in text
    assert "sottovoce_last_sweep_seconds_ago" in text
    assert 'sottovoce_jobs{kind="calls.delete_provider_copy"' in text or "sottovoce_jobs" in text
    assert 'sottovoce_figures_up{part="retention"} 1.0' in text
    assert organization.slug not in text
    assert str(organization.id) not in text


def test_a_part_that_does_not_answer_shows_as_down_and_not_as_zero(organization, monkeypatch):
    from django.db import DatabaseError

    from config import figures

    def broken():
        raise DatabaseError("no answer")
        yield

    monkeypatch.setitem(figures.PARTS, "retention", broken)
    text = scraped().content.decode()
    assert 'sottovoce_figures_up{part="retention"} 0.0' in text
    assert "sottovoce_overdue_seconds{" not in text
    assert "sottovoce_certificates 0.0" in text


def test_a_token_protects_the_metrics_where_one_is_set(organization, settings):
    settings.METRICS_TOKEN = "a-long-token"
    assert scraped().status_code == 401
    assert scraped(Authorization="Bearer wrong").status_code == 401
    assert "sottovoce" not in scraped().content.decode()
    assert scraped(Authorization="Bearer a-long-token").status_code == 200


@pytest.fixture
def staff(organization, monkeypatch):
    """Staff with a second factor in this session."""
    monkeypatch.setattr("accounts.admin_site.has_second_factor", lambda request: True)
    client = Client()
    person = factories.staff()
    person.is_superuser = True
    person.save()
    client.force_login(person)
    return client


def test_staff_decide_a_period_through_the_service(staff):
    operator = factories.organization(is_operator=True)
    address = "/staff/retention/operatordecision/add/"
    assert staff.get(address).status_code == 200
    refused = staff.post(address, {"category": "call_report", "n": 0, "unit": "day", "reason": "x"})
    assert refused.status_code == 200
    assert not OperatorDecision.objects.exists()
    fixed = staff.post(address, {"category": "recording", "n": 5, "unit": "day", "reason": "x"})
    assert fixed.status_code == 200  # the profile gives a figure: nothing to decide
    assert (
        staff.post(address, {"category": "call_report", "n": 180, "unit": "day", "reason": "as asked"}).status_code
        == 302
    )
    assert (
        staff.post(address, {"category": "call_report", "n": 90, "unit": "day", "reason": "shorter"}).status_code == 302
    )
    assert OperatorDecision.objects.count() == 2
    assert OperatorDecision.objects.get(withdrawn_at=None).n == 90
    with acting_for(operator.pk):
        assert audit.events(operator.pk, kind="retention.period_decided").count() == 2
    decision = OperatorDecision.objects.get(withdrawn_at=None)
    staff.post(f"/staff/retention/operatordecision/{decision.pk}/change/", {"n": 1, "unit": "day"})
    assert OperatorDecision.objects.get(withdrawn_at=None).n == 90
    assert staff.post(f"/staff/retention/operatordecision/{decision.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "Without a period" in staff.get("/staff/retention/operatordecision/").content.decode()


def test_staff_see_organizations_in_figures_only(staff, organization):
    keep_call(organization.id, days_ago(100))
    sweep.purge_expired(organization_id=organization.id, by=Actor.system("test"))
    page = staff.get("/staff/retention/operatordecision/figures/")
    assert page.status_code == 200
    row = next(shown["row"] for shown in page.context["rows"] if shown["name"] == organization.name)
    assert (row.runs, row.rows_destroyed, row.certificates) == (1, 2, 1)
    assert row.last_sweep_at <= timezone.now()


def test_members_do_not_find_the_figures(organization):
    client = Client()
    client.force_login(factories.member(organization, "owner"))
    assert client.get("/staff/retention/operatordecision/figures/", follow=True).status_code == 404


def figures_of(organization):
    """The staff's line about an organization, or None."""
    return next((row for row in metrics.by_organization() if row.organization_id == organization.id), None)


def test_a_closed_organization_counts_until_nothing_of_it_is_left(organization):
    keep_call(organization.id, days_ago(100), parts=("recording",))
    organization.state, organization.closed_at = "closed", timezone.now()
    organization.save()
    overdue.measure(organization.id)
    late = {each.category: each.seconds for each in metrics.overdue()}
    assert late["recording"] > 9 * 86400
    assert figures_of(organization).overdue_seconds > 9 * 86400
    sweep.purge_expired(organization_id=organization.id, by=Actor.system("test"))
    overdue.measure(organization.id)
    assert {each.category: each.seconds for each in metrics.overdue()}["recording"] == 0
    assert figures_of(organization).certificates == 1  # the record of the call is still there
    by = Actor.system("test")
    destruction.destroy_now(Call, organization.id, where=Q(), reason=destruction.Reason.MEMBER, by=by)
    assert figures_of(organization) is None
