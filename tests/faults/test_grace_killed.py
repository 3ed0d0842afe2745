"""The destruction of one call killed at every step: the job's next attempt finishes it, with one certificate."""

from datetime import UTC, datetime, timedelta

import pytest

from ground import jobs, vault
from ground.inventory.models import DestructionBatch
from ground.jobs.models import Job
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import KeyLost
from retention.models import Certificate, PurgeRun
from retention.planned import Thing
from retention.services import certificates, grace
from tests import factories, processes
from tests.holdings import days_ago, exists, keep_call

pytestmark = pytest.mark.django_db(transaction=True)

WORK = """
import sys
from uuid import UUID
from ground import jobs
jobs.run(UUID(sys.argv[2]), UUID(sys.argv[1]))
"""
BY = Actor.member("01890000-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    "fault",
    [
        "destruction.after_journal:kill:1",
        "destruction.after_keys:kill:2",
        "destruction.before_commit:kill:3",
        "destruction.after_rows:kill:4",
        "removals.after_store:kill:1",
    ],
)
def test_a_killed_worker_is_followed_by_one_that_finishes(vault_home, settings, fault):
    organization = factories.organization()
    gone, fresh = keep_call(organization.id, days_ago(5)), keep_call(organization.id, days_ago(5))
    grace.plan(organization_id=organization.id, thing=Thing.call(gone.call.id), confirmed_rows=4, by=BY)
    past = datetime.now(UTC) - timedelta(hours=1)
    with acting_for(organization.id):
        job = Job.objects.get(kind="retention.destroy_planned")
        Job.objects.update(run_at=past)

    code, output = processes.run(settings, WORK, organization.id, job.id, fault=fault)
    assert code == -9, output

    with acting_for(organization.id):
        assert grace.newest(organization.id, Thing.call(gone.call.id)).state == "started"
        Job.objects.filter(id=job.id).update(leased_until=past)
    assert jobs.run(job.id, organization.id) == "done"
    assert not exists(organization.id, gone.call)
    assert not exists(organization.id, gone.recording)
    with pytest.raises(KeyLost):
        vault.keys.open(organization.id, [gone.recording.key_id])
    assert fresh.listen()
    with acting_for(organization.id):
        assert grace.newest(organization.id, Thing.call(gone.call.id)).state == "destroyed"
        assert not DestructionBatch.objects.filter(state="claimed").exists()
        assert PurgeRun.objects.get().rows == 4
        statement = certificates.signed(certificates.statements_of(Certificate.objects.get())[0])
    assert sum(entry["records"] for entry in statement.content()["destroyed"]) == 4
