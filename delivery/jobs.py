"""Job handlers of delivery: ids in, one service call."""

from django.utils import timezone

from delivery.services import digests, emails, notices
from ground import jobs


@jobs.handler(emails.JOB, lease_seconds=180, attempts=emails.ATTEMPTS + 2)
def send_email(lease: jobs.Lease) -> None:
    """Hand one e-mail to the mail server. The job outlasts the e-mail's own attempts, so that its end is written."""
    with jobs.until_the_vault_answers(60):
        emails.send(lease)


@jobs.handler(notices.MAIL_JOB, lease_seconds=120, attempts=8)
def mail_notices(lease: jobs.Lease) -> None:
    """E-mails about what people want to hear at once."""
    with jobs.until_the_vault_answers(60):
        digests.mail_now(lease.organization_id)


@jobs.handler(digests.JOB, lease_seconds=300, attempts=8)
def mail_digests(lease: jobs.Lease) -> None:
    """The day's e-mails of one organization."""
    with jobs.until_the_vault_answers(300):
        digests.mail_daily(lease.organization_id)


@jobs.handler("delivery.forget_contents", lease_seconds=120, attempts=5)
def forget_contents(lease: jobs.Lease) -> None:
    """Contents of e-mails whose time is over."""
    while emails.forget_over(lease.organization_id, at=timezone.now()):
        lease.extend()
