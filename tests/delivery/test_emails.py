"""E-mails are sealed, sent once their cause is committed, logged without a word of them, sent again."""

import json
import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from delivery.exceptions import ContentGone, NotSendable, UnknownEmail
from delivery.models import Email, EmailContent, EmailState
from delivery.services import emails
from ground import jobs, vault
from ground.audit.models import Alert, Event
from ground.inventory import Subject, walk
from ground.jobs.models import Job
from ground.tenancy import Actor, acting_for
from tests.delivery.conftest import make_due, run_jobs

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS, SUBJECT, BODY = "canary.person@example.org", "Canary subject", "Canary body with 4711-0815"


def message(**more):
    made = EmailMultiAlternatives(SUBJECT, BODY, to=[ADDRESS], **more)
    made.attach_alternative(f"<p>{BODY}</p>", "text/html")
    made.kind = "test.canary"
    return made


def the_email(organization):
    with acting_for(organization.pk):
        return Email.objects.get()


def dump(organization):
    """Every delivery, job and audit row of the organization, as text."""
    found = []
    with acting_for(organization.pk), connection.cursor() as cursor:
        for table in ("delivery_email", "delivery_emailcontent", "jobs_job", "audit_event", "audit_alert"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_an_email_is_sealed_queued_and_sent_with_both_bodies(people, operator, queue):
    with acting_for(people.home.pk):
        assert message().send() == 1
    assert mail.outbox == []
    text = dump(people.home)
    for canary in (ADDRESS, SUBJECT, BODY):
        assert canary not in text and canary.encode().hex() not in text
    assert the_email(people.home).state == EmailState.QUEUED
    assert run_jobs(people.home.pk) == [jobs.Outcome.DONE]
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == ([ADDRESS], SUBJECT, BODY)
    assert sent.alternatives[0].content == f"<p>{BODY}</p>"
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    email = the_email(people.home)
    assert (email.kind, email.state, email.attempts, email.last_error) == ("test.canary", "sent", 1, "")
    assert email.sent_at is not None
    assert run_jobs(people.home.pk) == []


def test_an_email_of_no_organization_is_the_operators(people, operator, queue):
    message().send()
    assert the_email(operator).kind == "test.canary"
    with acting_for(people.home.pk):
        assert Email.objects.count() == 0


def test_an_email_goes_only_if_its_cause_was_committed(people, operator, queue):
    class Undo(Exception):
        pass

    with pytest.raises(Undo), acting_for(people.home.pk):
        message().send()
        raise Undo
    with acting_for(people.home.pk):
        assert (Email.objects.count(), EmailContent.objects.count(), Job.objects.count()) == (0, 0, 0)
    assert mail.outbox == []


def test_nothing_is_queued_when_nothing_can_be_sealed(people, operator, queue, monkeypatch):
    def away(*arguments, **more):
        raise vault.exceptions.KeyringDown("away")

    monkeypatch.setattr(vault.keys, "mint", away)
    with pytest.raises(vault.Unavailable), acting_for(people.home.pk):
        message().send()
    with acting_for(people.home.pk):
        assert Email.objects.count() == 0


def test_attachments_and_copies_arrive_as_they_were(people, operator, queue):
    with acting_for(people.home.pk):
        sent = message(cc=["copy@example.org"], bcc=["blind@example.org"], reply_to=["answers@example.org"])
        sent.attach("certificate.json", '{"a": 1}', "application/json")
        sent.attach("sheet.pdf", b"%PDF-1.7 \xff\x00", "application/pdf")
        sent.send()
    run_jobs(people.home.pk)
    (arrived,) = mail.outbox
    assert (arrived.cc, arrived.bcc, arrived.reply_to) == (
        ["copy@example.org"],
        ["blind@example.org"],
        ["answers@example.org"],
    )
    files = {part.get_filename(): part.get_payload(decode=True) for part in arrived.message().walk()}
    assert files["sheet.pdf"] == b"%PDF-1.7 \xff\x00"
    assert json.loads(files["certificate.json"]) == {"a": 1}


def test_a_ready_made_part_and_a_message_to_nobody_are_refused(people, operator, queue):
    from email.mime.text import MIMEText

    odd = message()
    odd.attach(MIMEText("x"))
    with acting_for(people.home.pk), pytest.raises(NotSendable):
        odd.send()
    with pytest.raises(NotSendable):
        emails.queue(EmailMessage("x", "y"), organization_id=people.home.pk, kind="x")
    with acting_for(people.home.pk):
        assert Email.objects.count() == 0


class Refusing:
    """A mail server's client that raises what it is told, then works."""

    def __init__(self, monkeypatch, *errors):
        self.errors, self.sent, self.real = list(errors), 0, emails._transport
        monkeypatch.setattr(emails, "_transport", self)

    def __call__(self, message):
        if self.errors:
            raise self.errors.pop(0)
        self.sent += 1
        self.real(message)


def test_an_outage_is_tried_again_and_told_once(people, operator, queue, monkeypatch):
    server = Refusing(monkeypatch, ConnectionRefusedError(f"to {ADDRESS}"), smtplib.SMTPServerDisconnected(ADDRESS))
    with acting_for(people.home.pk):
        message().send()
    assert run_jobs(people.home.pk) == [jobs.Outcome.RETRY]
    assert the_email(people.home).last_error == "ConnectionRefusedError"
    assert run_jobs(people.home.pk) == []  # not before its time
    make_due(people.home.pk)
    assert run_jobs(people.home.pk) == [jobs.Outcome.RETRY]
    with acting_for(people.home.pk):
        alert = Alert.objects.open().get()
    assert (alert.kind, alert.count) == (emails.TRANSPORT_DOWN, 2)
    assert ADDRESS not in dump(people.home)
    make_due(people.home.pk)
    assert run_jobs(people.home.pk) == [jobs.Outcome.DONE]
    email = the_email(people.home)
    assert (email.state, email.attempts, server.sent) == ("sent", 3, 1)
    with acting_for(people.home.pk):
        assert not Alert.objects.open().exists()


def test_it_gives_up_after_the_last_attempt_and_can_be_sent_again(people, operator, queue, monkeypatch):
    monkeypatch.setattr(emails, "ATTEMPTS", 2)
    server = Refusing(monkeypatch, TimeoutError(), TimeoutError())
    with acting_for(people.home.pk):
        message().send()
    run_jobs(people.home.pk)
    make_due(people.home.pk)
    assert run_jobs(people.home.pk) == [jobs.Outcome.DONE]
    email = the_email(people.home)
    assert (email.state, email.last_error) == ("failed", "TimeoutError")
    make_due(people.home.pk)
    assert run_jobs(people.home.pk) == []
    emails.resend(organization_id=people.home.pk, email_id=email.pk, by=Actor.staff("s"))
    run_jobs(people.home.pk)
    email = the_email(people.home)
    assert (email.state, email.resends, server.sent, len(mail.outbox)) == ("sent", 1, 1, 1)
    with acting_for(people.home.pk):
        assert Event.objects.filter(kind="delivery.email_resent", object_id=str(email.pk)).count() == 1


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({ADDRESS: (550, b"no such person")}),
        smtplib.SMTPDataError(554, b"refused"),
        ValueError("header with a line break"),
    ],
)
def test_a_refusal_for_good_is_not_repeated_and_is_no_alert(people, operator, queue, monkeypatch, error):
    Refusing(monkeypatch, error)
    with acting_for(people.home.pk):
        message().send()
    assert run_jobs(people.home.pk) == [jobs.Outcome.DONE]
    email = the_email(people.home)
    assert (email.state, email.attempts, email.last_error) == ("failed", 1, type(error).__name__)
    with acting_for(people.home.pk):
        assert not Alert.objects.exists()


