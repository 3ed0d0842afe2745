"""Who may sign in, for which organization, and in which role; and the keys of their programs."""

from accounts.models.idempotency import IdempotentRequest
from accounts.models.invitations import Invitation
from accounts.models.keys import ApiKey
from accounts.models.organizations import Membership, Organization, OrganizationState, Role, operator_organization
from accounts.models.requests import ApiRequest, Door
from accounts.models.secrets import SignInSecret
from accounts.models.staff import StaffAccess, StaffPurpose, StaffRule, StaffSession, StaffSessionState
from accounts.models.users import User, UserManager

__all__ = [
    "ApiKey",
    "ApiRequest",
    "Door",
    "IdempotentRequest",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationState",
    "Role",
    "SignInSecret",
    "StaffAccess",
    "StaffPurpose",
    "StaffRule",
    "StaffSession",
    "StaffSessionState",
    "User",
    "UserManager",
    "operator_organization",
]
