"""What delivery holds about people: e-mails on their way, notices to members, and how they want to hear of things."""

from typing import Any
from uuid import UUID

from django.db.models import Q

from delivery.models import Email, EmailContent, Notice, Preference
from ground.inventory import PersonalData, Subject, declare
from ground.profiles import Category

MEMBERS = "people who sign in: members of organizations and staff"


def _nothing(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return []


def _contents(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    kinds = dict(Email.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "kind"))
    return [{"e_mail": kinds.get(row.pk, ""), "content_leaves_at": row.leaves_at.isoformat()} for row in rows]


def _choices(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"notice": row.kind, "by_e_mail": row.channel} for row in rows]


def _to_person(subject: Subject) -> Q | None:
    digests = subject.digests("email")
    return Q(recipient_index__in=digests) if digests else None


declare(
    PersonalData(
        model=Email,
        category=Category.PLATFORM_LOG,
        subjects="nobody directly: opaque ids",
        holds="that an e-mail of a kind was queued, tried and sent; not to whom, not what",
        purpose="e-mail that must not be lost, and finding out why it was",
        legal_basis="legitimate interest in secure operation, GDPR Art. 6(1)(f)",
        recipients=("the operator",),
        clock="queued_at",
        find=lambda subject: None,
        export=_nothing,
        holdable=False,
        tallied=False,
    )
)
declare(
    PersonalData(
        model=EmailContent,
        category=Category.PLATFORM_LOG,
        subjects="whoever the e-mail is addressed to",
        holds="recipient, subject and text of an e-mail, sealed, until three days after it was sent (seven unsent)",
        purpose="sending the e-mail, and sending it again when it did not arrive",
        legal_basis="contract, GDPR Art. 6(1)(b)",
        recipients=("the recipient's mail provider",),
        clock=None,  # leaves by its own, much shorter time: `emails.forget_over`
        key="key_id",
        find=_to_person,
        export=_contents,
        holdable=False,
        tallied=False,
    )
)
declare(
    PersonalData(
        model=Notice,
        category=Category.PLATFORM_LOG,
        subjects=MEMBERS,
        holds="which kind of event a member was told of, when, and whether it was read; ids and counts",
        purpose="letting members know what happens in their organization",
        legal_basis="contract, GDPR Art. 6(1)(b)",
        recipients=("the member",),
        clock="at",
        find=lambda subject: None,
        export=_nothing,
        holdable=False,
        tallied=False,
    )
)
declare(
    PersonalData(
        model=Preference,
        category=Category.ACCOUNT,
        subjects=MEMBERS,
        holds="of which events a person wants to hear by e-mail",
        purpose="sending nobody more than they want",
        legal_basis="contract, GDPR Art. 6(1)(b)",
        recipients=(),
        clock=None,
        find=lambda subject: None,
        export=_choices,
        holdable=False,
        tallied=False,
        tenant=False,
    )
)
