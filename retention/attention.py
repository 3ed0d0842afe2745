"""What waits for somebody, in sentences.

Open alerts, broken connections, agents nobody has decided about, changes in their grace window, holds due for review,
and kinds of data that are never purged because nobody has given them a period.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import dates
from agents.models import Agent, AgentRevision, AgentState, ConnectionState, ProviderConnection
from delivery import kinds
from ground.audit.models import Alert
from ground.inventory import holds
from ground.profiles import NotAPeriod
from retention import periods, table, words
from retention.planned import Kind
from retention.services import grace

SHOWN = 8

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
    """In the words of the notice about it."""
    for alert in Alert.objects.open().filter(organization_id=organization_id).order_by("-last_at")[:SHOWN]:
        facts = kinds.alert_facts(alert.key, json.loads(alert.details), alert.last_at)
        times = _(" Since %(day)s, %(n)d times.") % {"day": dates.day(alert.raised_at), "n": alert.count}
        wording = kinds.wording_of(alert.kind)
        if wording is None:
            yield Matter("warn", "due", alert.kind.replace(".", ": ").replace("_", " "), times)
        else:
            said = wording.say(facts)
            yield Matter(wording.icon, wording.state, said.title, f"{said.words}{times}", wording.href(facts, slug))


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
