"""Notices: told in the transaction of what happened, read on a page, mailed as the person wishes.

`tell` writes rows and, where somebody wants an e-mail at once, a job; it opens no key and asks no mail server, so it
may stand in any transaction. What happened is told once: the same `once` again changes nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import PERMISSIONS
from delivery import kinds
from delivery.kinds import Facts
from delivery.models import Channel, Notice
from delivery.services import preferences
from ground import audit, jobs
from ground.tenancy import Actor, acting_for, current_organization
from ground.tenancy.actors import ActorKind

MAIL_JOB = "delivery.mail_notices"
NEWS = timedelta(days=1)  # what is older is listed, not mailed
STALE = timedelta(days=7)  # what is older (history taken over from elsewhere) is no news to anybody
MOST = 99  # the bell counts no further


def tell(
    organization_id: UUID,
    name: str,
    *,
    once: str,
    at: datetime | None = None,
    object_id: UUID | None = None,
    about: str = "",
    to: Iterable[UUID] | None = None,
    by: Actor | None = None,
    counts: Mapping[str, Any] | None = None,
) -> int:
    """Everybody whose role carries the kind's permission knows after the caller's transaction; how many were new.

    `once`: what happened, as a word or id. `to`: only these, if they are members. `by`: who did it is not told.
    """
    kind = kinds.find(name)
    if kind is None:
        raise LookupError(f"{name} is not declared")
    moment = at or timezone.now()
    if timezone.now() - moment > STALE:
        return 0
    with acting_for(organization_id):
        people = _people(organization_id, kind.permission, to, by)
        if not people:
            return 0
        wanted = preferences.channels(kind, people) if timezone.now() - moment < NEWS else {}
        rows = [
            Notice(
                organization_id=organization_id,
                person_id=person,
                kind=name,
                once=audit.token(once, "once"),
                object_id=object_id,
                about=audit.token(about, "about") if about else "",
                counts=audit.canonical(counts or {}),
                at=moment,
                channel=wanted.get(person, Channel.NEVER),
            )
            for person in people
        ]
        known = set(_told(organization_id, name, once).values_list("person_id", flat=True))
        Notice.objects.bulk_create([row for row in rows if row.person_id not in known], ignore_conflicts=True)
        if any(row.channel == Channel.NOW and row.person_id not in known for row in rows):
            jobs.enqueue(MAIL_JOB, organization_id=organization_id)
    return len([row for row in rows if row.person_id not in known])


def _told(organization_id: UUID, name: str, once: str) -> "QuerySet[Notice]":
    return Notice.objects.filter(organization_id=organization_id, kind=name, once=once)


def _people(organization_id: UUID, permission: str, to: Iterable[UUID] | None, by: Actor | None) -> list[UUID]:
    members = Membership.objects.filter(
        organization_id=organization_id, role__in=PERMISSIONS[permission][1], user__is_active=True
    )
    if to is not None:
        members = members.filter(user_id__in=list(to))
    if by is not None and by.kind == ActorKind.MEMBER and to is None:
        members = members.exclude(user_id=by.id)
    return list(members.order_by("user_id").values_list("user_id", flat=True))


# ------------------------------------------------------------------ reading
def of_person(organization_id: UUID, person_id: UUID) -> "QuerySet[Notice]":
    """One person's notices in one organization. Needs the organization's context."""
    return Notice.objects.filter(organization_id=organization_id, person_id=person_id)


def unread(organization_id: UUID, person_id: UUID) -> int:
    """How many are unread, counted to one beyond `MOST`. One question where the caller acts for the organization."""
    if current_organization() != organization_id:
        with acting_for(organization_id):
            return unread(organization_id, person_id)
    rows = of_person(organization_id, person_id).filter(read_at__isnull=True)
    return rows.order_by().values("pk")[: MOST + 1].count()


def facts(notice: Notice) -> Facts:
    return Facts(notice.object_id, notice.about, json.loads(notice.counts), notice.at)


def mark_read(*, organization_id: UUID, person_id: UUID, at: datetime, ids: Sequence[UUID] | None = None) -> int:
    """These notices of the person (all of them for None) count as read; how many did not before."""
    with acting_for(organization_id):
        rows = of_person(organization_id, person_id).filter(read_at__isnull=True)
        if ids is not None:
            rows = rows.filter(pk__in=ids)
        return rows.update(read_at=at)


def forget_person(person_id: UUID, organization_ids: Iterable[UUID]) -> None:
    """What was told to somebody whose account is closed is gone."""
    for organization_id in organization_ids:
        with acting_for(organization_id):
            of_person(organization_id, person_id).delete()


def mark_unread(*, organization_id: UUID, person_id: UUID, notice_id: UUID) -> int:
    """The notice counts as unread again."""
    with acting_for(organization_id):
        return of_person(organization_id, person_id).filter(pk=notice_id).update(read_at=None)
