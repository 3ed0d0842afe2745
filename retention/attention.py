"""What waits for somebody, in sentences: open alerts, changes in their grace window, holds due for review."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ground.audit.models import Alert
from ground.inventory import holds
from ground.profiles import NotAPeriod
from retention import words
from retention.models import PeriodVersion
from retention.services import grace

SHOWN = 8

_ALERTS: Mapping[str, tuple[str, str, Promise, Promise]] = {  # kind -> (icon, state, what, what to do)
    "audit.chain_broken": (
        "shield",
        "overdue",
        gettext_lazy("The audit log does not verify"),
        gettext_lazy("Something changed evidence outside the platform. The operator has been told."),
    ),
    "calls.event_quarantined": (
        "inbox",
        "due",
        gettext_lazy("A provider sent something that makes no sense"),
        gettext_lazy("It is set aside for a day. Look at the connection’s settings at the provider."),
    ),
    "calls.provider_copy": (
        "share",
        "due",
        gettext_lazy("A provider has not deleted its copy of a call"),
        gettext_lazy("It asks for a valid key of the provider’s programming interface."),
    ),
    "calls.pull_refused": (
        "key",
        "due",
        gettext_lazy("A provider refused the key of a connection"),
        gettext_lazy("Calls it only hinted at cannot be read until the key is right."),
    ),
    "calls.recording_unavailable": (
        "wave",
        "due",
        gettext_lazy("A recording could not be fetched"),
        gettext_lazy("The provider no longer had it, or refused it. The call is kept without its sound."),
    ),
    "destruction.set_aside": (
        "warn",
        "due",
        gettext_lazy("Records were set aside"),
        gettext_lazy("Their destruction failed; the rest was not held up. They are tried again."),
    ),
    "destruction.object_store_down": (
        "database",
        "due",
        gettext_lazy("The object store does not answer"),
        gettext_lazy("What was destroyed is unreadable already; its bytes follow as soon as the store answers."),
    ),
    "retention.approval_needed": (
        "wait",
        "due",
        gettext_lazy("A purge waits for approval"),
        gettext_lazy("Unusually many records are due at once: nothing of them goes before a person says so."),
    ),
    "retention.category_failed": (
        "warn",
        "overdue",
        gettext_lazy("A purge failed"),
        gettext_lazy("Nothing was lost; it is tried again with the next sweep."),
    ),
    "retention.overdue": (
        "clock",
        "overdue",
        gettext_lazy("Something is kept longer than promised"),
        gettext_lazy("See the purges: what failed, and what waits for approval."),
    ),
    "retention.period_unusable": (
        "warn",
        "overdue",
        gettext_lazy("A stored period cannot be used"),
        gettext_lazy("Nothing of this kind is purged until it is set again."),
    ),
}
_VIEWS = {"retention": "retention:purges", "destruction": "retention:purges", "audit": "audit:log"}


@dataclass(frozen=True, slots=True)
class Matter:
    """One line of the list. `state` colours the icon; `href` "" leads nowhere."""

    icon: str
    state: str
    title: str
    words: str
    href: str = ""


def matters(organization_id: UUID, slug: str, now: datetime) -> list[Matter]:
    """The most urgent first, at most eight. Needs the organization's context."""
    found = [*_plans(organization_id, slug), *_alerts(organization_id, slug), *_changes(organization_id, slug, now), *_reviews(organization_id, slug)]
    return found[:SHOWN]


def _plans(organization_id: UUID, slug: str) -> Iterator[Matter]:
    """Calls about to be destroyed: the first thing to see, for it is the one that cannot be taken back later."""
    for planned in grace.waiting(organization_id)[:SHOWN]:
        local = timezone.localtime(planned.due_at)
        title = _("A call is destroyed at %(hour)s") % {"hour": f"{date_format(local, 'H:i')} {local.tzname()}"}
        href = reverse("calls:call", kwargs={"slug": slug, "call_id": planned.call_id})
        yield Matter("wait", "overdue", title, _("Until then it can be undone."), href)


def _alerts(organization_id: UUID, slug: str) -> Iterator[Matter]:
    for alert in Alert.objects.open().filter(organization_id=organization_id).order_by("-last_at")[:SHOWN]:
        icon, state, title, advice = _ALERTS.get(
            alert.kind, ("warn", "due", alert.kind.replace(".", ": ").replace("_", " "), "")
        )
        about = f"{title}: {words.category(alert.key)}" if alert.key in words.CATEGORIES else str(title)
        times = _(" Since %(day)s, %(n)d times.") % {"day": _day(alert.raised_at), "n": alert.count}
        view = _VIEWS.get(alert.kind.partition(".")[0])
        yield Matter(icon, state, about, f"{advice}{times}", reverse(view, kwargs={"slug": slug}) if view else "")


def _changes(organization_id: UUID, slug: str, now: datetime) -> Iterator[Matter]:
    waiting = PeriodVersion.objects.filter(
        organization_id=organization_id, effective_at__gt=now, undone_at__isnull=True
    ).order_by("effective_at")
    for version in waiting[:SHOWN]:
        try:
            period = words.period(version.period)
        except NotAPeriod:
            continue
        local = timezone.localtime(version.effective_at)
        moment = f"{date_format(local, 'j M Y, H:i')} {local.tzname()}"
        title = _("%(what)s go to %(period)s on %(moment)s") % {
            "what": words.category(version.category),
            "period": period,
            "moment": moment,
        }
        left = version.effective_at - now
        advice = _("Can still be undone for %(hours)d h %(minutes)d min.") % {
            "hours": left.seconds // 3600 + left.days * 24,
            "minutes": left.seconds // 60 % 60,
        }
        yield Matter("undo", "kept", title, advice, reverse("retention:settings", kwargs={"slug": slug}))


def _reviews(organization_id: UUID, slug: str) -> Iterator[Matter]:
    for hold in holds.in_force(organization_id).filter(review_on__lte=timezone.localdate())[:SHOWN]:
        title = _("A hold is up for review since %(day)s") % {"day": date_format(hold.review_on, "j M Y")}
        href = reverse("retention:hold", kwargs={"slug": slug, "hold_id": hold.pk})
        yield Matter("lock", "held", title, _("What it keeps stays past its time until somebody decides."), href)


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y")