def test_a_temporary_refusal_of_the_recipient_is_repeated(people, operator, queue, monkeypatch):
    Refusing(monkeypatch, smtplib.SMTPRecipientsRefused({ADDRESS: (451, b"later")}))
    with acting_for(people.home.pk):
        message().send()
    assert run_jobs(people.home.pk) == [jobs.Outcome.RETRY]


def test_the_content_leaves_days_after_sending_and_its_key_with_it(people, operator, queue):
    with acting_for(people.home.pk):
        message().send()
    run_jobs(people.home.pk)
    with acting_for(people.home.pk):
        content = EmailContent.objects.get()
    now = timezone.now()
    assert now + timedelta(days=2) < content.leaves_at < now + timedelta(days=3, minutes=1)
    assert emails.forget_over(people.home.pk, at=now) == 0
    assert emails.forget_over(people.home.pk, at=now + timedelta(days=4)) == 1
    with acting_for(people.home.pk):
        assert not EmailContent.objects.exists()
        job = Job.objects.get(kind="inventory.retire_keys")
    jobs.run(job.pk, people.home.pk)
    assert vault.keys.existing(people.home.pk, [content.key_id]) == set()
    email = the_email(people.home)
    assert email.state == EmailState.SENT  # the log's line stays
    with pytest.raises(ContentGone):
        emails.resend(organization_id=people.home.pk, email_id=email.pk, by=Actor.staff("s"))
    assert the_email(people.home).resends == 0


def test_a_lost_key_ends_the_email_instead_of_trying_for_ever(people, operator, queue):
    with acting_for(people.home.pk):
        message().send()
        content = EmailContent.objects.get()
    vault.keys.destroy(people.home.pk, [content.key_id])
    assert run_jobs(people.home.pk) == [jobs.Outcome.DONE]
    email = the_email(people.home)
    assert (email.state, email.last_error) == ("failed", "KeyLost")
    assert mail.outbox == []


def test_an_email_of_another_organization_cannot_be_sent_again(people, operator, queue):
    with acting_for(people.home.pk):
        message().send()
    run_jobs(people.home.pk)
    with pytest.raises(UnknownEmail):
        emails.resend(organization_id=people.other.pk, email_id=the_email(people.home).pk, by=Actor.staff("s"))
    assert the_email(people.home).resends == 0


def test_a_person_is_found_by_the_address_and_nobody_else(people, operator, queue):
    with acting_for(people.home.pk):
        message().send()
    digest = vault.blind.digest(people.home.pk, "find", "email", ADDRESS.upper())
    (found,) = walk.find(Subject(people.home.pk, {"email": [digest]}))
    assert (found.declaration.model, found.rows) == (EmailContent, 1)
    other = vault.blind.digest(people.home.pk, "find", "email", "somebody.else@example.org")
    assert walk.find(Subject(people.home.pk, {"email": [other]})) == []


def test_lines_of_the_log_expire_quietly_with_the_platform_log(people, operator, queue):
    from retention.models import Certificate, PurgeRun
    from retention.services import sweep

    with acting_for(people.home.pk):
        message().send()
    run_jobs(people.home.pk)
    emails.forget_over(people.home.pk, at=timezone.now() + timedelta(days=4))
    with acting_for(people.home.pk):
        Email.objects.update(queued_at=timezone.now() - timedelta(days=400))
    sweep.purge_expired(organization_id=people.home.pk, by=Actor.system("test"), categories=["platform_log"])
    with acting_for(people.home.pk):
        assert (Email.objects.count(), PurgeRun.objects.count(), Certificate.objects.count()) == (0, 0, 0)
