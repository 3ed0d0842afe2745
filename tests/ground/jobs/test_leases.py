"""Death, pause, double delivery: effects once, poison set aside, the rest unaffected."""

import os
import signal
import time
from datetime import timedelta
from multiprocessing import get_context

import pytest
from django.db import connections
from django.utils import timezone

from ground import audit, jobs, tenancy
from ground.audit.models import Alert
from ground.jobs import lease as leases
from tests.ground.jobs.conftest import ANNA, BORIS, STAFF, change, enqueue, job

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("vault_home", "woken"),
]
FORK = get_context("fork")
PAST = timedelta(seconds=-1)


def in_child(function, *arguments):
    """Start a process of its own that runs `function`; the caller joins or kills it."""

    def body():
        connections.close_all()
        function(*arguments)
        connections.close_all()
        os._exit(0)

    connections.close_all()
    process = FORK.Process(target=body)
    process.start()
    return process


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def lapse(job_id, organization_id=ANNA):
    """The lease has run out and the last wake-up is long past."""
    now = timezone.now()
    change(job_id, organization_id, leased_until=now + PAST, woken_at=now - timedelta(minutes=1))


def effects(organization_id=ANNA):
    with tenancy.acting_for(organization_id):
        return audit.events(organization_id, kind="tests.effect").count()


def effect(organization_id):
    audit.append("tests.effect", organization_id=organization_id, actor=tenancy.Actor.system("tests"))


def test_a_killed_holder_is_noticed_and_another_finishes():
    @jobs.handler("tests.work")
    def work(lease):
        if lease.attempt == 1:
            time.sleep(60)
        with tenancy.acting_for(lease.organization_id):
            effect(lease.organization_id)
            lease.complete()

    job_id = enqueue()
    holder = in_child(jobs.run, job_id, ANNA)
    wait_until(lambda: job(job_id).state == "running")
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    assert jobs.run(job_id, ANNA) == jobs.Outcome.NOT_OURS, "the lease still runs: nobody takes it"
    lapse(job_id)
    assert jobs.sweep().woken == 1
    assert jobs.run(job_id, ANNA) == jobs.Outcome.DONE
    row = job(job_id)
    assert (row.state, row.attempts, row.deaths, effects()) == ("done", 2, 1, 1)


def test_poison_is_set_aside_after_three_deaths_and_the_rest_goes_on():
    @jobs.handler("tests.poison", attempts=50)
    def poison(lease):
        os.kill(os.getpid(), signal.SIGKILL)

    @jobs.handler("tests.work")
    def work(lease):
        with tenancy.acting_for(lease.organization_id):
            effect(lease.organization_id)

    poisoned, healthy = enqueue("tests.poison"), enqueue()
    for deaths in range(3):
        assert job(poisoned).deaths == deaths - (deaths > 0)
        in_child(jobs.run, poisoned, ANNA).join()
        lapse(poisoned)
    assert jobs.run(poisoned, ANNA) == jobs.Outcome.QUARANTINED
    row = job(poisoned)
    assert (row.state, row.deaths, row.attempts) == ("quarantined", 3, 3)
    with tenancy.acting_for(ANNA):
        alert = Alert.objects.open().get(kind="jobs.quarantined")
    assert (alert.key, alert.count) == ("tests.poison", 1)
    assert jobs.run(poisoned, ANNA) == jobs.Outcome.NOT_OURS
    assert jobs.run(healthy, ANNA) == jobs.Outcome.DONE
    assert effects() == 1


def test_released_from_quarantine_it_may_run_again():
    @jobs.handler("tests.work")
    def work(lease):
        return None

    job_id = enqueue(unique="once")
    change(job_id, state="quarantined", deaths=3, finished_at=timezone.now())
    assert jobs.release(job_id, organization_id=ANNA, by=STAFF)
    assert not jobs.release(job_id, organization_id=ANNA, by=STAFF)
    assert jobs.run(job_id, ANNA) == jobs.Outcome.DONE


def test_what_was_enqueued_again_meanwhile_stands_for_the_quarantined_one():
    @jobs.handler("tests.work")
    def work(lease):
        return None

    job_id = enqueue(unique="once")
    change(job_id, state="quarantined", finished_at=timezone.now())
    enqueue(unique="once")
    assert not jobs.release(job_id, organization_id=ANNA, by=STAFF)
    assert job(job_id).state == "quarantined"


