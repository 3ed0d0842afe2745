"""Job handlers of delivery: ids in, one service call."""

from django.utils import timezone

from delivery.services import digests, emails, notices
from ground import jobs
from ground.vault import Unavailable


@jobs.handler(emails.JOB, lease_seconds=180, attempts=emails.ATTEMPTS + 2)
def send_email(lease: jobs.Lease) -> None:
    """Hand one e-mail to the mail server. The job outlasts the e-mail's own attempts, so that its end is written."""
    try:
        emails.send(lease)
    except Unavailable as error:
        raise jobs.RetryLater(60, type(error).__name__, counted=False) from error


@jobs.handler(notices.MAIL_JOB, lease_seconds=120, attempts=8)
def mail_notices(lease: jobs.Lease) -> None:
    """E-mails about what people want to hear at once."""
    try:
        digests.mail_now(lease.organization_id)
    except Unavailable as error:
        raise jobs.RetryLater(60, type(error).__name__, counted=False) from error


@jobs.handler(digests.JOB, lease_seconds=300, attempts=8)
def mail_digests(lease: jobs.Lease) -> None:
    """The day's e-mails of one organization."""
    try:
        digests.mail_daily(lease.organization_id)
    except Unavailable as error:
        raise jobs.RetryLater(300, type(error).__name__, counted=False) from error


@jobs.handler("delivery.forget_contents", lease_seconds=120, attempts=5)
def forget_contents(lease: jobs.Lease) -> None:
    """Contents of e-mails whose time is over."""
    while emails.forget_over(lease.organization_id, at=timezone.now()):
        lease.extend()
