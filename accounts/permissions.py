"""Who may do what: the one table of permissions by role.

Code asks for a permission, never for a role. An API key carries permissions as its scopes; the same words are used in
both places. docs/permissions.md is this table in prose, and a test compares the two.
"""

from collections.abc import Mapping

_EVERYONE = ("owner", "admin", "member", "auditor")
_WORKING = ("owner", "admin", "member")
_LEADING = ("owner", "admin")
_LOOKING = ("owner", "admin", "auditor")

PERMISSIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # permission: (what it allows, roles that have it)
    "overview.read": ("see the overview and its figures", _EVERYONE),
    "notices.read": ("see one's own notices", _EVERYONE),
    "calls.read": ("see calls with numbers masked, their facts and life line", _EVERYONE),
    "calls.listen": ("play a recording, read a transcript or report", _WORKING),
    "calls.reveal": ("see a masked number or address; every look is recorded", _WORKING),
    "calls.write": ("create calls by the API", _LEADING),
    "calls.export": ("take calls out as vCon or CSV", _LEADING),
    "calls.destroy": ("destroy a call before its time", _LEADING),
    "contacts.read": ("see contacts with details masked", _EVERYONE),
    "contacts.manage": ("add, change, import and remove contacts", _WORKING),
    "contacts.export": ("take contacts out as CSV", _LEADING),
    "agents.read": ("see agents, their revisions and connections", _EVERYONE),
    "agents.manage": ("change agents, publish revisions, connect providers", _LEADING),
    "retention.read": ("see periods, bounds, what leaves when", _EVERYONE),
    "retention.change": ("change a period, undo a change, approve a large purge", _LEADING),
    "holds.read": ("see what is held and why", _EVERYONE),
    "holds.place": ("place and release legal holds", _LEADING),
    "purges.read": ("see purges and download certificates", _EVERYONE),
    "requests.read": ("see requests of data subjects", _LOOKING),
    "requests.decide": ("decide requests of data subjects", _LEADING),
    "consent.read": ("see consent records and suppressions", _EVERYONE),
    "consent.manage": ("record withdrawals and suppressions", _WORKING),
    "subprocessors.read": ("see sub-processors and notices", _EVERYONE),
    "subprocessors.object": ("object to a new sub-processor", _LEADING),
    "audit.read": ("read the audit log and verify its chain", _LOOKING),
    "promises.read": ("see which promises are kept, and their proof", _EVERYONE),
    "team.read": ("see who belongs to the organization", _EVERYONE),
    "team.manage": ("invite, change roles, remove members", _LEADING),
    "team.own": ("make or unmake owners, close the organization", ("owner",)),
    "staff.read": ("see when the operator's staff looked, for how long and why", _EVERYONE),
    "staff.decide": ("allow, approve and end looks of the operator's staff", _LEADING),
    "developers.read": ("see API keys (never their secrets) and the request log", _LOOKING),
    "developers.manage": ("create, rotate and revoke API keys and webhooks", _LEADING),
    "billing.read": ("see invoices and the plan", _LOOKING),
    "billing.manage": ("change the plan and payment", ("owner",)),
    "settings.read": ("see the organization's settings", _EVERYONE),
    "settings.manage": ("change name, time zone, language and contact", _LEADING),
}

# What an API key may be given: nothing that changes people or keys. Periods and holds keep their previews, typed
# numbers and grace windows on this door too.
SCOPES: tuple[str, ...] = (
    "calls.read",
    "calls.listen",
    "calls.reveal",
    "calls.write",
    "calls.export",
    "calls.destroy",
    "contacts.read",
    "contacts.manage",
    "agents.read",
    "agents.manage",
    "retention.read",
    "retention.change",
    "holds.read",
    "holds.place",
    "purges.read",
    "requests.read",
    "consent.read",
    "consent.manage",
    "audit.read",
)

# What the operator's staff may do in a timed session: look. The second group only when the session asked for content
# with a reason of its own.
STAFF_LOOKS: frozenset[str] = frozenset(
    {
        "overview.read",
        "calls.read",
        "contacts.read",
        "agents.read",
        "retention.read",
        "holds.read",
        "purges.read",
        "audit.read",
        "team.read",
        "developers.read",
        "settings.read",
    }
)
STAFF_CONTENT: frozenset[str] = frozenset({"calls.listen", "calls.reveal"})


class UnknownPermission(LookupError):
    """A permission was asked for that is not in the table: a mistake in our code, never a refusal."""


def allows(role: str, permission: str) -> bool:
    """Whether `role` carries `permission`; raises UnknownPermission for a word that is not in the table."""
    try:
        roles = PERMISSIONS[permission][1]
    except KeyError:
        raise UnknownPermission(permission) from None
    return role in roles


def of_role(role: str) -> frozenset[str]:
    """Every permission of a role."""
    return frozenset(name for name, (_words, roles) in PERMISSIONS.items() if role in roles)


def of_staff(*, content: bool) -> frozenset[str]:
    """Every permission of a staff session."""
    return STAFF_LOOKS | STAFF_CONTENT if content else STAFF_LOOKS


def known(permission: str) -> str:
    """`permission`; raises UnknownPermission for a word that is not in the table."""
    if permission not in PERMISSIONS:
        raise UnknownPermission(permission)
    return permission
