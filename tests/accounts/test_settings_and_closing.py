"""Settings of an organization: changed, undone, closed with a fortnight's grace, kept open."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import tasks
from accounts.exceptions import OperatorStays, OrganizationClosed, OwnersOnly
from accounts.models import Organization, OrganizationState
from accounts.services import api_keys, organizations
from accounts.services.organizations import GRACE, Settings, close_due, keep_open, start_closing
from ground import audit
from ground.tenancy import Actor, acting_for
from tests import factories

pytestmark = pytest.mark.django_db

GIVEN = {
    "name": "Maison Neuve",
    "time_zone": "Europe/Berlin",
    "country": "de",
    "language": "de",
    "privacy_contact": "privacy@neuve.example",
}


def at(people, name):
    return reverse(f"accounts:{name}", args=[people.home.slug])


def events(organization, kind):
    with acting_for(organization.pk):
        return audit.events(organization.pk).filter(kind=kind).count()


def test_settings_are_changed_with_an_event_and_undone_with_another(people, as_):
    before = Settings.of(people.home)
    browser = as_(people.admin)
    shown = browser.post(at(people, "settings"), GIVEN, follow=True).content.decode()
    people.home.refresh_from_db()
    assert Settings.of(people.home) == Settings(**{**GIVEN, "country": "DE"})
    assert "Undo" in shown
    assert events(people.home, "accounts.settings_changed") == 1
    browser.post(at(people, "settings_undo"))
    people.home.refresh_from_db()
    assert Settings.of(people.home) == before
    assert events(people.home, "accounts.settings_changed") == 2
    assert (
        reverse("accounts:settings_undo", args=[people.home.slug])
        not in browser.get(at(people, "settings")).content.decode()
    )


def test_no_name_and_no_address_stand_in_the_event(people, as_):
    as_(people.owner).post(at(people, "settings"), GIVEN)
    with acting_for(people.home.pk):
        event = audit.events(people.home.pk).get(kind="accounts.settings_changed")
    assert set(json.loads(event.payload)["changed"]) == {"name", "time_zone", "country", "language", "privacy_contact"}
    assert "neuve" not in str(event.payload)


def test_saving_what_is_there_writes_nothing(people, as_):
    now = Settings.of(people.home)
    values = {name: getattr(now, name) for name in GIVEN}
    as_(people.owner).post(at(people, "settings"), values)
    assert events(people.home, "accounts.settings_changed") == 0


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars/Base"), ("country", "DEU"), ("privacy_contact", "nobody"), ("name", "")]
)
def test_what_makes_no_sense_is_refused_in_words_that_take_focus(people, as_, field, value):
    shown = as_(people.owner).post(at(people, "settings"), {**GIVEN, field: value})
    assert b"data-error-summary" in shown.content
    people.home.refresh_from_db()
    assert people.home.name == "Home"


def test_members_read_and_do_not_change(people, as_):
    for person in (people.member, people.auditor):
        assert b"Europe/Paris" in as_(person).get(at(people, "settings")).content
        for name in ("settings", "settings_undo", "close", "keep_open"):
            assert as_(person).post(at(people, name), GIVEN).status_code == 403
    assert as_(people.admin).get(at(people, "close")).status_code == 403
    assert as_(people.outsider).post(at(people, "close"), {"typed": "x"}).status_code == 404
    people.home.refresh_from_db()
    assert (people.home.name, people.home.state) == ("Home", OrganizationState.ACTIVE)


def test_closing_is_typed_and_says_what_happens(people, as_):
    browser = as_(people.owner)
    page = browser.get(at(people, "close")).content.decode()
    assert "every API key is revoked" in page
    assert "destroys nothing at once" in page
    for wrong in ({"typed": "nope", "understood": "on"}, {"typed": people.home.slug}):
        answer = browser.post(at(people, "close"), wrong)
        assert answer.status_code == 422
        assert b"data-error-summary" in answer.content
    people.home.refresh_from_db()
    assert people.home.is_open


def test_the_grace_shows_everywhere_and_is_taken_back(people, as_):
    browser = as_(people.owner)
    browser.post(at(people, "close"), {"typed": people.home.slug, "understood": "on"})
    people.home.refresh_from_db()
    assert people.home.state == OrganizationState.CLOSING
    assert timezone.now() + GRACE - timedelta(minutes=1) < people.home.closes_at < timezone.now() + GRACE
    assert "Keep it open" in browser.get(at(people, "team")).content.decode()
    seen_by_member = as_(people.member).get(at(people, "team")).content.decode()
    assert "closes on" in seen_by_member
    assert "Keep it open" not in seen_by_member
    assert close_due(at=timezone.now()) == 0
    browser.post(at(people, "keep_open"))
    people.home.refresh_from_db()
    assert (people.home.state, people.home.closes_at) == (OrganizationState.ACTIVE, None)
    assert events(people.home, "accounts.organization_kept_open") == 1
    assert close_due(at=timezone.now() + GRACE * 2) == 0


def test_when_the_grace_is_over_nobody_gets_in_and_keys_are_revoked(people, as_):
    by, now = Actor.member(people.owner.pk), timezone.now()
    key = api_keys.create(organization_id=people.home.pk, name="crm", scopes=["calls.read"], by=by, at=now)
    start_closing(organization_id=people.home.pk, by=by, at=now - GRACE - timedelta(minutes=1))
    assert api_keys.recognise(key.text, at=now) is not None
    tasks.tidy()
    tasks.tidy()
    people.home.refresh_from_db()
    assert (people.home.state, people.home.closes_at) == (OrganizationState.CLOSED, None)
    assert api_keys.recognise(key.text, at=now) is None
    assert as_(people.owner).get(at(people, "settings")).status_code == 404
    assert events(people.home, "accounts.organization_closed") == 1
    people.other.refresh_from_db()
    assert people.other.is_open


def test_only_owners_close_and_the_operator_stays(people, operator):
    with pytest.raises(OwnersOnly):
        start_closing(organization_id=people.home.pk, by=Actor.member(people.admin.pk), at=timezone.now())
    with pytest.raises(OperatorStays):
        start_closing(organization_id=operator.pk, by=Actor.system("test"), at=timezone.now())
    with pytest.raises(OrganizationClosed):
        keep_open(organization_id=people.home.pk, by=Actor.member(people.owner.pk), at=timezone.now())
    assert Organization.objects.filter(state=OrganizationState.ACTIVE).count() >= 3


def test_a_closing_organization_makes_no_new_key(people, as_):
    organizations.start_closing(organization_id=people.home.pk, by=Actor.member(people.owner.pk), at=timezone.now())
    shown = as_(people.owner).post(
        at(people, "key_create"), {"name": "late", "scopes": ["calls.read"], "days": "30"}, follow=True
    )
    assert "no new key can be made" in shown.content.decode()


def test_revoking_a_key_is_asked_first(people, as_):
    by, now = Actor.member(people.owner.pk), timezone.now()
    key = api_keys.create(organization_id=people.home.pk, name="crm", scopes=["calls.read"], by=by, at=now)
    where = reverse("accounts:key_revoke", args=[people.home.slug, key.row.pk])
    browser = as_(people.admin)
    assert "stops at once" in browser.get(where).content.decode()
    assert api_keys.recognise(key.text, at=now) is not None
    for denied, status in ((people.auditor, 403), (people.outsider, 404)):
        assert as_(denied).post(where).status_code == status
    browser.post(where)
    assert api_keys.recognise(key.text, at=now) is None
    elsewhere = reverse("accounts:key_revoke", args=[people.other.slug, key.row.pk])
    assert as_(factories.member(people.other, "owner")).post(elsewhere).status_code == 302


def test_keys_are_filtered_by_state(people, as_):
    by, now = Actor.member(people.owner.pk), timezone.now()
    make = {"organization_id": people.home.pk, "scopes": ["calls.read"], "by": by}
    live = api_keys.create(name="live-one", at=now, **make)
    gone = api_keys.create(name="gone-one", at=now, **make)
    api_keys.create(name="over-one", at=now - timedelta(days=9), expires_at=now - timedelta(days=1), **make)
    api_keys.revoke(organization_id=people.home.pk, key_id=gone.row.pk, by=by, at=now)
    browser = as_(people.owner)
    for state, wanted in (("live", "live-one"), ("revoked", "gone-one"), ("over", "over-one"), ("unused", "live-one")):
        shown = browser.get(at(people, "developers") + f"?state={state}").content.decode()
        assert [name for name in ("live-one", "gone-one", "over-one") if name in shown] == [wanted]
    assert live.text not in shown
