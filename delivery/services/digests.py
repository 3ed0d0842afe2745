"""E-mails about notices: at once, or one a day. They say what happened in plain words and lead to the page; like the
notices they hold nobody's name or number.

The e-mail is queued in the transaction that marks its notices as mailed, so each is mailed once. What was read on the
page meanwhile is not mailed. Somebody who left the organization or may no longer sign in gets nothing.
"""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import dates, letters
from accounts.letters import Entry, Letter
from accounts.models import Membership, Organization, User
from accounts.permissions import allows
from delivery import kinds
from delivery.models import Channel, Notice
from delivery.services import notices
from ground.tenancy import acting_for

JOB = "delivery.mail_digests"
MORNING = 7  # o'clock, in the organization's own time
_LISTED = 30
_STEP = 200


def mail_now(organization_id: UUID) -> int:
    """Queue one e-mail for everybody with notices wanted at once; how many e-mails. Safe to repeat."""
    return _mail(organization_id, Channel.NOW)


def mail_daily(organization_id: UUID) -> int:
    """Queue the day's e-mail for everybody with notices wanted once a day; how many e-mails. Safe to repeat."""
    return _mail(organization_id, Channel.DAILY)


def _mail(organization_id: UUID, channel: Channel) -> int:
    organization = Organization.objects.get(pk=organization_id)
    with acting_for(organization_id):
        people = list(_waiting(organization_id, channel).order_by("person_id").values_list("person_id").distinct())
    return sum(_mail_person(organization, person_id, channel) for (person_id,) in people)


def _waiting(organization_id: UUID, channel: Channel) -> "QuerySet[Notice]":
    return Notice.objects.filter(organization_id=organization_id, channel=channel, mailed_at__isnull=True)


def _mail_person(organization: Organization, person_id: UUID, channel: Channel) -> bool:
    with acting_for(organization.pk):
        rows = _waiting(organization.pk, channel).filter(person_id=person_id).select_for_update(skip_locked=True)
        found = list(rows.order_by("id")[:_STEP])
        Notice.objects.filter(pk__in=[notice.pk for notice in found]).update(mailed_at=timezone.now())
        place = (
            Membership.objects.filter(organization_id=organization.pk, user_id=person_id, user__is_active=True)
            .select_related("user")
            .first()
        )
        news = [notice for notice in found if notice.read_at is None and _may_see(place, notice)]
        if place is None or not news:
            return False
        user = place.user
        letters.write(
            lambda: _letter(organization, user, news, channel),
            to=user.email,
            language=user.language,
            kind="delivery.digest" if channel == Channel.DAILY else "delivery.notice",
        ).send()
    return True


def _may_see(place: Membership | None, notice: Notice) -> bool:
    kind = kinds.find(notice.kind)
    return place is not None and kind is not None and allows(place.role, kind.permission)


def _letter(organization: Organization, user: User, news: list[Notice], channel: Channel) -> Letter:
    page = letters.address(reverse("delivery:notices", kwargs={"slug": organization.slug}))
    choice = letters.address(reverse("notifications"))
    why = _("You get this because of what you chose to hear of by e-mail.")
    second = (_("Change what comes by e-mail"), choice)
    named = {"name": organization.name}
    entries = [_entry(organization, notice) for notice in news[:_LISTED]]
    if channel == Channel.NOW and len(entries) == 1:
        (only,) = entries
        return Letter(
            subject=f"{organization.name}: {only.title}",
            title=only.title,
            paragraphs=tuple(filter(None, [only.words])),
            facts=((_("Organization"), organization.name), (_("When"), only.when)),
            action=(_("Open it"), only.href or page),
            second=second,
            why=why,
        )
    count = ngettext("%(n)d thing to know", "%(n)d things to know", len(news)) % {"n": len(news)}
    title = _("The day at %(name)s") % named if channel == Channel.DAILY else f"{organization.name}: {count}"
    more = len(news) - len(entries)
    closing = (
        [ngettext("And %(n)d more on the page.", "And %(n)d more on the page.", more) % {"n": more}] if more else []
    )
    return Letter(
        subject=f"{organization.name}: {count}",
        title=title,
        paragraphs=() if channel == Channel.NOW else (f"{count}.",),
        entries=tuple(entries),
        closing=tuple(closing),
        action=(_("See all notices"), page),
        second=second,
        why=why,
    )


def _entry(organization: Organization, notice: Notice) -> Entry:
    kind = kinds.find(notice.kind)
    assert kind is not None
    facts = notices.facts(notice)
    said, href = kind.say(facts), kind.href(facts, organization.slug)
    when = dates.moment(notice.at, ZoneInfo(organization.time_zone))
    return Entry(said.title, said.words, f"{settings.PUBLIC_BASE_URL}{href}" if href else "", when)
