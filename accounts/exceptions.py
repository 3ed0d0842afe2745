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


class OperatorStays(AccountsError):
    """The operator's own organization is not closed from a page."""


class OnlyOwner(AccountsError):
    """Somebody who is the only owner of an organization cannot close their account: `organizations` names them."""

    def __init__(self, organizations: list[str]) -> None:
        self.organizations = organizations
        super().__init__(", ".join(organizations))


class InvitationSpent(AccountsError):
    """The invitation is unknown, used, revoked or over, or was sent to another address; one answer for all five."""


class UnknownScope(AccountsError):
    """A scope was asked for that API keys may not have."""


class KeyOver(AccountsError):
    """The API key is revoked or expired and cannot be rotated."""


class AccessNotStated(AccountsError):
    """A view under /o/<slug>/ answered without saying which permission it needs: a mistake in our code."""


class StaffRefused(AccountsError):
    """Base of what stops a member of staff from looking."""


class NotStaff(StaffRefused):
    """Only active staff of the operator look through the desk; who belongs to the organization uses its own door."""


class StaffBusy(StaffRefused):
    """This person has another session that is asked or open; one at a time."""


class StaffNotWelcome(StaffRefused):
    """The organization lets nobody look, except where the law obliges the operator."""


class ReferenceMissing(StaffRefused):
    """A duty by law names the reference of the order or case."""


class SessionOver(StaffRefused):
    """The session is ended, refused, lapsed or run out, or is not in the state this step needs."""


class AlreadyExtended(StaffRefused):
    """A session is extended once, and not where the organization approves each one."""


class OpeningNotAllowed(AccountsError):
    """The operator opens organizations itself, or this person owns as many as one may open."""
