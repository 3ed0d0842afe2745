"""What people are told about periods, purges and holds."""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from delivery.kinds import Facts, NoticeKind, Said, declare, declare_alert, plain
from delivery.models import Channel
from ground.profiles import NotAPeriod, Period, Unit
from retention import words

TOPIC = gettext_lazy("Retention and proof")
SCHEDULED, UNDONE, IN_FORCE = "retention.period_scheduled", "retention.period_undone", "retention.period_in_force"
REVIEW = "retention.hold_review"
_HOURS_AT_MOST = 48


def _category(facts: Facts) -> str:
    return _named(facts) or facts.about


def _named(facts: Facts) -> str:
    return words.category(facts.about) if facts.about in words.CATEGORIES else ""


def _period(facts: Facts) -> str:
    try:
        return words.period(Period(int(facts.counts["n"]), Unit(facts.counts["unit"])))
    except (KeyError, ValueError, NotAPeriod):
        return "?"


def _rows(facts: Facts, name: str = "rows") -> int:
    value = facts.counts.get(name, 0)
    return value if isinstance(value, int) else 0


def _scheduled(facts: Facts) -> Said:
    leaving = _rows(facts)
    title = _("%(what)s are to be kept %(period)s") % {"what": _category(facts), "period": _period(facts)}
    if not leaving:
        return Said(title, _("A period was set. Nothing leaves earlier because of it."))
    return Said(
        title,
        ngettext(
            "%(n)d record leaves earlier. The change can be undone until it takes effect.",
            "%(n)d records leave earlier. The change can be undone until it takes effect.",
            leaving,
        )
        % {"n": leaving},
    )


def _undone(facts: Facts) -> Said:
    return Said(
        _("A change was undone: %(what)s") % {"what": _category(facts)},
        _("The period before it stays in force. Nothing left because of the change."),
    )


def _in_force(facts: Facts) -> Said:
    return Said(
        _("%(what)s are kept %(period)s from now on") % {"what": _category(facts), "period": _period(facts)},
        _("The time for undoing the change is over. What is past the period leaves with the next purge."),
    )


def _approval(facts: Facts) -> Said:
    rows = _rows(facts)
    return Said(
        _("A large purge waits for approval: %(what)s") % {"what": _category(facts)},
        ngettext(
            "%(n)d record is due, unusually many at once. Nothing goes before a person says so.",
            "%(n)d records are due, unusually many at once. Nothing goes before a person says so.",
            rows,
        )
        % {"n": rows},
    )


def _overdue(facts: Facts) -> Said:
    hours = _rows(facts, "seconds") // 3600
    if hours < _HOURS_AT_MOST:
        late = ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    else:
        late = ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}
    return Said(
        _("Kept longer than promised: %(what)s") % {"what": _category(facts)},
        _("The oldest should have gone %(late)s ago. The purges show what failed or waits.") % {"late": late},
    )


def _review(facts: Facts) -> Said:
    return Said(
        _("A hold is up for review"),
        _("Its review date has come. What it keeps stays past its time until somebody decides."),
    )


_kind = partial(
    NoticeKind,
    topic=TOPIC,
    permission="retention.change",
    view="retention:purges",
    icon="warn",
    state="due",
    channel=Channel.NOW,
)
_plain = partial(plain, _kind, about=_named)

declare(
    _kind(
        name=SCHEDULED,
        label=gettext_lazy("A period was changed"),
        permission="retention.read",
        say=_scheduled,
        view="retention:settings",
        icon="clock",
        state="kept",
    ),
    _kind(
        name=UNDONE,
        label=gettext_lazy("A change of a period was undone"),
        permission="retention.read",
        say=_undone,
        view="retention:settings",
        icon="undo",
        state="kept",
        channel=Channel.DAILY,
    ),
    _kind(
        name=IN_FORCE,
        label=gettext_lazy("A shorter period took effect"),
        permission="retention.read",
        say=_in_force,
        view="retention:settings",
        icon="clock",
        state="kept",
        channel=Channel.DAILY,
    ),
    _kind(
        name="retention.approval_needed",
        label=gettext_lazy("A large purge waits for approval"),
        say=_approval,
        icon="wait",
        alert="retention.approval_needed",
    ),
    _kind(
        name="retention.overdue",
        label=gettext_lazy("Something is kept longer than promised"),
        say=_overdue,
        icon="clock",
        state="overdue",
        alert="retention.overdue",
    ),
    _plain(
        "retention.set_aside",
        gettext_lazy("Records were set aside"),
        gettext_lazy("Their destruction failed; the rest was not held up. They are tried again."),
        label=gettext_lazy("A purge set records aside"),
        alert="destruction.set_aside",
        once_a_day=True,
        channel=Channel.DAILY,
    ),
    _plain(
        "retention.category_failed",
        gettext_lazy("A purge failed"),
        gettext_lazy("Nothing was lost; it is tried again with the next sweep."),
        state="overdue",
        alert="retention.category_failed",
        channel=Channel.DAILY,
    ),
    _plain(
        "retention.period_unusable",
        gettext_lazy("A stored period cannot be used"),
        gettext_lazy("Nothing of this kind is purged until it is set again."),
        view="retention:settings",
        state="overdue",
        alert="retention.period_unusable",
    ),
    _plain(
        "retention.chain_broken",
        gettext_lazy("The audit log does not verify"),
        gettext_lazy("Something changed evidence outside the platform. The operator has been told."),
        permission="audit.read",
        view="audit:log",
        icon="shield",
        state="overdue",
        alert="audit.chain_broken",
    ),
    _kind(
        name=REVIEW,
        label=gettext_lazy("A hold reached its review date"),
        permission="holds.place",
        say=_review,
        view="retention:hold",
        object_argument="hold_id",
        icon="lock",
        state="held",
    ),
)

declare_alert(
    "destruction.objects_refused",
    gettext_lazy("The object store refuses to remove something"),
    gettext_lazy("It is unreadable already; the operator has been told."),
    icon="database",
    view="retention:purges",
)
declare_alert(
    "destruction.object_store_down",
    gettext_lazy("The object store does not answer"),
    gettext_lazy("What was destroyed is unreadable already; its bytes follow as soon as the store answers."),
    icon="database",
    view="retention:purges",
)
declare_alert(
    "destruction.not_declared",
    gettext_lazy("A purge was cancelled"),
    gettext_lazy("It was of a kind of record that this release does not know any more. Nothing was destroyed."),
    icon="warn",
    state="overdue",
    view="retention:purges",
)
declare_alert(
    "retention.keys_lost",
    gettext_lazy("Records have lost their key"),
    gettext_lazy("They cannot be read any more although nobody destroyed them. The operator has been told."),
    icon="key",
    state="overdue",
    view="retention:purges",
)
declare_alert(
    "retention.objects_missing",
    gettext_lazy("Recordings are missing in the store"),
    gettext_lazy("Their rows are here, their bytes are not. The operator has been told."),
    icon="database",
    state="overdue",
    view="retention:purges",
)
