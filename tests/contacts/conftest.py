from datetime import UTC, datetime

import pytest

from contacts.details import checked
from contacts.services import add
from ground import jobs
from ground.jobs.models import Job
from ground.tenancy import Actor, acting_for
from tests import factories

BY = Actor.member("01890000-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def organization(db, vault_home):
    return factories.organization()


@pytest.fixture
def other(db, vault_home):
    return factories.organization()


@pytest.fixture
def person(organization):
    """`person(name=…, phones=[…])`: a stored contact of the organization."""

    def make(at=NOW, owner=organization, **values):
        legal_basis = values.pop("legal_basis", "contract")
        details = checked(region="FR", **values)
        return add(organization_id=owner.id, details=details, legal_basis=legal_basis, by=BY, at=at)

    return make


def run_jobs(organization, kind=None):
    """Run everything that is due now, as a worker would."""
    with acting_for(organization.id):
        waiting = Job.objects.filter(organization_id=organization.id, state="ready").order_by("id")
        waiting = list((waiting.filter(kind=kind) if kind else waiting).values_list("id", flat=True))
    return [str(jobs.run(job_id, organization.id)) for job_id in waiting]
