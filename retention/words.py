"""What people call things: categories, clocks, bounds, states, kinds of evidence. Every word goes through gettext."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ground.profiles import Category, CategoryRule, ChangedBy, Clock, Period, Source, Unit

Text = str | Promise

CATEGORIES: Mapping[str, Text] = {
    Category.RECORDING: gettext_lazy("Recordings"),
    Category.TRANSCRIPT: gettext_lazy("Transcripts"),
    Category.CALL_REPORT: gettext_lazy("Call reports"),
    Category.CALL_METADATA: gettext_lazy("Call metadata"),
    Category.CONTACT: gettext_lazy("Contacts"),
    Category.AGENT_ACTIVITY: gettext_lazy("Agent activity"),
    Category.ACCESS_LOG: gettext_lazy("Access log"),
    Category.PLATFORM_LOG: gettext_lazy("Platform log"),
    Category.PROVIDER_EVENT: gettext_lazy("Provider events"),
    Category.WEB_ANALYTICS: gettext_lazy("Web analytics"),
    Category.ACCOUNT: gettext_lazy("Accounts"),
    Category.AGENT_CONFIGURATION: gettext_lazy("Agent configurations"),
    Category.BILLING_RECORD: gettext_lazy("Invoices"),
    Category.KYC_DOCUMENT: gettext_lazy("Identity documents"),
    Category.DSAR_EVIDENCE: gettext_lazy("Proofs of identity"),
    Category.DSAR_PACKAGE: gettext_lazy("Access packages"),
    Category.DSAR_REGISTER: gettext_lazy("Register of requests and holds"),
    Category.CONSENT_RECORD: gettext_lazy("Consent records"),
    Category.SUPPORT_MESSAGE: gettext_lazy("Support messages"),
    Category.PROSPECT: gettext_lazy("Prospects"),
    Category.CANDIDATE: gettext_lazy("Candidates"),
    Category.SUPPLIER: gettext_lazy("Suppliers"),
    Category.BACKUP: gettext_lazy("Backups"),
}
_COUNTED: Mapping[Clock, Text] = {
    Clock.CALL_END: gettext_lazy("Counted from the end of the call."),
    Clock.LAST_CONTACT: gettext_lazy("Counted from the last call with the person."),
    Clock.EVENT_TIME: gettext_lazy("Counted from the moment it happened."),
    Clock.RECEIVED: gettext_lazy("Counted from the moment it was received."),
    Clock.ACCOUNT_CLOSURE: gettext_lazy("Counted from the closing of the account."),
    Clock.INVOICE_DATE: gettext_lazy("Counted from the date of the invoice."),
    Clock.FINANCIAL_YEAR_END: gettext_lazy("Counted from the end of the financial year."),
    Clock.CALENDAR_YEAR_END: gettext_lazy("Counted from the end of the calendar year."),
    Clock.APPROVAL: gettext_lazy("Counted from the phone provider’s approval."),
    Clock.DECISION: gettext_lazy("Counted from the decision."),
    Clock.PACKAGE_READY: gettext_lazy("Counted from the moment the package was ready."),
    Clock.REQUEST_CLOSED: gettext_lazy("Counted from the closing of the request."),
    Clock.CONSENT_END: gettext_lazy("Counted from the end of the consent."),
    Clock.RELATION_END: gettext_lazy("Counted from the end of the relation."),
    Clock.BACKUP_TAKEN: gettext_lazy("Counted from the moment the backup was taken."),
}
_CONTENT: Mapping[str, Text] = {
    Category.CALL_METADATA: gettext_lazy("No content: agent, length, outcome; numbers sealed."),
    Category.ACCESS_LOG: gettext_lazy("Who looked at what."),
    Category.PROVIDER_EVENT: gettext_lazy("Deliveries of voice providers as they came in."),
    Category.PLATFORM_LOG: gettext_lazy("The platform’s own log: ids only."),
}
UNITS = [(Unit.DAY, gettext_lazy("days")), (Unit.MONTH, gettext_lazy("months")), (Unit.YEAR, gettext_lazy("years"))]
TRIGGERS: Mapping[str, Text] = {
    "schedule": gettext_lazy("Schedule"),
    "command": gettext_lazy("Command of the operator"),
    "member": gettext_lazy("Destroyed by a member"),
    "destroyed_by_member": gettext_lazy("Destroyed by a member"),
    "approval": gettext_lazy("After approval"),
    "erasure": gettext_lazy("Erasure asked by a person"),
    "organization_closed": gettext_lazy("Organization closed"),
    "not_allowed_to_keep": gettext_lazy("Not allowed to be kept"),
}
REASONS: Mapping[str, Text] = {
    "expired": gettext_lazy("because their time was over"),
    "erasure": gettext_lazy("because a person asked for it"),
    "destroyed_by_member": gettext_lazy("because a member decided so"),
    "organization_closed": gettext_lazy("because the organization closed"),
    "not_allowed_to_keep": gettext_lazy("because they may not be kept"),
}
MOMENTS: Mapping[str, Text] = {
    "unreadable": gettext_lazy("Unreadable"),
    "beyond_recovery": gettext_lazy("Beyond recovery"),
    "gone_from_backups": gettext_lazy("Gone from backups"),
}


def category(key: str) -> str:
    """Recordings, Transcripts, ..."""
    return str(CATEGORIES.get(key, key.replace("_", " ")))


def counted(clock: Clock) -> str:
    """From which moment a period counts, as a sentence."""
    return str(_COUNTED[clock])


def content(key: str) -> str:
    """What a category is, where its name does not say it."""
    return str(_CONTENT.get(key, ""))


def period(length: Period | None) -> str:
    """90 days, 1 year, at once."""
    if length is None:
        return _("no period")
    if length.n == 0:
        return _("at once")
    words = {
        Unit.DAY: ngettext("%(n)d day", "%(n)d days", length.n),
        Unit.MONTH: ngettext("%(n)d month", "%(n)d months", length.n),
        Unit.YEAR: ngettext("%(n)d year", "%(n)d years", length.n),
    }[length.unit]
    return words % {"n": length.n}


def bounds(rule: CategoryRule) -> str:
    """1 day to 365 days; exactly 1 year; at most 3 years; or nothing."""
    low, high = rule.minimum, rule.maximum
    if low is None and high is None:
        return ""
    if low == high:
        return _("exactly %(period)s") % {"period": period(low)}
    if low is None:
        return _("at most %(period)s") % {"period": period(high)}
    if high is None:
        return _("at least %(period)s") % {"period": period(low)}
    return _("%(low)s to %(high)s") % {"low": period(low), "high": period(high)}


def source(where: Source | None) -> str:
    """The promise a figure comes from, or the operator's own working figure."""
    if where is None:
        return ""
    return _("operator default") if where.is_operator_default else ", ".join(where.promises)


def fixed_by(rule: CategoryRule) -> str:
    """Who fixes what an organization cannot change."""
    return _("set by law") if rule.changed_by is ChangedBy.LAW else _("set by the operator")


def origin(where: str) -> str:
    """Where the period of a purge came from (as stored in its line)."""
    return {
        "organization": _("set by the organization"),
        "operator decision": _("decided by the operator"),
        "profile": _("the operator’s promise"),
        "agent": _("set for the agent"),
    }.get(where, where)


def written_period(stored: str) -> str:
    """A period as stored in a line or certificate ("90 days"), in the reader's language."""
    try:
        return period(Period.parse(stored))
    except ValueError:
        return stored


def records(count: int) -> str:
    """1 record, 1,767 records."""
    from django.contrib.humanize.templatetags.humanize import intcomma

    return ngettext("%(n)s record", "%(n)s records", count) % {"n": intcomma(count)}
