"""What waits for somebody, in sentences.

Open alerts, broken connections, agents nobody has decided about, changes in their grace window, holds due for review,
and kinds of data that are never purged because nobody has given them a period.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import dates
from agents.models import Agent, AgentRevision, AgentState, ConnectionState, ProviderConnection
from ground.audit.models import Alert
from ground.inventory import holds
from ground.profiles import NotAPeriod
from retention import periods, table, words
from retention.planned import Kind
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
    "calls.poll_incomplete": (
        "share",
        "due",
        gettext_lazy("A provider’s list of calls could not be read to its end"),
        gettext_lazy("Very many calls ended in the same second: some of them may be missing here."),
    ),
    "calls.poll_refused": (
        "key",
        "due",
        gettext_lazy("A provider refused the key of a connection"),
        gettext_lazy("Calls whose delivery was lost are not made up for until the key is right."),
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
    "delivery.transport_down": (
        "mail",
        "due",
        gettext_lazy("E-mail cannot be sent"),
        gettext_lazy("Messages wait and are sent as soon as the mail server answers."),
    ),
    "destruction.objects_refused": (
        "database",
        "due",
        gettext_lazy("The object store refuses to remove something"),
        gettext_lazy("It is unreadable already; the operator has been told."),
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
    "retention.keys_lost": (
        "key",
        "overdue",
        gettext_lazy("Records have lost their key"),
        gettext_lazy("They cannot be read any more although nobody destroyed them. The operator has been told."),
    ),
    "retention.objects_missing": (
        "database",
        "overdue",
        gettext_lazy("Recordings are missing in the store"),
        gettext_lazy("Their rows are here, their bytes are not. The operator has been told."),
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
_OF_A_CONNECTION = {"calls.event_quarantined", "calls.poll_incomplete", "calls.poll_refused", "calls.pull_refused"}
REVIEW_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Matter:
    """One line of the list. `state` colours the icon; `href` "" leads nowhere."""

    icon: str
    state: str
    title: str
    words: str
    href: str = ""


def matters(
    organization_id: UUID, slug: str, now: datetime, standing: Mapping[str, periods.Standing] | None = None
) -> list[Matter]:
    """The most urgent first, at most eight. Needs the organization's context.

    `standing`: of at least the categories that apply, where the caller has asked already.
    """
    standing = standing or periods.standing(organization_id, table.applying(operator=False), now)
    found = [
        *_plans(organization_id, slug),
        *_alerts(organization_id, slug),
        *_gaps(standing, slug),
        *_changes(standing, slug, now),
        *_reviews(organization_id, slug),
        *_agents_and_connections(organization_id, slug),
    ]
    return found[:SHOWN]


def _plans(organization_id: UUID, slug: str) -> Iterator[Matter]:
    """About to be destroyed: the first thing to see, for it is the one that cannot be taken back later."""
    for planned in list(grace.waiting(organization_id))[:SHOWN]:
        is_contact = planned.object_type == Kind.CONTACT
        title = _("A contact is destroyed at %(hour)s") if is_contact else _("A call is destroyed at %(hour)s")
        title %= {"hour": dates.clock(planned.due_at)}
        page = "contacts:contact" if is_contact else "calls:call"
        href = reverse(page, args=[slug, planned.object_id])
        yield Matter("wait", "overdue", title, _("Until then it can be undone."), href)


def _alerts(organization_id: UUID, slug: str) -> Iterator[Matter]:
    for alert in Alert.objects.open().filter(organization_id=organization_id).order_by("-last_at")[:SHOWN]:
        icon, state, title, advice = _ALERTS.get(
            alert.kind, ("warn", "due", alert.kind.replace(".", ": ").replace("_", " "), "")
        )
        about = f"{title}: {words.category(alert.key)}" if alert.key in words.CATEGORIES else str(title)
        times = _(" Since %(day)s, %(n)d times.") % {"day": dates.day(alert.raised_at), "n": alert.count}
        yield Matter(icon, state, about, f"{advice}{times}", _leads_to(alert, slug))


def _leads_to(alert: Alert, slug: str) -> str:
    """The page where something can be done about an alert, "" when there is none."""
    if alert.kind in _OF_A_CONNECTION:
        try:
            return reverse("agents:connection", args=[slug, UUID(alert.key)])
        except ValueError:
            return reverse("agents:list", args=[slug])
    view = _VIEWS.get(alert.kind.partition(".")[0])
    return reverse(view, kwargs={"slug": slug}) if view else ""


def _gaps(standing: Mapping[str, periods.Standing], slug: str) -> Iterator[Matter]:
    """Kinds of data the operator's text gives no period for, and nobody has decided one: they are never purged."""
    applying = table.applying(operator=False)
    gaps = [
        words.category(category)
        for category, one in standing.items()
        if category in applying and one.rule.default is None and not (one.effective or one.damaged or one.waiting)
    ]
    if gaps:
        title = ngettext("%(n)d kind of data has no period", "%(n)d kinds of data have no period", len(gaps))
        advice = _("The operator’s text gives none and nobody has decided: nothing of it is ever purged. %(kinds)s.")
        href = reverse("retention:settings", kwargs={"slug": slug})
        yield Matter("clock", "due", title % {"n": len(gaps)}, advice % {"kinds": ", ".join(gaps)}, href)


