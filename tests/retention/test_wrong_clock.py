"""A process whose clock is wrong neither destroys early nor turns away what is still to be kept."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ground import clocks
from ground.jobs.models import Job
from ground.profiles import Category
from ground.tenancy import acting_for
from retention import answers, due, periods
from retention.planned import PlanState
from tests import factories
from tests.holdings import days_ago, exists, keep_call
from tests.retention.test_grace import newest, plan

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


@pytest.mark.parametrize("wrong", [timedelta(hours=48), timedelta(hours=-48)])
def test_what_is_inside_of_its_period_may_be_stored_and_what_is_not_may_not(wrong):
    organization, now = factories.organization(), due.database_now()
    with acting_for(organization.id):
        end = clocks.cutoff(now, periods.effective(organization.id, Category.CALL_METADATA, now).period)
        with time_machine.travel(now + wrong):
            assert answers.may_store(organization.id, Category.CALL_METADATA, None, end + timedelta(hours=1))
            assert not answers.may_store(organization.id, Category.CALL_METADATA, None, end - timedelta(hours=1))


def test_the_grace_of_a_destruction_is_not_skipped_by_a_web_process_that_runs_ahead():
    organization = factories.organization()
    kept = keep_call(organization.id, days_ago(1))
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=48)):
        plan(organization, kept)
    with acting_for(organization.id):
        waits = Job.objects.get(kind="retention.destroy_planned")
    assert waits.run_at > datetime.now(UTC) + timedelta(minutes=1)
    assert newest(organization, kept).state == PlanState.WAITING
    assert exists(organization.id, kept.call)
