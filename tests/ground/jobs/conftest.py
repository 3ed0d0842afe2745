"""Handlers of the tests' own, and short ways to look at rows."""

from uuid import UUID

import pytest

from ground import jobs, tenancy
from ground.jobs import broker, registry
from ground.jobs.models import Job

ANNA, BORIS = UUID("0192aaaa-0000-7000-8000-000000000001"), UUID("0192bbbb-0000-7000-8000-000000000002")
STAFF = tenancy.Actor.staff(UUID(int=7))


@pytest.fixture(autouse=True)
def no_handlers_left():
    """Handlers registered by a test go with it; every test finds a broker that was not refused a moment ago."""
    before = set(registry.kinds())
    broker.forget_failure()
    yield
    for kind in set(registry.kinds()) - before:
        registry.unregister(kind)


@pytest.fixture
def woken(monkeypatch):
    """Wake-ups instead of messages: a list of job ids."""
    ids = []

    def note(job_id, organization_id):
        ids.append(job_id)
        return True

    monkeypatch.setattr("ground.jobs.services.queueing.wake", note)
    monkeypatch.setattr("ground.jobs.services.sweeping.wake", note)
    return ids


def enqueue(kind="tests.work", organization_id=ANNA, **fields):
    with tenancy.acting_for(organization_id):
        return jobs.enqueue(kind, organization_id=organization_id, **fields)


def job(job_id, organization_id=ANNA):
    with tenancy.acting_for(organization_id):
        return Job.objects.get(id=job_id)


def change(job_id, organization_id=ANNA, **fields):
    """Put a row where time or an accident would have put it."""
    with tenancy.acting_for(organization_id):
        Job.objects.filter(id=job_id).update(**fields)
