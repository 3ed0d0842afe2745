"""A worker killed (SIGKILL) while it sends: the e-mail goes at least once, and never without end."""

from email import message_from_bytes

import pytest

from delivery.models import Email, EmailState
from ground import vault
from ground.jobs.models import Job
from ground.tenancy import acting_for
from tests import factories, processes
from tests.delivery.conftest import make_due

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WORK = """
import sys
from uuid import UUID
from django.conf import settings
from ground import jobs
from ground.jobs.models import Job
from ground.tenancy import acting_for
settings.EMAIL_TRANSPORT = "delivery.transport.FolderBackend"
settings.EMAIL_FILE_PATH = settings.DATA_DIR / "mail"
organization = UUID(sys.argv[1])
with acting_for(organization):
    (job,) = Job.objects.filter(kind="delivery.send_email")
print(jobs.run(job.id, organization))
"""
QUEUE = """
import sys
from uuid import UUID
from django.conf import settings
from django.core.mail import EmailMessage
from ground.tenancy import acting_for
settings.EMAIL_BACKEND = "delivery.backend.QueueingBackend"
with acting_for(UUID(sys.argv[1])):
    EmailMessage("Subject", "Body", to=["somebody@example.org"]).send()
"""


@pytest.fixture
def home(vault_home):
    vault.forget_everything()
    return factories.organization()


def arrived(settings):
    return [message_from_bytes(file.read_bytes()) for file in sorted((settings.DATA_DIR / "mail").glob("*.eml"))]


def state(organization):
    with acting_for(organization.pk):
        email = Email.objects.get()
        return email.state, email.attempts, Job.objects.get(kind="delivery.send_email").state


def test_killed_after_the_server_took_it_the_copy_carries_the_same_id(settings, home):
    assert processes.run(settings, QUEUE, home.pk)[0] == 0
    code, _output = processes.run(settings, WORK, home.pk, fault="delivery.after_send")
    assert code == -9
    assert state(home) == (EmailState.QUEUED, 1, "running")
    code, output = processes.run(settings, WORK, home.pk)  # its lease has not run out: nobody else sends
    assert "not_ours" in output
    assert len(arrived(settings)) == 1
    make_due(home.pk)
    code, output = processes.run(settings, WORK, home.pk)
    assert code == 0 and "done" in output
    assert state(home) == (EmailState.SENT, 2, "done")
    first, second = arrived(settings)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    code, output = processes.run(settings, WORK, home.pk)
    assert "not_ours" in output
    assert len(arrived(settings)) == 2


def test_an_email_that_kills_its_workers_is_set_aside_after_three(settings, home):
    processes.run(settings, QUEUE, home.pk)
    for _ in range(3):
        assert processes.run(settings, WORK, home.pk, fault="delivery.after_send")[0] == -9
        make_due(home.pk)
    code, output = processes.run(settings, WORK, home.pk)
    assert code == 0 and "quarantined" in output
    assert len(arrived(settings)) == 3
    assert state(home) == (EmailState.QUEUED, 3, "quarantined")


def test_the_files_without_a_mail_server_are_for_us_alone(settings, home):
    processes.run(settings, QUEUE, home.pk)
    processes.run(settings, WORK, home.pk)
    (file,) = (settings.DATA_DIR / "mail").glob("*.eml")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "somebody" not in file.name
