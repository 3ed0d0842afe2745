"""Overdue: the age of the oldest thing that should be gone, whatever the sweep believes."""

import pytest

from calls.models import Transcript
from ground import audit
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for, uuid7
from retention import periods
from retention.models import SweepMark
from retention.services import overdue, sweep
from tests.holdings import days_ago, keep_call

BY = Actor.system("test")
DAY = 86_400
pytestmark = pytest.mark.django_db(transaction=True)


def test_overdue_is_the_age_of_the_oldest_that_should_be_gone(organization):
    keep_call(organization.id, days_ago(93), parts=("transcript",))
    keep_call(organization.id, days_ago(91), parts=("transcript",))
    assert overdue.measure(organization.id)["transcript"] == pytest.approx(3 * DAY, abs=60)
    assert overdue.measure(organization.id)["recording"] == 0


def test_a_sweep_that_believes_it_is_done_does_not_hide_what_is_overdue(organization):
    keep_call(organization.id, days_ago(100), parts=("transcript",))
    with acting_for(organization.id):
        SweepMark.objects.create(
            organization_id=organization.id, category="transcript", cutoff=days_ago(90), swept_at=days_ago(0)
        )
    figures = overdue.measure(organization.id)
    assert figures["transcript"] == pytest.approx(10 * DAY, abs=60)
    with acting_for(organization.id):
        assert audit.models.Alert.objects.open().filter(kind="retention.overdue", key="transcript").exists()
    sweep.purge_expired(organization_id=organization.id, by=BY)
    assert overdue.measure(organization.id)["transcript"] == 0
    with acting_for(organization.id):
        assert not audit.models.Alert.objects.open().filter(kind="retention.overdue").exists()


def test_held_is_not_overdue_and_set_aside_is(organization):
    held = keep_call(organization.id, days_ago(100), parts=("transcript",))
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=held.call.id),
        reason="a claim",
        review_on=days_ago(-9).date(),
        by=BY,
        at=days_ago(0),
    )
    assert overdue.measure(organization.id)["transcript"] == 0
    aside = keep_call(organization.id, days_ago(92), parts=("transcript",))
    with acting_for(organization.id):
        Transcript.objects.filter(id=aside.transcript.id).update(set_aside_at=days_ago(1))
        audit.alerts.raise_alert(organization.id, "destruction.set_aside", key=str(aside.transcript.id))
    assert overdue.measure(organization.id)["transcript"] == pytest.approx(2 * DAY, abs=60)


def test_an_agents_shorter_period_counts_for_what_is_overdue(organization, monkeypatch):
    agent_id = uuid7()
    keep_call(organization.id, days_ago(40), parts=("transcript",), agent_id=agent_id)
    monkeypatch.setattr(periods, "_shorter_agents", lambda *arguments: {agent_id: Period(30, Unit.DAY)})
    assert overdue.measure(organization.id)["transcript"] == pytest.approx(10 * DAY, abs=60)


def test_what_is_due_by_an_agents_period_is_counted_once(organization, monkeypatch):
    agent_id = uuid7()
    for age in (40, 100):
        keep_call(organization.id, days_ago(age), parts=("transcript",), agent_id=agent_id)
    keep_call(organization.id, days_ago(40), parts=("transcript",))
    monkeypatch.setattr(
        periods,
        "_shorter_agents",
        lambda rule, period, days: {agent_id: Period(30, Unit.DAY)} if rule.category == "transcript" else {},
    )
    report = sweep.purge_expired(organization_id=organization.id, by=BY, dry_run=True)
    assert [(line.category, line.due) for line in report.lines] == [("transcript", 2)]
    assert sweep.purge_expired(organization_id=organization.id, by=BY).rows == 2
    with acting_for(organization.id):
        assert Transcript.objects.count() == 1
