"""`EMAIL_BACKEND`: whatever is sent by Django's own means is sealed and queued, and a job sends it after the commit.

So nothing that is said to be on its way is lost with a worker, a mail server that is away holds up no page, and no
address or text lies readable in the database. The organization an e-mail is about is the one the caller acts for;
without one (signing in) it is the operator's. Two attributes a sender may set on a message: `kind`, a word for the log,
and `organization_id`.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from accounts.models.organizations import operator_id
from delivery.services import emails
from ground import tenancy


class QueueingBackend(BaseEmailBackend):
    """Raises vault errors when nothing can be sealed: then nothing was queued, and the caller knows."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            kind: Any = getattr(message, "kind", "") or "other"
            emails.queue(message, organization_id=self._organization(message), kind=str(kind))
        return len(email_messages)

    @staticmethod
    def _organization(message: EmailMessage) -> UUID:
        named: UUID | None = getattr(message, "organization_id", None)
        return named or tenancy.current_organization() or operator_id()
