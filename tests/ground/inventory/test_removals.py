"""Unreadable objects leave the store; what it refuses is on record, tried again, and told to a person."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.db.models import Q

from calls.models import Recording
from ground import jobs, vault
from ground.audit.models import Alert
from ground.inventory import destruction, removals
from ground.inventory import jobs as handlers
from ground.inventory.destruction import Reason
from ground.inventory.models import BatchState, DestructionBatch, ObjectRemoval
from ground.jobs.lease import Lease
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import ObjectStoreDown
from tests.holdings import days_ago, keep_call

pytestmark = pytest.mark.django_db(transaction=True)


def lease(organization, **arguments):
    return Lease(uuid4(), organization.id, "tests", arguments, 1, 1, 300)


@pytest.fixture
def refused(organization):
    """A recording whose file the store cannot remove: a folder stands in its place."""
    kept = keep_call(organization.id, days_ago(91), parts=("recording",))
    path = vault.objects.store()._path(kept.recording.object_name)
    path.unlink()
    path.mkdir()
    destruction.destroy_now(Recording, organization.id, where=Q(), reason=Reason.MEMBER, by=Actor.system("test"))
    return path


def due_again(organization, **fields):
    with acting_for(organization.id):
        ObjectRemoval.objects.update(next_at=days_ago(1), **fields)


def state(organization):
    with acting_for(organization.id):
        return DestructionBatch.objects.get().state


def test_a_refused_object_stays_on_record_until_it_is_gone(organization, refused):
    with acting_for(organization.id):
        row = ObjectRemoval.objects.get()
    assert (row.attempts, row.last_error) == (1, "Is a directory")
    assert state(organization) == BatchState.UNREADABLE
    with pytest.raises(jobs.RetryLater, match="refused"):
        due_again(organization)
        handlers.remove(lease(organization))
    refused.rmdir()
    due_again(organization)
    handlers.remove(lease(organization))
    assert state(organization) == BatchState.DONE
    with acting_for(organization.id):
        assert not ObjectRemoval.objects.exists()


def test_an_object_refused_again_and_again_is_told_and_the_alert_closes_when_it_is_gone(organization, refused):
    due_again(organization, attempts=4)
    assert removals.remove_objects(organization.id).refused == 1
    with acting_for(organization.id):
        assert Alert.objects.open().filter(kind="destruction.objects_refused").count() == 1
    refused.rmdir()
    due_again(organization)
    assert removals.remove_objects(organization.id).gone == 1
    with acting_for(organization.id):
        assert not Alert.objects.open().filter(kind="destruction.objects_refused").exists()


def test_a_run_ends_at_its_limit_and_leaves_the_rest_due(organization, refused, monkeypatch):
    monkeypatch.setattr(removals, "CALL_SIZE", 1)
    with acting_for(organization.id):
        one = ObjectRemoval.objects.get()
        for _ in range(2):
            name = vault.objects.name(organization.id, "recording", uuid4())
            ObjectRemoval.objects.create(organization_id=organization.id, batch_id=one.batch_id, object_name=name)
        ObjectRemoval.objects.filter(id=one.id).delete()
    assert removals.remove_objects(organization.id, limit=1).gone == 1
    with acting_for(organization.id):
        assert ObjectRemoval.objects.count() == 1
    assert state(organization) == BatchState.UNREADABLE


def test_a_store_that_does_not_answer_is_asked_again_later(organization, refused, settings, monkeypatch):
    due_again(organization)

    def down(names):
        raise ObjectStoreDown("no answer")

    monkeypatch.setattr(vault.objects.store(), "delete_many", down, raising=True)
    with pytest.raises(jobs.RetryLater, match="ObjectStoreDown"):
        handlers.remove(lease(organization))
    assert Path(refused).is_dir()
    with acting_for(organization.id):
        assert ObjectRemoval.objects.count() == 1
