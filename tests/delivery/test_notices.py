"""Notices: who is told, once, what may stand in them, and how they leave by e-mail."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Membership, Role
from accounts.services import api_keys, members
from delivery import kinds, tasks
from delivery.models import Channel, Email, Notice, Preference
from delivery.services import digests, emails, notices, preferences
from ground import audit, jobs
from ground.audit.exceptions import PersonalDataInAudit
from ground.jobs.models import Job
from ground.tenancy import Actor, acting_for
from tests import factories
from tests.delivery.conftest import run_jobs

pytestmark = pytest.mark.django_db(transaction=True)
NEEDED = "retention.approval_needed"


def told(organization, person=None):
    with acting_for(organization.pk):
        rows = Notice.objects.order_by("id")
        return list(rows.filter(person_id=person.pk) if person else rows)


def prefer(person, **wanted):
    preferences.choose(user=person, wanted={name.replace("__", "."): channel for name, channel in wanted.items()})


def test_an_alert_tells_those_who_may_act_and_nobody_else(people, operator, queue):
    audit.alerts.raise_alert(people.home.pk, NEEDED, key="recording", rows=812)
    assert {notice.person_id for notice in told(people.home)} == {people.owner.pk, people.admin.pk}
    assert told(people.other) == []
    notice = told(people.home, people.owner)[0]
    assert (notice.kind, notice.about, json.loads(notice.counts)) == (NEEDED, "recording", {"rows": 812})
    assert "812" in kinds.find(NEEDED).say(notices.facts(notice)).words


def test_an_alert_that_counts_up_is_told_once_and_again_when_it_opens_again(people, operator, queue):
    for _ in range(3):
        audit.alerts.raise_alert(people.home.pk, NEEDED, key="recording", rows=812)
    assert len(told(people.home, people.owner)) == 1
    audit.alerts.resolve(people.home.pk, NEEDED, key="recording")
    audit.alerts.raise_alert(people.home.pk, NEEDED, key="recording", rows=900)
    assert len(told(people.home, people.owner)) == 2


def test_an_alert_for_every_record_is_told_once_a_day(people, operator, queue):
    for _ in range(5):
        audit.alerts.raise_alert(people.home.pk, "destruction.set_aside", key=str(uuid4()), error="X")
    assert len(told(people.home, people.owner)) == 1


def test_an_alert_nobody_declared_is_told_to_nobody(people, operator, queue):
    audit.alerts.raise_alert(people.home.pk, "jobs.failed", "delivery.send_email")
    assert told(people.home) == []


def test_what_is_undone_was_never_told(people, operator, queue):
    with pytest.raises(ZeroDivisionError), acting_for(people.home.pk):
        notices.tell(people.home.pk, NEEDED, once="x")
        raise ZeroDivisionError
    assert told(people.home) == []


def test_telling_again_changes_nothing_not_even_for_who_read_it(people, operator, queue):
    assert notices.tell(people.home.pk, NEEDED, once="x") == 2
    notices.mark_read(organization_id=people.home.pk, person_id=people.owner.pk, at=timezone.now())
    assert notices.tell(people.home.pk, NEEDED, once="x") == 0
    assert told(people.home, people.owner)[0].read_at is not None


def test_to_names_members_only_and_who_did_it_is_not_told(people, operator, queue):
    assert notices.tell(people.home.pk, NEEDED, once="a", to=[people.owner.pk, people.outsider.pk]) == 1
    assert notices.tell(people.home.pk, NEEDED, once="b", by=Actor.member(people.owner.pk)) == 1
    assert [notice.once for notice in told(people.home, people.owner)] == ["a"]
    assert told(people.home, people.outsider) == []


@pytest.mark.parametrize("value", ["anna@example.org", "+33 6 12 34 56 78", "Anna Weber"])
def test_nobodys_name_number_or_address_may_stand_in_a_notice(people, operator, queue, value):
    with pytest.raises(PersonalDataInAudit):
        notices.tell(people.home.pk, NEEDED, once="x", counts={"who": value})
    with pytest.raises(PersonalDataInAudit):
        notices.tell(people.home.pk, NEEDED, once="x", about=value)
    assert told(people.home) == []


def test_every_kind_says_something_in_words_and_leads_somewhere(people):
    for kind in kinds.declared():
        facts = kinds.Facts(uuid4(), "recording", {"n": 30, "unit": "day", "rows": 7, "seconds": 7300}, timezone.now())
        said = kind.say(facts)
        assert said.title and "%(" not in said.title + said.words, kind.name
        assert kind.href(facts, "home").startswith("/o/home/"), kind.name
        assert str(kind.label)


# ------------------------------------------------------------------ what lower floors tell
def test_a_new_api_key_and_a_new_member_are_told(people, operator, queue):
    now, by = timezone.now(), Actor.member(people.owner.pk)
    made = api_keys.create(organization_id=people.home.pk, name="n", scopes=["calls.read"], by=by, at=now)
    (notice,) = told(people.home)
    assert (notice.person_id, notice.object_id, notice.kind) == (
        people.admin.pk,
        made.row.pk,
        "accounts.api_key_created",
    )
    joined = factories.user()
    members.add(organization_id=people.home.pk, user=joined, role=Role.ADMIN, by=by, at=now)
    kinds_told = {(notice.person_id, notice.kind, notice.about) for notice in told(people.home)[1:]}
    assert kinds_told == {
        (people.owner.pk, "accounts.member_joined", "admin"),
        (people.admin.pk, "accounts.member_joined", "admin"),
    }


# ------------------------------------------------------------------ by e-mail
def test_at_once_by_job_sealed_in_the_organization_and_only_once(people, operator, queue):
    notices.tell(people.home.pk, NEEDED, once="x", about="recording", counts={"rows": 812}, to=[people.owner.pk])
    assert run_jobs(people.home.pk, notices.MAIL_JOB) == [jobs.Outcome.DONE]
    with acting_for(people.home.pk):
        assert [email.kind for email in Email.objects.all()] == ["delivery.notice"]
    assert run_jobs(people.home.pk, emails.JOB) == [jobs.Outcome.DONE]
    (message,) = mail.outbox
    assert message.to == [people.owner.email]
    assert message.subject.startswith("Home: ")
    assert "812" in message.body and "812" in message.alternatives[0].content
    assert "/account/notifications/" in message.body
    assert digests.mail_now(people.home.pk) == 0


def test_once_a_day_waits_for_the_morning_and_gathers(people, operator, queue):
    prefer(people.owner, retention__approval_needed=Channel.DAILY)
    for number in range(3):
        notices.tell(people.home.pk, NEEDED, once=str(number), about="recording", to=[people.owner.pk])
    assert run_jobs(people.home.pk) == []
    assert digests.mail_daily(people.home.pk) == 1
    assert digests.mail_daily(people.home.pk) == 0
    run_jobs(people.home.pk, emails.JOB)
    (message,) = mail.outbox
    assert message.body.count("A large purge waits for approval") == 3


def test_never_is_never(people, operator, queue):
    prefer(people.owner, retention__approval_needed=Channel.NEVER)
    notices.tell(people.home.pk, NEEDED, once="x", to=[people.owner.pk])
    assert (digests.mail_now(people.home.pk), digests.mail_daily(people.home.pk)) == (0, 0)
    assert len(told(people.home, people.owner)) == 1


def test_what_was_read_meanwhile_is_not_mailed(people, operator, queue):
    prefer(people.owner, retention__approval_needed=Channel.DAILY)
    notices.tell(people.home.pk, NEEDED, once="x", to=[people.owner.pk])
    notices.mark_read(organization_id=people.home.pk, person_id=people.owner.pk, at=timezone.now())
    assert digests.mail_daily(people.home.pk) == 0


@pytest.mark.parametrize("gone", ["left", "barred", "demoted"])
def test_who_may_not_know_any_more_gets_no_email(people, operator, queue, gone):
    notices.tell(people.home.pk, NEEDED, once="x", to=[people.admin.pk])
    with acting_for(people.home.pk):
        place = Membership.objects.filter(user=people.admin)
        place.delete() if gone == "left" else place.update(role=Role.MEMBER) if gone == "demoted" else None
    if gone == "barred":
        people.admin.is_active = False
        people.admin.save()
    assert digests.mail_now(people.home.pk) == 0
    with acting_for(people.home.pk):
        assert Email.objects.count() == 0


def test_old_news_is_listed_and_not_mailed(people, operator, queue):
    long_ago = timezone.now() - timedelta(days=3)
    notices.tell(people.home.pk, NEEDED, once="x", at=long_ago, to=[people.owner.pk])
    (notice,) = told(people.home, people.owner)
    assert (notice.channel, notice.at) == (Channel.NEVER, long_ago)
    with acting_for(people.home.pk):
        assert not Job.objects.filter(kind=notices.MAIL_JOB).exists()


def test_history_taken_over_from_elsewhere_is_no_news(people, operator, queue):
    assert notices.tell(people.home.pk, NEEDED, once="x", at=timezone.now() - timedelta(days=200)) == 0
    assert told(people.home) == []


def test_an_outage_of_the_keys_mails_nothing_twice_and_loses_nothing(people, operator, queue, monkeypatch):
    from ground import vault

    notices.tell(people.home.pk, NEEDED, once="x", to=[people.owner.pk])
    mint = vault.keys.mint

    def away(*arguments, **more):
        raise vault.exceptions.KeyringDown("away")

    monkeypatch.setattr(vault.keys, "mint", away)
    assert run_jobs(people.home.pk, notices.MAIL_JOB) == [jobs.Outcome.RETRY]
    assert told(people.home)[0].mailed_at is None
    monkeypatch.setattr(vault.keys, "mint", mint)
    assert digests.mail_now(people.home.pk) == 1


def test_the_digest_comes_in_the_organizations_morning_once_a_day(people, operator, queue, monkeypatch):
    assert tasks.digest_slot(datetime(2026, 11, 22, 6, 59, tzinfo=UTC)) == ""
    assert tasks.digest_slot(datetime(2026, 11, 22, 7, 0, tzinfo=UTC)) == "daily/2026-11-22"
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 22, 6, 30, tzinfo=UTC))  # 7:30 in Paris
    people.other.time_zone = "America/New_York"
    people.other.save()
    tasks.tend()
    tasks.tend()
    for organization, expected in ((people.home, 1), (people.other, 0)):
        with acting_for(organization.pk):
            assert Job.objects.filter(kind=digests.JOB).count() == expected
            assert Job.objects.filter(kind=tasks.FORGET).count() == 1


def test_only_what_differs_from_the_kinds_own_way_is_stored(people, operator):
    everything = preferences.of_person(people.owner)
    assert everything[NEEDED] == Channel.NOW
    preferences.choose(user=people.owner, wanted=everything)
    assert Preference.objects.count() == 0
    preferences.choose(user=people.owner, wanted={**everything, NEEDED: Channel.NEVER, "gone.kind": Channel.NOW})
    assert list(Preference.objects.values_list("kind", "channel")) == [(NEEDED, "never")]
    assert preferences.of_person(people.admin)[NEEDED] == Channel.NOW
