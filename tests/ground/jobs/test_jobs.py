"""Enqueue, run, retry, give up, cancel."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ground import audit, jobs, tenancy
from ground.audit.exceptions import PersonalDataInAudit
from ground.audit.models import Alert
from ground.jobs import registry
from ground.jobs.models import Job
from ground.jobs.services import queueing
from ground.tenancy.exceptions import ContextMismatch
from tests.ground.jobs.conftest import ANNA, BORIS, STAFF, change, enqueue, job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


@pytest.fixture
def seen():
    """The leases with which the handler was called."""
    leases = []

    @jobs.handler("tests.work", attempts=3)
    def work(lease):
        leases.append(lease)

    return leases


def test_two_handlers_of_one_kind_are_a_mistake_that_is_said(seen):
    with pytest.raises(ValueError, match=r"tests\.work already has a handler"):

        @jobs.handler("tests.work")
        def another(lease):
            pytest.fail("never called")

    assert registry.handler_of("tests.work").attempts == 3


def test_work_whose_twin_finishes_while_it_is_asked_for_is_queued_after_all(seen, woken, superuser_connection):
    twin, others = enqueue(unique="once"), superuser_connection("default")
    looked = []

    def finish_the_twin(execute, statement, parameters, many, context):
        if statement == queueing._EXISTING and not looked:
            looked.append(
                others.execute("UPDATE jobs_job SET state = 'done', finished_at = now() WHERE id = %s", [twin])
            )
        return execute(statement, parameters, many, context)

    with connection.execute_wrapper(finish_the_twin):
        fresh = enqueue(unique="once")
    assert looked
    assert fresh != twin
    assert (job(twin).state, job(fresh).state) == ("done", "ready")
    assert woken == [twin, fresh]


def test_a_job_runs_once_outside_a_transaction_with_what_it_was_given(woken):
    seen = []

    @jobs.handler("tests.work")
    def work(lease):
        seen.append((lease.arguments, lease.attempt, lease.organization_id, connection.in_atomic_block))

    call = uuid4()
    job_id = enqueue(arguments={"call": call, "part": 2})
    assert woken == [job_id]
    assert jobs.run(job_id, ANNA) == jobs.Outcome.DONE
    assert jobs.run(job_id, ANNA) == jobs.Outcome.NOT_OURS
    assert seen == [({"call": str(call), "part": 2}, 1, ANNA, False)]
    row = job(job_id)
    assert (row.state, row.attempts, row.deaths, row.leased_until) == ("done", 1, 0, None)
    assert row.finished_at is not None


def test_work_exists_exactly_when_its_cause_was_committed(seen, woken):
    class Undone(Exception):
        pass

    def caller():
        with tenancy.acting_for(ANNA):
            jobs.enqueue("tests.work", organization_id=ANNA)
            raise Undone

    with pytest.raises(Undone):
        caller()
    assert woken == []
    with tenancy.acting_for(ANNA):
        assert not Job.objects.exists()


def test_nobody_is_woken_before_the_commit(seen, woken):
    with transaction.atomic():
        enqueue()
        assert woken == []
    assert len(woken) == 1


def test_unique_work_is_enqueued_once_while_unfinished(seen, woken):
    first = enqueue(unique="call-1")
    assert enqueue(unique="call-1") == first
    assert enqueue(unique="call-2") != first
    assert enqueue("tests.work", BORIS, unique="call-1") != first
    jobs.run(first, ANNA)
    assert enqueue(unique="call-1") != first


def test_without_a_key_nothing_is_unique(seen, woken):
    assert enqueue() != enqueue()


@pytest.mark.usefixtures("seen", "woken")
@pytest.mark.parametrize("fields", [{"arguments": {"to": "maria@example.org"}}, {"unique": "+4915112345678"}])
def test_personal_data_never_becomes_an_argument(fields):
    with pytest.raises(PersonalDataInAudit):
        enqueue(**fields)
    with tenancy.acting_for(ANNA):
        assert not Job.objects.exists()


def test_an_unknown_kind_is_refused_at_the_door():
    with pytest.raises(jobs.UnknownKind):
        enqueue("tests.nobody_does_this")


@pytest.mark.usefixtures("seen")
def test_the_caller_acts_for_the_organization():
    with tenancy.acting_for(BORIS), pytest.raises(ContextMismatch):
        jobs.enqueue("tests.work", organization_id=ANNA)


def test_another_organization_cannot_run_it(seen, woken):
    job_id = enqueue()
    assert jobs.run(job_id, BORIS) == jobs.Outcome.NOT_OURS
    assert seen == []
    assert job(job_id).state == "ready"


def test_a_job_for_later_waits(seen, woken):
    job_id = enqueue(run_at=timezone.now() + timedelta(hours=1))
    assert woken == []
    assert jobs.run(job_id, ANNA) == jobs.Outcome.NOT_OURS
    assert jobs.sweep().woken == 0
    change(job_id, run_at=timezone.now())
    assert jobs.sweep().woken == 1
    assert jobs.run(job_id, ANNA) == jobs.Outcome.DONE


def test_a_failed_attempt_is_tried_again_and_at_last_gives_up_with_an_alert(woken):
    class OutOfReach(Exception):
        code = "timeout"

    @jobs.handler("tests.fails", attempts=2, backoff=lambda attempt: 60 * attempt)
    def fails(lease):
        raise OutOfReach("maria@example.org did not answer")

    job_id = enqueue("tests.fails")
    assert jobs.run(job_id, ANNA) == jobs.Outcome.RETRY
    row = job(job_id)
    assert (row.state, row.last_error) == ("ready", "OutOfReach:timeout")
    assert 50 < (row.run_at - timezone.now()).total_seconds() <= 60
    change(job_id, run_at=timezone.now())
    assert jobs.run(job_id, ANNA) == jobs.Outcome.FAILED
    row = job(job_id)
    assert (row.state, row.attempts, row.deaths) == ("failed", 2, 0)
    with tenancy.acting_for(ANNA):
        assert Alert.objects.open().get(kind="jobs.failed").key == "tests.fails"
        assert audit.events(ANNA, kind="jobs.failed", object_id=job_id).count() == 1


def test_retry_later_is_no_death_and_may_cost_no_attempt(woken):
    @jobs.handler("tests.waits", attempts=1)
    def waits(lease):
        raise jobs.RetryLater(30, "provider_not_ready", counted=False)

    job_id = enqueue("tests.waits")
    for _ in range(5):
        assert jobs.run(job_id, ANNA) == jobs.Outcome.RETRY
        row = job(job_id)
        assert (row.attempts, row.deaths, row.last_error) == (0, 0, "RetryLater:provider_not_ready")
        change(job_id, run_at=timezone.now())


def test_give_up_ends_it_at_once(woken):
    @jobs.handler("tests.hopeless")
    def hopeless(lease):
        raise jobs.GiveUp("not_audio")

    job_id = enqueue("tests.hopeless")
    assert jobs.run(job_id, ANNA) == jobs.Outcome.FAILED
    assert job(job_id).last_error == "GiveUp:not_audio"


def test_reasons_are_codes_not_sentences():
    with pytest.raises(PersonalDataInAudit):
        jobs.RetryLater(1, "Maria did not answer")


def test_staff_cancels_what_has_not_begun(seen, woken):
    job_id = enqueue()
    assert jobs.cancel(job_id, organization_id=ANNA, by=STAFF)
    assert not jobs.cancel(job_id, organization_id=ANNA, by=STAFF)
    assert jobs.run(job_id, ANNA) == jobs.Outcome.NOT_OURS
    assert seen == []
    with tenancy.acting_for(ANNA):
        assert audit.events(ANNA, kind="jobs.cancelled").count() == 1


def test_finished_rows_are_purged_by_their_clock_and_unfinished_ones_stay(seen, woken):
    old, young, waiting = enqueue(), enqueue(), enqueue()
    jobs.run(old, ANNA)
    jobs.run(young, ANNA)
    change(old, finished_at=timezone.now() - timedelta(days=31))
    change(waiting, created_at=timezone.now() - timedelta(days=90))
    assert jobs.purge_finished(ANNA, before=timezone.now() - timedelta(days=30)) == 1
    with tenancy.acting_for(ANNA):
        assert set(Job.objects.values_list("id", flat=True)) == {young, waiting}


def test_figures_per_kind_over_all_organizations(seen, woken):
    enqueue(run_at=None)
    late = enqueue("tests.work", BORIS)
    change(late, BORIS, run_at=timezone.now() - timedelta(minutes=5))
    (figures,) = jobs.stats()
    assert (figures.kind, figures.ready, figures.running, figures.quarantined) == ("tests.work", 2, 0, 0)
    assert 299 < figures.oldest_seconds < 330


def test_many_at_once_are_the_same_jobs_and_the_sweep_wakes_them(seen, woken):
    each = [(f"part:{number}", {"part": number}) for number in range(60)]
    with tenancy.acting_for(ANNA):
        jobs.enqueue("tests.work", organization_id=ANNA, unique="part:7", arguments={"part": 7})
        jobs.enqueue_many("tests.work", organization_id=ANNA, each=each)
        jobs.enqueue_many("tests.work", organization_id=ANNA, each=each)
        rows = {row.unique_key: row.arguments for row in Job.objects.filter(kind="tests.work")}
    assert rows == dict(each)
    assert len(woken) == 1, "only the one that was enqueued alone"
    assert jobs.sweep().woken == 59
    assert [jobs.run(job_id, ANNA) for job_id in woken] == [jobs.Outcome.DONE] * 60
    assert {lease.arguments["part"] for lease in seen} == set(range(60))


def test_a_few_at_once_are_woken_at_once(seen, woken):
    with tenancy.acting_for(ANNA):
        jobs.enqueue_many("tests.work", organization_id=ANNA, each=[("one", {}), ("two", {})])
    assert len(woken) == 2


def test_many_jobs_may_not_carry_a_person_either(seen):
    each = [(f"part:{number}", {"who": "anna@example.org"}) for number in range(60)]
    with pytest.raises(PersonalDataInAudit), tenancy.acting_for(ANNA):
        jobs.enqueue_many("tests.work", organization_id=ANNA, each=each)
    with tenancy.acting_for(ANNA):
        assert not Job.objects.filter(kind="tests.work").exists()
