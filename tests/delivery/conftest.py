"""Three people around one organization, the queue in place of Django's test mailbox, and a way to run its jobs."""

from datetime import UTC, datetime, timedelta

import pytest

from ground import jobs
from ground.jobs.models import Job
from ground.tenancy import acting_for
from tests.accounts.conftest import as_, operator, people  # noqa: F401  (fixtures)


@pytest.fixture
def queue(settings, vault_home):
    """E-mails go the way they go in production; the mail server at its end is Django's test mailbox."""
    settings.EMAIL_BACKEND = "delivery.backend.QueueingBackend"
    settings.EMAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    return settings


def run_jobs(organization_id, *kinds):
    """Run what is due, as workers would; outcomes in order."""
    with acting_for(organization_id):
        due = Job.objects.filter(state="ready", run_at__lte=datetime.now(UTC), kind__startswith="delivery.")
        found = [job.pk for job in due.order_by("run_at", "id") if not kinds or job.kind in kinds]
    return [jobs.run(job_id, organization_id) for job_id in found]


def make_due(organization_id):
    """Time passes: what waits for another attempt is due, and leases of the dead have run out."""
    past = datetime.now(UTC) - timedelta(hours=1)
    with acting_for(organization_id):
        Job.objects.filter(state="ready").update(run_at=past)
        Job.objects.filter(state="running").update(leased_until=past)
