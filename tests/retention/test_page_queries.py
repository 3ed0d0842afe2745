"""The overview and the page of periods ask the database a fixed number of questions, however much there is."""

import re

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.profiles import Category, Period, Unit
from ground.tenancy import Actor, acting_for
from retention import forecast, periods, table
from retention.models import OperatorDecision
from retention.services import settings as periods_service
from retention.services import sweep
from tests import factories
from tests.holdings import days_ago, keep_call

BY = Actor.system("test")
MOST = 12
OWN = re.compile(r'FROM \(*(?:SELECT .* FROM )?"?(retention|inventory|audit|agents|calls|contacts)_', re.DOTALL)
pytestmark = pytest.mark.django_db(transaction=True)


def asked(address, client):
    """Questions about data of the organization: not the session, the person, the frame, the transaction."""
    client.get(address)
    with CaptureQueriesContext(connections["default"]) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured if OWN.search(query["sql"])]


def more_of_everything(organization):
    """More rows, more categories, a hold, periods changed and waiting, runs and certificates."""
    now = timezone.now()
    kept = [keep_call(organization.id, days_ago(age)) for age in (91, 60, 20, 3)]
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=kept[1].call.id),
        reason="a claim",
        review_on=days_ago(-30).date(),
        by=BY,
        at=now,
    )
    sweep.purge_expired(organization_id=organization.id, by=BY)
    for category, days in (("recording", 80), ("transcript", 70), ("call_report", 75)):
        seen = periods_service.preview(organization.id, category, Period(days, Unit.DAY), at=now)
        periods_service.change(
            organization_id=organization.id,
            category=category,
            period=Period(days, Unit.DAY),
            by=BY,
            at=now,
            confirmed_rows=seen.rows,
        )


@pytest.mark.parametrize("page", ["", "retention/"])
def test_questions_stay_the_same_with_more_categories_and_rows(organization, page):
    client = Client()
    client.force_login(factories.member(organization, Role.OWNER))
    address = f"/o/{organization.slug}/{page}"
    keep_call(organization.id, days_ago(95), parts=("transcript",))
    keep_call(organization.id, days_ago(5), parts=("transcript",))
    sweep.purge_expired(organization_id=organization.id, by=BY)
    few = asked(address, client)
    more_of_everything(organization)
    many = asked(address, client)
    assert len(many) == len(few), "\n".join(many)
    assert len(many) <= MOST, "\n".join(many)


def test_all_at_once_says_what_one_by_one_says(organization):
    more_of_everything(organization)
    OperatorDecision.objects.filter(category="call_metadata").delete()
    later = timezone.now() + periods_service.grace() * 2
    with acting_for(organization.id):
        for at in (timezone.now(), later):
            standing = periods.standing(organization.id, list(Category), at)
            assert set(standing) == set(Category)
            for category, how in standing.items():
                try:
                    assert how.effective == periods.effective(organization.id, category, at)
                except periods.NoPeriod:
                    assert (how.effective, how.damaged) == (None, False)
                except periods.PeriodUnusable:
                    assert (how.effective, how.damaged) == (None, True)
                assert how.waiting == (
                    periods.waiting_version(organization.id, category, at)
                    if how.rule.changed_by == "organization"
                    else None
                )


def test_held_records_are_counted_by_category_and_day_and_left_out(organization):
    kept = keep_call(organization.id, days_ago(60))
    keep_call(organization.id, days_ago(60))
    before = forecast_of(organization).total
    placed = holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=kept.call.id),
        reason="a claim",
        review_on=days_ago(-30).date(),
        by=BY,
        at=timezone.now(),
    )
    with acting_for(organization.id):
        held = forecast.held_by_day(organization.id, forecast.tallied())
        rows = {row.category: row.held for row in table.rows(organization.id, timezone.now())}
    assert held[("recording", days_ago(60).date())] == 1
    assert rows["recording"] == rows["transcript"] == 1
    assert forecast_of(organization).total * 2 == before  # one of two calls stays
    holds.release(organization_id=organization.id, hold_id=placed.id, by=BY, at=timezone.now())
    assert forecast_of(organization).total == before


def forecast_of(organization):
    with acting_for(organization.id):
        return forecast.forecast(organization.id, timezone.now())
