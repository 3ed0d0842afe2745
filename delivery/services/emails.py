"""E-mails: sealed and queued with their cause, sent by a job, logged without a word of them, sent again on request.

Order: data key (pending) → one transaction: line, sealed content, job → commit → worker: attempt counted and
committed → mail server takes it → one transaction: state and job's end.

Delivery is at least once. A worker killed after the mail server took the message and before the state was written
sends it a second time when its lease has run out; the copy carries the same Message-ID, and after three such deaths
the queue sets the job aside. Nothing is ever sent because a row is missing.
"""

import base64
import smtplib
from datetime import datetime, timedelta
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from delivery.exceptions import ContentGone, NotSendable, UnknownEmail
from delivery.models import Email, EmailContent, EmailState
from ground import audit, faults, jobs, vault
from ground.inventory.superseded import retire_keys
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

log = structlog.get_logger(__name__)

CATEGORY = Category.PLATFORM_LOG
JOB = "delivery.send_email"
ATTEMPTS = 10
READABLE_WHILE_WAITING = timedelta(days=7)
READABLE_AFTER_SENDING = timedelta(days=3)  # for sending it again
TRANSPORT_DOWN = "delivery.transport_down"
_PERMANENT = range(500, 600)  # RFC 5321, section 4.2.1


def queue(message: EmailMessage, *, organization_id: UUID, kind: str) -> UUID:
    """The message is sent after the caller's transaction committed; returns the e-mail's id.

    Raises NotSendable for a message without recipient or with ready-made MIME parts, vault errors otherwise.
    """
    content, now, identifier = _written(message), timezone.now(), uuid7()
    sealer = vault.sealer(organization_id, CATEGORY, now)
    row = EmailContent(
        id=identifier,
        organization_id=organization_id,
        key_id=sealer.key_id,
        sealed=sealer.seal_json(content, object_id=identifier),
        recipient_index=_index(organization_id, content["to"][0]),
        leaves_at=now + READABLE_WHILE_WAITING,
    )
    with acting_for(organization_id):
        sealer.ready()
        Email.objects.create(
            id=identifier, organization_id=organization_id, kind=audit.token(kind, "kind")[:64], queued_at=now
        )
        row.save(force_insert=True)
        _enqueue(organization_id, identifier)
        transaction.on_commit(sealer.confirm, robust=True)
    return identifier


def send(lease: jobs.Lease) -> None:
    """One attempt. What cannot work is written on the line and ends; what may work later is tried again."""
    organization_id, email_id = lease.organization_id, UUID(lease.arguments["email"])
    with acting_for(organization_id):
        email = Email.objects.select_for_update().filter(organization_id=organization_id, id=email_id).first()
        content = EmailContent.objects.filter(organization_id=organization_id, id=email_id).first()
        if email is None or email.state == EmailState.SENT:
            return
        if content is None:
            _end(email, EmailState.FAILED, "ContentGone")
            return
        Email.objects.filter(id=email_id).update(attempts=F("attempts") + 1, tried_at=timezone.now())
    try:
        message = _opened(content)
    except vault.Unavailable:
        raise
    except vault.VaultError as error:  # its key is gone or its seal is broken: no attempt will ever open it
        with acting_for(organization_id):
            lease.complete()
            _end(email, EmailState.FAILED, type(error).__name__)
        return
    lease.extend()
    try:
        _transport(message)
    except Exception as error:  # noqa: BLE001  (whatever the mail server's client raises: its class is kept, never its text)
        _failed(lease, email, error)
        return
    faults.point("delivery.after_send")
    with acting_for(organization_id):
        lease.complete()
        _end(email, EmailState.SENT, "")
        audit.alerts.resolve(organization_id, TRANSPORT_DOWN)


def resend(*, organization_id: UUID, email_id: UUID, by: Actor) -> None:
    """Queue an e-mail again, whatever became of it. Raises UnknownEmail, ContentGone."""
    with acting_for(organization_id):
        email = Email.objects.select_for_update().filter(organization_id=organization_id, id=email_id).first()
        if email is None:
            raise UnknownEmail(str(email_id))
        if not EmailContent.objects.filter(organization_id=organization_id, id=email_id).exists():
            raise ContentGone(str(email_id))
        email.state, email.last_error, email.sent_at = EmailState.QUEUED, "", None
        email.resends += 1
        email.save(update_fields=["state", "last_error", "sent_at", "resends"])
        _enqueue(organization_id, email_id)
        audit.append(
            "delivery.email_resent",
            organization_id=organization_id,
            actor=by,
            object_type="email",
            object_id=email_id,
            email_kind=email.kind,
        )


