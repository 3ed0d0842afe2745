"""Members are told of changed periods, changes in force, reviews and purges that wait: once, and only who may know."""

from datetime import timedelta

import pytest
from django.utils import timezone

from delivery.models import Notice
from ground.inventory import HoldScope, holds
from ground.inventory.declarations import ScopeKind
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for, uuid7
from retention.notices import IN_FORCE, REVIEW, SCHEDULED, UNDONE
from retention.services import moments, settings, telling

pytestmark = pytest.mark.django_db(transaction=True)


def told(people, kind):
    with acting_for(people.organization.pk):
        return {notice.person_id for notice in Notice.objects.filter(kind=kind)}


def shorten(people, at):
    return settings.change(
        organization_id=people.organization.pk,
        category="recording",
        period=Period(7, Unit.DAY),
        by=Actor.member(people.owner.pk),
        at=at,
        confirmed_rows=0,
    )


def test_a_change_is_told_to_everybody_but_who_made_it(people):
    shorten(people, timezone.now())
    assert told(people, SCHEDULED) == {people.member.pk, people.auditor.pk}
    assert told(people, IN_FORCE) == set()


def test_undoing_is_told_and_then_nothing_takes_effect(people):
    now = timezone.now()
    shorten(people, now)
    settings.undo(
        organization_id=people.organization.pk, category="recording", by=Actor.member(people.member.pk), at=now
    )
    assert told(people, UNDONE) == {people.owner.pk, people.auditor.pk}
    telling.of_time(people.organization.pk, now=now + timedelta(hours=30))
    assert told(people, IN_FORCE) == set()


def test_a_change_in_force_is_told_once_to_everybody(people):
    now = timezone.now()
    shorten(people, now)
    assert telling.of_time(people.organization.pk, now=now + timedelta(hours=23)) == 0
    assert telling.of_time(people.organization.pk, now=now + timedelta(hours=25)) == 3
    assert telling.of_time(people.organization.pk, now=now + timedelta(hours=26)) == 0
    assert told(people, IN_FORCE) == {people.owner.pk, people.member.pk, people.auditor.pk}


def test_a_longer_period_is_told_as_set_and_not_a_second_time(people):
    now = timezone.now()
    settings.change(
        organization_id=people.organization.pk,
        category="recording",
        period=Period(120, Unit.DAY),
        by=Actor.member(people.owner.pk),
        at=now,
    )
    assert told(people, SCHEDULED) == {people.member.pk, people.auditor.pk}
    telling.of_time(people.organization.pk, now=now + timedelta(hours=25))
    assert told(people, IN_FORCE) == set()


def test_a_review_date_is_told_when_it_has_come_to_those_who_decide(people):
    now = timezone.now()
    hold = holds.place(
        organization_id=people.organization.pk,
        scope=HoldScope(kind=ScopeKind.AGENT, agent_id=uuid7()),
        reason="dispute",
        review_on=now.date() + timedelta(days=3),
        by=Actor.member(people.owner.pk),
        at=now,
    )
    assert telling.of_time(people.organization.pk, now=now) == 0
    moments.settle(people.organization.pk)
    assert told(people, REVIEW) == set()
    assert telling.of_time(people.organization.pk, now=now + timedelta(days=4)) == 1
    assert telling.of_time(people.organization.pk, now=now + timedelta(days=5)) == 0
    assert told(people, REVIEW) == {people.owner.pk}
    holds.release(organization_id=people.organization.pk, hold_id=hold.pk, by=Actor.member(people.owner.pk), at=now)
    assert telling.of_time(people.organization.pk, now=now + timedelta(days=6)) == 0


def test_nobody_elsewhere_is_told_anything(people):
    shorten(people, timezone.now())
    with acting_for(people.other.pk):
        assert not Notice.objects.exists()
