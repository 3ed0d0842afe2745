"""The Celery entry points: registered under the names that the schedule and the broker use."""

import pytest

from config.celery import app
from ground import jobs
from ground.jobs import broker
from tests.ground.jobs.conftest import ANNA, enqueue, job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home", "woken")]


def test_the_tasks_have_the_names_that_wake_and_beat_use():
    app.loader.import_default_modules()
    assert {broker.TASK, "jobs.sweep", "audit.seal"} <= set(app.tasks)


def test_delivered_twice_the_task_does_nothing_the_second_time():
    runs = []

    @jobs.handler("tests.work")
    def work(lease):
        runs.append(lease.job_id)

    job_id = enqueue()
    for _ in range(2):
        app.tasks[broker.TASK].apply(args=[str(job_id), str(ANNA)]).get()
    assert runs == [job_id]
    assert job(job_id).state == "done"


def test_a_task_for_a_job_that_is_gone_is_no_error():
    app.tasks[broker.TASK].apply(args=[str(ANNA), str(ANNA)]).get()
    app.tasks["jobs.sweep"].apply().get()
    app.tasks["audit.seal"].apply().get()
