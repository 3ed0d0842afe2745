"""Asking people to join.

The link carries 256 random bits; the database keeps their SHA-256 and the address sealed. Whoever opens the link must
be signed in with the invited address, so a forwarded link opens nothing. Answered and withdrawn invitations are
deleted and their key is destroyed.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import letters
from accounts.exceptions import AlreadyMember, InvitationSpent, OrganizationClosed, OwnersOnly
from accounts.letters import Letter
from accounts.models import Invitation, Membership, Organization, Role, User
from accounts.services import members
from ground import audit, tenancy, vault
from ground.inventory.superseded import retire_keys
from ground.profiles import Category
from ground.tenancy import Actor, uuid7

OPEN_FOR = timedelta(days=7)
CATEGORY = Category.ACCOUNT


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """A row of the team page."""

    id: UUID
    address: str
    role: Role
    sent_at: datetime
    expires_at: datetime


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def invite(*, organization_id: UUID, address: str, role: Role, by: User, at: datetime) -> Invitation:
    """An e-mail with a link is on its way when this commits. Raises AlreadyMember, OwnersOnly, OrganizationClosed."""
    address = address.strip().lower()
    token = secrets.token_urlsafe(32)
    sealer = vault.sealer(organization_id, CATEGORY, at)
    identifier = uuid7()
    with tenancy.acting_for(organization_id):
        organization = Organization.objects.select_for_update().get(pk=organization_id)
        if not organization.is_open:
            raise OrganizationClosed
        if role == Role.OWNER and not _is_owner(organization_id, by):
            raise OwnersOnly
        if Membership.objects.filter(organization_id=organization_id, user__email=address).exists():
            raise AlreadyMember
        sealer.ready()
        invitation = Invitation.objects.create(
            id=identifier,
            organization_id=organization_id,
            role=role,
            key_id=sealer.key_id,
            address=sealer.seal(address.encode(), object_id=identifier),
            token_digest=_digest(token),
            invited_by=by,
            created_at=at,
            expires_at=at + OPEN_FOR,
        )
        audit.append(
            "accounts.invitation_sent",
            organization_id=organization_id,
            actor=Actor.member(by.pk),
            object_type="invitation",
            object_id=invitation.pk,
            role=role,
        )
        transaction.on_commit(sealer.confirm, robust=True)
        letters.write(
            lambda: _letter(organization, role, token),
            to=address,
            language=organization.language,
            kind="accounts.invitation",
        ).send()
    return invitation


def _letter(organization: Organization, role: Role, token: str) -> Letter:
    named = {"name": organization.name, "product": settings.PRODUCT_NAME}
    days = ngettext("It stays open for %(n)d day.", "It stays open for %(n)d days.", OPEN_FOR.days)
    return Letter(
        subject=_("%(name)s invites you to %(product)s") % named,
        title=_("%(name)s invites you") % named,
        paragraphs=(
            _(
                "On %(product)s %(name)s keeps the calls of its voice agents, and destroys them when their time is "
                "over. You would join as %(role)s."
            )
            % {**named, "role": role.label},
        ),
        action=(_("Open the invitation"), letters.address(reverse("invitation", args=[token]))),
        closing=(
            _("Sign in with the e-mail address this was sent to; for another one the link opens nothing.")
            + f" {days % {'n': OPEN_FOR.days}}",
        ),
        why=_("Somebody at %(name)s entered your address. If you were not expecting this, do nothing.") % named,
    )


def open_invitations(organization_id: UUID, *, at: datetime) -> list[OpenInvitation]:
    """What has been sent and neither answered nor run out, newest first."""
    with tenancy.acting_for(organization_id):
        rows = list(
            Invitation.objects.filter(organization_id=organization_id, expires_at__gt=at).order_by("-created_at")
        )
    keys = vault.keys.open(organization_id, [row.key_id for row in rows]) if rows else {}
    return [
        OpenInvitation(row.pk, _address(row, keys[row.key_id]), Role(row.role), row.created_at, row.expires_at)
        for row in rows
    ]


def find(token: str, *, at: datetime) -> tuple[Organization, Invitation]:
    """What a link stands for, before it is accepted. Raises InvitationSpent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id FROM accounts_invitation_by_token(%s)", [_digest(token)])
        row = cursor.fetchone()
    if row is None:
        raise InvitationSpent
    with tenancy.acting_for(row[0]):
        invitation = Invitation.objects.select_related("organization").filter(token_digest=_digest(token)).first()
    if invitation is None or not invitation.is_open(at) or not invitation.organization.is_open:
        raise InvitationSpent
    return invitation.organization, invitation


def accept(*, token: str, user: User, at: datetime) -> Organization:
    """The person belongs to the organization; the link is spent. Raises InvitationSpent, also for another address."""
    organization, found = find(token, at=at)
    key = vault.keys.open_one(organization.pk, found.key_id)
    with tenancy.acting_for(organization.pk):
        invitation = Invitation.objects.select_for_update().filter(pk=found.pk).first()
        if invitation is None or _address(invitation, key) != user.email:
            raise InvitationSpent
        _forget(invitation)
        members.add(
            organization_id=organization.pk,
            user=user,
            role=Role(invitation.role),
            by=Actor.member(invitation.invited_by_id),
            at=at,
        )
    return organization


def revoke(*, organization_id: UUID, invitation_id: UUID, by: Actor, at: datetime) -> None:
    """The link opens nothing from now on. Safe to repeat."""
    with tenancy.acting_for(organization_id):
        invitation = (
            Invitation.objects.select_for_update().filter(organization_id=organization_id, pk=invitation_id).first()
        )
        if invitation is None:
            return
        _forget(invitation)
        audit.append(
            "accounts.invitation_revoked",
            organization_id=organization_id,
            actor=by,
            object_type="invitation",
            object_id=invitation_id,
            revoked_at=at,
        )


def forget_over(organization_id: UUID, *, at: datetime, limit: int = 1_000) -> int:
    """Invitations that ran out are gone, their keys too; how many there were. Safe to repeat."""
    with tenancy.acting_for(organization_id):
        rows = Invitation.objects.filter(organization_id=organization_id, expires_at__lte=at)
        over = list(rows.select_for_update(skip_locked=True)[:limit])
        if over:
            retire_keys(organization_id, [invitation.key_id for invitation in over], category=CATEGORY)
            Invitation.objects.filter(pk__in=[invitation.pk for invitation in over]).delete()
    return len(over)


def _forget(invitation: Invitation) -> None:
    """Row and key: the row now, the key by a job written in the same transaction."""
    retire_keys(invitation.organization_id, [invitation.key_id], category=CATEGORY)
    Invitation.objects.filter(pk=invitation.pk).delete()


def _address(invitation: Invitation, key: vault.DataKey) -> str:
    return vault.unseal(key, bytes(invitation.address), category=CATEGORY, object_id=invitation.pk).decode()


def _is_owner(organization_id: UUID, user: User) -> bool:
    return Membership.objects.filter(organization_id=organization_id, user=user, role=Role.OWNER).exists()
