"""What accounts hold: about members and staff, who are the operator's own data subjects."""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Q

from accounts.models import (
    ApiKey,
    ApiRequest,
    IdempotentRequest,
    Invitation,
    Membership,
    Organization,
    SignInSecret,
    StaffAccess,
    StaffSession,
    User,
)
from ground.inventory import PersonalData, declare, no_personal_data
from ground.profiles import Category

MEMBERS = "people who sign in: members of organizations and staff"
NEVER = Q(pk__in=[])


def _users(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "email": row.email,
            "name": row.name,
            "language": row.language,
            "time_zone": row.time_zone,
            "created_at": row.created_at.isoformat(),
            "last_signed_in_at": row.last_login.isoformat() if row.last_login else None,
        }
        for row in rows
    ]


def _memberships(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"role": row.role, "joined_at": row.created_at.isoformat()} for row in rows]


def _addresses(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"email": row.email, "verified": row.verified} for row in rows]


def _factors(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"kind": row.type, "created_at": row.created_at.isoformat()} for row in rows]


def _devices(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"ip": row.ip, "browser": row.user_agent, "since": row.created_at.isoformat()} for row in rows]


def _looked(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"purpose": row.purpose, "when": row.asked_at.isoformat(), "looks": row.looks} for row in rows]


def _nothing(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return []


def _account(model: Any, *, holds: str, clock: str | None, export: Any, **more: Any) -> None:
    """Rows of an account leave when the account is closed, by its own service; sessions leave with the sweep."""
    declare(
        PersonalData(
            model=model,
            holds=holds,
            recipients=("the organization",),
            clock=clock,
            find=lambda subject: None,
            export=export,
            **{
                "category": Category.ACCOUNT,
                "subjects": MEMBERS,
                "purpose": "letting people sign in and act for their organization",
                "legal_basis": "contract, GDPR Art. 6(1)(b)",
                "expirable": NEVER,
                "holdable": False,
                "tallied": False,
                "tenant": False,
                **more,
            },
        )
    )


_account(User, holds="e-mail address, name, language, time zone, password hash", clock="created_at", export=_users)
_account(Membership, holds="who belongs to which organization", clock="created_at", export=_memberships, tenant=True)
_account(
    Invitation,
    holds="the address of who was asked to join",
    clock="expires_at",
    export=_nothing,
    tenant=True,
    key="key_id",
)
_account(
    SignInSecret, holds="secrets of second factors", clock="created_at", export=_nothing, tenant=True, key="key_id"
)
_account(EmailAddress, holds="e-mail addresses", clock=None, export=_addresses)
_account(Authenticator, holds="second factors, their secrets by reference", clock="created_at", export=_factors)
_account(SocialAccount, holds="accounts elsewhere that people sign in with", clock="date_joined", export=_nothing)

_account(
    Session,
    category=Category.PLATFORM_LOG,
    holds="an encrypted session: who is signed in",
    clock="expire_date",
    export=_nothing,
    expirable=Q(),
)
_account(
    UserSession,
    category=Category.PLATFORM_LOG,
    holds="from which device and network address somebody signed in",
    clock="last_seen_at",
    export=_devices,
    expirable=Q(),
)

declare(
    PersonalData(
        model=ApiRequest,
        category=Category.PLATFORM_LOG,
        subjects="nobody directly: programs",
        holds="which program asked what kind of question when, and how it was answered; no identifiers, no contents",
        purpose="letting developers find out why a request failed",
        legal_basis="legitimate interest in secure operation, GDPR Art. 6(1)(f)",
        recipients=("the organization",),
        clock="at",
        find=lambda subject: None,
        export=_nothing,
        holdable=False,
        tallied=False,
    )
)

_account(
    StaffSession,
    category=Category.ACCESS_LOG,
    subjects="staff of the operator",
    holds="who of the operator's staff looked at an organization's data, when, how long, why and how often",
    purpose="so that an organization sees and ends looks of the operator's staff",
    legal_basis="legitimate interests: accountability, GDPR Art. 6(1)(f)",
    clock="asked_at",
    export=_looked,
    tenant=True,
    expirable=~Q(state__in=["asked", "open"]),
)
no_personal_data(StaffAccess, "one setting of an organization")
no_personal_data(Organization, "a business: name, country, time zone, state, the address it gives for privacy")
no_personal_data(ApiKey, "a digest, scopes and moments; who made it is an opaque id")
no_personal_data(IdempotentRequest, "a digest of a request and an answer made of ids; gone after 24 hours")
no_personal_data(EmailConfirmation, "unused: addresses are confirmed by a code that lives in the session")
no_personal_data(SocialApp, "client ids of sign-in providers")
no_personal_data(SocialToken, "unused: tokens of sign-in providers are not stored")
