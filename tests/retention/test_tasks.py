"""What beat wakes: one job per organization and slot, however many beats tick."""

import pytest

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


def test_closed_organizations_are_left_alone(vault_home):
    from django.utils import timezone

    factories.organization(state="closed", closed_at=timezone.now())
    assert tasks.sweep() == 0
