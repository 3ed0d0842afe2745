"""The rail: every page of the dashboard, in groups, in order.

An entry whose address does not exist yet, or whose permission the member lacks, is not shown. Apps on higher floors
add figures beside their entry with `counter`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
_counters: dict[str, Callable[[UUID], int]] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """`also`: beginnings of other view names that light this entry up ("retention:certificate")."""

    label: Text
    icon: str
    view: str
    permission: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    label: Text
    icon: str
    href: str
    current: bool
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    label: Text
    links: tuple[Link, ...]


GROUPS: tuple[tuple[Text, tuple[Entry, ...]], ...] = (
    ("", (Entry(_("Overview"), "home", "accounts:overview", "overview.read", ("overview",)),)),
    (
        _("Voice"),
        (
            Entry(
                _("Calls"),
                "phone",
                "calls:list",
                "calls.read",
                ("calls:call", "calls:reveal", "calls:test_call", "retention:destroy"),
            ),
            Entry(_("Contacts"), "people", "contacts:list", "contacts.read", ("contacts:",)),
            Entry(_("Agents"), "wave", "agents:list", "agents.read", ("agents:",)),
        ),
    ),
    (
        _("Privacy"),
        (
            Entry(_("Requests"), "inbox", "dsar:list", "requests.read", ("dsar:",)),
            Entry(
                _("Retention"),
                "clock",
                "retention:settings",
                "retention.read",
                ("retention:settings", "retention:preview", "retention:history", "retention:change"),
            ),
            Entry(_("Holds"), "lock", "retention:holds", "holds.read", ("retention:hold",)),
            Entry(_("Consent"), "tick", "consent:list", "consent.read", ("consent:",)),
            Entry(_("Sub-processors"), "share", "subprocessors:list", "subprocessors.read", ("subprocessors:",)),
        ),
    ),
    (
        _("Proof"),
        (
            Entry(
                _("Purges and certificates"),
                "seal",
                "retention:purges",
                "purges.read",
                ("retention:purge", "retention:certificate", "retention:set_aside"),
            ),
            Entry(_("Audit log"), "list", "audit:log", "audit.read", ("audit:",)),
            Entry(_("Promises"), "shield", "policy:promises", "promises.read", ("policy:",)),
        ),
    ),
    (
        _("Organization"),
        (
            Entry(_("Team"), "people", "accounts:team", "team.read"),
            Entry(_("Staff access"), "eye", "accounts:staff_access", "staff.read", ("accounts:staff",)),
            Entry(
                _("Developers"),
                "code",
                "accounts:developers",
                "developers.read",
                ("accounts:key", "accounts:request"),
            ),
            Entry(_("Billing"), "card", "billing:overview", "billing.read", ("billing:",)),
            Entry(_("Settings"), "gear", "accounts:settings", "settings.read", ("accounts:close",)),
        ),
    ),
)


ACCOUNT: tuple[Entry, ...] = (
    Entry(_("Profile"), "person", "profile", "", ("account_close",)),
    Entry(_("Notifications"), "bell", "notifications", ""),
    Entry(_("E-mail address"), "mail", "account_email", ""),
    Entry(_("Password"), "key", "account_change_password", "", ("account_set_password",)),
    Entry(_("Two-step sign-in"), "shield", "mfa_index", "", ("mfa_",)),
    Entry(_("Devices"), "screen", "usersessions_list", "", ("usersessions_",)),
)

DESK: tuple[Entry, ...] = (
    Entry(_("Organizations"), "building", "desk:home", "", ("desk:ask",)),
    Entry(_("Sessions"), "eye", "desk:sessions", ""),
    Entry(_("Operator’s tables"), "database", "admin:index", ""),
)


def counter(view: str) -> Callable[[Callable[[UUID], int]], Callable[[UUID], int]]:
    """Register the figure beside an entry: `@navigation.counter("dsar:list")` over `f(organization_id) -> int`.

    It runs inside the organization's transaction on every page, so it must be cheap. Zero shows nothing.
    """

    def register(function: Callable[[UUID], int]) -> Callable[[UUID], int]:
        _counters[view] = function
        return function

    return register


@cache
def exists(view: str) -> bool:
    """Whether the address is part of this build."""
    try:
        reverse(view, kwargs={"slug": "x"})
    except NoReverseMatch:
        return False
    return True


def _current(entry: Entry, here: str) -> bool:
    return here == entry.view or (bool(entry.also) and here.startswith(entry.also))


def _personal(entries: tuple[Entry, ...], here: str) -> tuple[Link, ...]:
    return tuple(Link(entry.label, entry.icon, reverse(entry.view), _current(entry, here), 0) for entry in entries)


def rail(request: HttpRequest) -> tuple[Group, ...]:
    """The groups and links this member sees on this page."""
    organization, place = getattr(request, "organization", None), getattr(request, "membership", None)
    here = request.resolver_match.view_name if request.resolver_match else ""
    if organization is None or place is None:
        if not request.user.is_authenticated:
            return ()
        desk = (Group(_("Staff desk"), _personal(DESK, here)),) if getattr(request.user, "is_staff", False) else ()
        return (*desk, Group(_("Your account"), _personal(ACCOUNT, here)))
    groups = []
    for label, entries in GROUPS:
        links = tuple(
            Link(
                entry.label,
                entry.icon,
                reverse(entry.view, kwargs={"slug": organization.slug}),
                _current(entry, here),
                _counters[entry.view](organization.pk) if entry.view in _counters else 0,
            )
            for entry in entries
            if place.may(entry.permission) and exists(entry.view)
        )
        if links:
            groups.append(Group(label, links))
    return tuple(groups)
