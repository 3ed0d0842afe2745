"""When a job is due is decided by the database's clock; that of the process that enqueues it may be wrong."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ground import jobs
from tests.ground.jobs.conftest import ANNA, enqueue, job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


@pytest.mark.parametrize("wrong", [timedelta(hours=48), timedelta(hours=-48)])
def test_what_is_planned_for_tomorrow_waits_until_tomorrow(wrong, woken):
    @jobs.handler("tests.work")
    def work(lease):
        raise AssertionError("too early")

    now = datetime.now(UTC)
    with time_machine.travel(now + wrong):
        job_id = enqueue(run_at=now + timedelta(hours=24))
    assert woken == []
    assert jobs.run(job_id, ANNA) == jobs.Outcome.NOT_OURS
    assert job(job_id).run_at == now + timedelta(hours=24)


@pytest.mark.parametrize("wrong", [timedelta(hours=48), timedelta(hours=-48)])
def test_what_is_due_is_woken_at_once(wrong, woken):
    jobs.handler("tests.work")(lambda lease: None)
    now = datetime.now(UTC)
    with time_machine.travel(now + wrong):
        job_id = enqueue(run_at=now - timedelta(hours=1))
    assert woken == [job_id]
    assert jobs.run(job_id, ANNA) == jobs.Outcome.DONE
