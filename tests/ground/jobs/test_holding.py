"""A lease lives as long as its holder: renewed while it works, soon over when it is dead or stuck."""

import os
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from ground import jobs
from ground.jobs import holding, tasks
from ground.jobs import lease as leases
from tests.ground.jobs.conftest import ANNA, change, enqueue, job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home", "woken")]


@pytest.fixture
def quick(monkeypatch):
    """Everything thirty times as fast."""
    monkeypatch.setattr(leases, "HOLD_SECONDS", 1.0)
    monkeypatch.setattr(holding, "BEAT_SECONDS", 0.3)
    monkeypatch.setattr(holding, "GRACE_SECONDS", 0.1)


def test_a_dead_holder_is_noticed_within_half_a_minute_however_long_its_work_may_take():
    ends = []

    @jobs.handler("tests.work", lease_seconds=3600)
    def work(lease):
        ends.append(job(lease.job_id).leased_until)

    jobs.run(enqueue(), ANNA)
    assert ends[0] - timezone.now() < timedelta(seconds=31)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_work_longer_than_the_hold_is_renewed_and_not_taken_over():
    taken = []

    @jobs.handler("tests.work", lease_seconds=60)
    def work(lease):
        for _ in range(5):
            time.sleep(0.5)
            taken.append(jobs.run(lease.job_id, ANNA))

    job_id = enqueue()
    assert jobs.run(job_id, ANNA) == jobs.Outcome.DONE
    assert set(taken) == {jobs.Outcome.NOT_OURS}
    assert (job(job_id).state, job(job_id).attempts, job(job_id).deaths) == ("done", 1, 0)


@pytest.mark.usefixtures("quick")
def test_whoever_takes_longer_than_it_said_is_told_and_loses_the_job():
    overrun = []

    @jobs.handler("tests.work", lease_seconds=1)
    def work(lease):
        if lease.attempt == 1:
            time.sleep(1.6)
            assert jobs.run(lease.job_id, ANNA) == jobs.Outcome.DONE

    job_id = enqueue()
    assert jobs.run(job_id, ANNA, overrun=lambda: overrun.append(True)) == jobs.Outcome.STALE
    assert overrun == [True]
    assert (job(job_id).state, job(job_id).attempts, job(job_id).deaths) == ("done", 2, 1)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ends_in", ["the grace", "another stretch"])
def test_nobody_is_told_of_work_that_ends_or_goes_on_just_then(ends_in, monkeypatch):
    monkeypatch.setattr(holding, "GRACE_SECONDS", 0.4)
    overrun: list[bool] = []

    @jobs.handler("tests.work", lease_seconds=1)
    def work(lease):
        time.sleep(1.2)
        if ends_in == "another stretch":
            lease.extend()
            time.sleep(0.7)

    assert jobs.run(enqueue(), ANNA, overrun=lambda: overrun.append(True)) == jobs.Outcome.DONE
    assert overrun == []


@pytest.mark.usefixtures("quick")
def test_without_anybody_to_tell_the_lease_just_ends():
    @jobs.handler("tests.work", lease_seconds=1)
    def work(lease):
        time.sleep(1.2)

    assert jobs.run(enqueue(), ANNA) == jobs.Outcome.DONE


@pytest.mark.usefixtures("quick")
def test_renewing_ends_when_somebody_else_has_the_job():
    @jobs.handler("tests.work", lease_seconds=60)
    def work(lease):
        change(lease.job_id, lease_token=99, leased_until=timezone.now())
        time.sleep(0.5)

    job_id = enqueue()
    assert jobs.run(job_id, ANNA) == jobs.Outcome.STALE
    assert job(job_id).leased_until < timezone.now()


@pytest.mark.usefixtures("quick")
def test_a_database_that_is_away_for_a_moment_does_not_end_the_renewing(monkeypatch):
    renewed = []
    renew = leases.Lease.renew

    def once_away(lease):
        renewed.append(lease)
        if len(renewed) == 1:
            raise OperationalError("away")
        renew(lease)

    monkeypatch.setattr(leases.Lease, "renew", once_away)

    @jobs.handler("tests.work", lease_seconds=60)
    def work(lease):
        time.sleep(0.8)

    assert jobs.run(enqueue(), ANNA) == jobs.Outcome.DONE
    assert len(renewed) == 2


def test_a_stuck_pool_process_ends():
    connections.close_all()
    child = os.fork()
    if not child:
        tasks._end_process()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_an_extension_begins_a_new_stretch():
    @jobs.handler("tests.work", lease_seconds=60)
    def work(lease):
        lease._ends_at -= 50
        assert lease.left < 11
        lease.extend()
        assert lease.left > 59

    assert jobs.run(enqueue(), ANNA) == jobs.Outcome.DONE