def forget_over(organization_id: UUID, *, at: datetime, limit: int = 1_000) -> int:
    """Contents whose time is over are gone, their keys by a job of the same transaction. Safe to repeat."""
    with acting_for(organization_id):
        rows = EmailContent.objects.filter(organization_id=organization_id, leaves_at__lte=at)
        over = list(rows.select_for_update(skip_locked=True)[:limit])
        if over:
            retire_keys(organization_id, [content.key_id for content in over], category=CATEGORY)
            EmailContent.objects.filter(pk__in=[content.pk for content in over]).delete()
    return len(over)


# ------------------------------------------------------------------ inside
def _enqueue(organization_id: UUID, email_id: UUID) -> None:
    jobs.enqueue(JOB, organization_id=organization_id, arguments={"email": str(email_id)}, unique=str(email_id))


def _failed(lease: jobs.Lease, email: Email, error: Exception) -> None:
    """A refusal of this message ends it; an outage raises an alert and is tried again, and the last attempt ends it."""
    name = type(error).__name__[:64]
    refused = _is_permanent(error)
    log.warning("delivery.not_sent", email=str(email.id), kind=email.kind, error=name, final=refused)
    last = lease.attempt >= ATTEMPTS
    with acting_for(email.organization_id):
        if refused or last:
            lease.complete()
            _end(email, EmailState.FAILED, name)
        else:
            Email.objects.filter(id=email.id).update(last_error=name)
        if not refused:
            audit.alerts.raise_alert(email.organization_id, TRANSPORT_DOWN, error=name)
    if not (refused or last):
        raise jobs.RetryLater(min(3600, 30 * 2 ** (lease.attempt - 1)), name)


def _is_permanent(error: Exception) -> bool:
    """Whether the mail server said that this message will never do."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in _PERMANENT for code, _words in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return error.smtp_code in _PERMANENT
    return isinstance(error, ValueError)  # Django refuses headers with line breaks


def _end(email: Email, state: EmailState, error: str) -> None:
    now = timezone.now()
    Email.objects.filter(id=email.id).update(
        state=state, last_error=error, sent_at=now if state == EmailState.SENT else None
    )
    EmailContent.objects.filter(organization_id=email.organization_id, id=email.id).update(
        leaves_at=now + READABLE_AFTER_SENDING
    )


def _transport(message: EmailMessage) -> None:
    """Hand the message to the real backend of `EMAIL_URL`."""
    get_connection(settings.EMAIL_TRANSPORT).send_messages([message])


def _index(organization_id: UUID, address: str) -> bytes | None:
    try:
        return vault.blind.digest(organization_id, "find", "email", parseaddr(address)[1])
    except vault.exceptions.NotAnIdentifier:
        return None


def _written(message: EmailMessage) -> dict[str, Any]:
    """The message as plain JSON, with the Message-ID and date that every attempt carries."""
    if not message.recipients():
        raise NotSendable("nobody to send it to")
    sender = message.from_email or settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return {
        "from": sender,
        "to": list(message.to) or message.recipients(),
        "cc": list(message.cc),
        "bcc": list(message.bcc),
        "reply_to": list(message.reply_to),
        "headers": {
            "Message-ID": make_msgid(domain=domain),
            "Date": formatdate(usegmt=True),
            "Auto-Submitted": "auto-generated",
            **message.extra_headers,
        },
        "subject": str(message.subject),
        "body": str(message.body),
        "html": [[str(part.content), str(part.mimetype)] for part in getattr(message, "alternatives", [])],
        "files": [_file(part) for part in message.attachments],
    }


def _file(part: Any) -> list[str]:
    if not isinstance(part, tuple):
        raise NotSendable("a ready-made MIME part cannot be queued; attach name, content and type")
    name, content, mimetype = part
    plain = content.encode() if isinstance(content, str) else bytes(content)
    return [name or "", base64.b64encode(plain).decode(), mimetype or "application/octet-stream"]


def _opened(content: EmailContent) -> EmailMessage:
    key = vault.keys.open_one(content.organization_id, content.key_id)
    value = vault.unseal_json(key, bytes(content.sealed), category=CATEGORY, object_id=content.id)
    message = EmailMultiAlternatives(
        value["subject"],
        value["body"],
        value["from"],
        value["to"],
        bcc=value["bcc"],
        cc=value["cc"],
        reply_to=value["reply_to"],
        headers=value["headers"],
    )
    for text, mimetype in value["html"]:
        message.attach_alternative(text, mimetype)
    for name, encoded, mimetype in value["files"]:
        message.attach(name, base64.b64decode(encoded), mimetype)
    return message