def _agents_and_connections(organization_id: UUID, slug: str) -> Iterator[Matter]:
    """Agents that came with a call, and nobody has published anything for; connections that refuse what comes."""
    published = AgentRevision.objects.filter(organization_id=organization_id, agent_id=OuterRef("pk"))
    agents = Agent.objects.filter(
        ~Exists(published), organization_id=organization_id, state=AgentState.ACTIVE, seen_first=True
    )
    off = ProviderConnection.objects.filter(
        organization_id=organization_id, state=ConnectionState.DISABLED, closed_at__isnull=True
    )
    columns = ("is_agent", "moment", "pk", "name")
    both = agents.annotate(is_agent=Value(True), moment=F("created_at")).values_list(*columns)
    both = both.union(off.annotate(is_agent=Value(False), moment=F("changed_at")).values_list(*columns), all=True)
    for is_agent, moment, identifier, name in both.order_by("-is_agent", "-moment")[:SHOWN]:
        if is_agent:
            title = _("Decide what %(name)s may keep") % {"name": name}
            advice = _(
                "It is known from its first call on %(day)s. Its recordings are refused until a revision allows them."
            )
            href = reverse("agents:agent", args=[slug, identifier])
            yield Matter("wave", "due", title, advice % {"day": dates.day(moment)}, href)
        else:
            title = _("%(name)s refuses calls") % {"name": name}
            advice = _("It was switched off on %(day)s; its provider is told so.") % {"day": dates.day(moment)}
            yield Matter("stop", "gone", title, advice, reverse("agents:connection", args=[slug, identifier]))


def _changes(standing: Mapping[str, periods.Standing], slug: str, now: datetime) -> Iterator[Matter]:
    waiting = [one.waiting for one in standing.values() if one.waiting is not None]
    for version in sorted(waiting, key=attrgetter("effective_at")):
        try:
            period = words.period(version.period)
        except NotAPeriod:
            continue
        title = _("%(what)s go to %(period)s on %(moment)s") % {
            "what": words.category(version.category),
            "period": period,
            "moment": dates.moment(version.effective_at),
        }
        left = version.effective_at - now
        advice = _("Can still be undone for %(hours)d h %(minutes)d min.") % {
            "hours": left.seconds // 3600 + left.days * 24,
            "minutes": left.seconds // 60 % 60,
        }
        yield Matter("undo", "kept", title, advice, reverse("retention:settings", kwargs={"slug": slug}))


def _reviews(organization_id: UUID, slug: str) -> Iterator[Matter]:
    today = timezone.localdate()
    for hold in (
        holds.in_force(organization_id).filter(review_on__lte=today + REVIEW_SOON).order_by("review_on")[:SHOWN]
    ):
        over = hold.review_on <= today
        title = _("A hold is up for review since %(day)s") if over else _("A hold is up for review on %(day)s")
        title %= {"day": dates.day(hold.review_on)}
        href = reverse("retention:hold", kwargs={"slug": slug, "hold_id": hold.pk})
        yield Matter("lock", "held", title, _("What it keeps stays past its time until somebody decides."), href)
