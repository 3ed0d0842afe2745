"""What beat wakes: one job per organization and slot, however many beats tick."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ground.jobs.models import Job
from ground.tenancy import acting_for
from retention import tasks
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("task", [tasks.sweep, tasks.settle, tasks.daily])
def test_three_beats_give_one_job_per_organization(vault_home, task):
    organizations = [factories.organization() for _ in range(2)]
    assert [task() for _ in range(3)] == [2, 0, 0]
    for organization in organizations:
        with acting_for(organization.id):
            assert Job.objects.filter(kind=task.name).count() == 1


def test_closed_organizations_are_swept_until_nothing_is_left(vault_home):
    factories.organization(state="closed", closed_at=timezone.now() + timedelta(seconds=1))
    assert tasks.sweep() == 1