def test_delivered_to_many_workers_at_once_it_has_its_effects_once():
    @jobs.handler("tests.work")
    def work(lease):
        with tenancy.acting_for(lease.organization_id):
            effect(lease.organization_id)
        time.sleep(0.1)

    ids = [enqueue() for _ in range(5)]

    def everything():
        for job_id in ids:
            jobs.run(job_id, ANNA)

    workers = [in_child(everything) for _ in range(5)]
    for worker in workers:
        worker.join()
    assert {worker.exitcode for worker in workers} == {0}
    assert effects() == 5
    assert {(job(job_id).state, job(job_id).attempts) for job_id in ids} == {("done", 1)}


def test_a_paused_worker_that_comes_back_changes_nothing():
    """Its lease ran out, another did the work; neither its effect nor its outcome counts."""
    outcomes = []

    @jobs.handler("tests.work", lease_seconds=60)
    def work(lease):
        if lease.attempt == 1:
            lapse(lease.job_id)
            outcomes.append(jobs.run(lease.job_id, lease.organization_id))
        with tenancy.acting_for(lease.organization_id):
            lease.guard()
            effect(lease.organization_id)

    job_id = enqueue()
    assert jobs.run(job_id, ANNA) == jobs.Outcome.STALE
    assert outcomes == [jobs.Outcome.DONE]
    assert effects() == 1
    assert job(job_id).state == "done"


@pytest.mark.parametrize("ending", ["returns", "fails", "retries", "gives_up"])
def test_no_outcome_is_written_under_an_old_token(ending):
    @jobs.handler("tests.work")
    def work(lease):
        change(lease.job_id, lease_token=99)
        if ending == "fails":
            raise RuntimeError
        if ending == "retries":
            raise jobs.RetryLater(1, "later")
        if ending == "gives_up":
            raise jobs.GiveUp("never")

    job_id = enqueue()
    assert jobs.run(job_id, ANNA) == jobs.Outcome.STALE
    row = job(job_id)
    assert (row.state, row.lease_token, row.last_error) == ("running", 99, "")
    with tenancy.acting_for(ANNA):
        assert not Alert.objects.exists()


def test_long_work_extends_its_lease_and_is_not_taken_over():
    @jobs.handler("tests.work", lease_seconds=1)
    def work(lease):
        for _ in range(4):
            time.sleep(0.5)
            lease.extend()

    job_id = enqueue()
    holder = in_child(jobs.run, job_id, ANNA)
    wait_until(lambda: job(job_id).state == "running")
    while holder.is_alive():
        assert jobs.run(job_id, ANNA) == jobs.Outcome.NOT_OURS
        time.sleep(0.2)
    holder.join()
    assert (job(job_id).state, job(job_id).attempts) == ("done", 1)


def test_a_stale_lease_cannot_be_extended():
    caught = []

    @jobs.handler("tests.work")
    def work(lease):
        change(lease.job_id, lease_token=99)
        for action in (lease.extend, lease.guard, lease.complete):
            with tenancy.acting_for(ANNA), pytest.raises(jobs.StaleLease):
                action()
            caught.append(action)

    jobs.run(enqueue(), ANNA)
    assert len(caught) == 3
    assert leases.Lease.__slots__, "a lease carries nothing but its own fields"


def test_effects_and_outcome_commit_together():
    class PowerCut(BaseException):
        pass

    @jobs.handler("tests.work")
    def work(lease):
        with tenancy.acting_for(lease.organization_id):
            effect(lease.organization_id)
            lease.complete()
            if lease.attempt == 1:
                raise PowerCut

    job_id = enqueue()
    with pytest.raises(PowerCut):
        jobs.run(job_id, ANNA)
    assert (job(job_id).state, effects()) == ("running", 0)
    lapse(job_id)
    assert jobs.run(job_id, ANNA) == jobs.Outcome.DONE
    assert (job(job_id).state, effects()) == ("done", 1)


def test_a_worker_that_does_not_know_the_kind_leaves_the_job_to_others():
    @jobs.handler("tests.work")
    def work(lease):
        return None

    from ground.jobs import registry

    job_id = enqueue()
    registry.unregister("tests.work")
    assert jobs.run(job_id, ANNA) == jobs.Outcome.NOT_OURS
    assert job(job_id).state == "ready"
    with tenancy.acting_for(ANNA):
        assert Alert.objects.open().get().kind == "jobs.unknown_kind"
    with tenancy.acting_for(BORIS):
        assert not Alert.objects.exists()
