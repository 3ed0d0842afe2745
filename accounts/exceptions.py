"""Refusals with names people understand."""


class AccountsError(Exception):
    """Base of this app's refusals."""


class AlreadyMember(AccountsError):
    """The person belongs to the organization already."""


class NotAMember(AccountsError):
    """The person does not belong to the organization."""


class LastOwner(AccountsError):
    """An organization keeps at least one owner; make somebody else owner first."""


class OwnersOnly(AccountsError):
    """Only an owner may make, change or remove an owner."""


class OrganizationClosed(AccountsError):
    """The organization is closing or closed and takes nothing new in."""


class InvitationSpent(AccountsError):
    """The invitation is unknown, used, revoked or over, or was sent to another address; one answer for all five."""


class UnknownScope(AccountsError):
    """A scope was asked for that API keys may not have."""


class KeyOver(AccountsError):
    """The API key is revoked or expired and cannot be rotated."""


class AccessNotStated(AccountsError):
    """A view under /o/<slug>/ answered without saying which permission it needs: a mistake in our code."""


class OpeningNotAllowed(AccountsError):
    """The operator opens organizations itself, or this person owns as many as one may open."""
