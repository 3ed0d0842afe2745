"""The staff desk: nobody else finds it, it shows figures only, and opening asks for a fresh second factor."""

import pytest
from django.urls import reverse

from accounts.models import StaffSession
from ground import tenancy
from tests import factories
from tests.accounts.test_staff_access import ask, at, browser, kinds, rows

pytestmark = pytest.mark.django_db
ASKED = {
    "purpose": "question",
    "reason": "They asked why a purge is late",
    "reference": "",
    "minutes": "30",
    "content_reason": "",
}


@pytest.fixture
def staff(db):
    return factories.staff(name="Mara Lindqvist")


def addresses(organization, session_id):
    return [
        ("get", reverse("desk:home")),
        ("get", reverse("desk:sessions")),
        ("get", reverse("desk:ask", args=[organization.pk])),
        ("post", reverse("desk:ask", args=[organization.pk])),
        ("post", reverse("desk:end", args=[session_id])),
        ("post", reverse("desk:extend", args=[session_id])),
    ]


def test_nobody_but_staff_finds_the_desk(people, staff, as_):
    session = ask(people.home, staff)
    before = rows(people.home)
    for method, address in addresses(people.home, session.pk):
        for person in (people.owner, people.member, people.outsider):
            assert getattr(as_(person), method)(address, ASKED).status_code == 404
        stranger = getattr(as_(None), method)(address, ASKED)
        assert stranger["Location"].startswith("/account/login/")
    assert rows(people.home) == before
    assert "/desk/" not in as_(people.owner).get(at(people.home, "accounts:overview")).content.decode()


def test_staff_without_a_second_factor_are_led_to_it(people, staff, as_):
    for method, address in addresses(people.home, people.home.pk):
        answer = getattr(as_(staff), method)(address, ASKED)
        assert answer.status_code == 302
        assert answer["Location"] == reverse("mfa_index")
    assert rows(people.home) == []


def test_moments_stand_in_the_zone_of_who_looks(people, staff):
    staff.time_zone = "Asia/Tokyo"
    staff.save()
    ask(people.home, staff)
    assert " JST" in browser(staff).get(reverse("desk:home")).content.decode()


def test_the_list_shows_names_states_and_counts(people, staff):
    page = browser(staff).get(reverse("desk:home")).content.decode()
    assert "Home" in page
    assert "Elsewhere" in page
    assert people.owner.email not in page
    assert "Elsewhere" not in browser(staff).get(reverse("desk:home") + "?q=hom").content.decode()
    assert "Nothing matches" in browser(staff).get(reverse("desk:home") + "?state=closed").content.decode()


def test_opening_asks_for_a_fresh_second_factor(people, staff):
    address = reverse("desk:ask", args=[people.home.pk])
    stale = browser(staff, ago=3600)
    for answer in (stale.get(address), stale.post(address, ASKED)):
        assert answer.status_code == 302
        assert answer["Location"] == reverse("mfa_index")  # this account has no factor on file to confirm
    assert rows(people.home) == []
    assert browser(staff).post(address, ASKED)["Location"] == at(people.home, "overview")
    assert kinds(people.home) == ["accounts.staff_access_opened"]


def test_the_form_says_what_is_missing_and_opens_nothing(people, staff):
    address = reverse("desk:ask", args=[people.home.pk])
    for wrong, field in (
        ({"reason": "short"}, "reason"),
        ({"content": "on"}, "content_reason"),
        ({"content_reason": "because we would like to"}, "content"),
        ({"purpose": "law"}, "reference"),
        ({"minutes": "600"}, "minutes"),
    ):
        answer = browser(staff).post(address, {**ASKED, **wrong})
        assert answer.status_code == 200
        assert field in answer.context["form"].errors
    assert rows(people.home) == []


def test_whoever_is_busy_or_not_welcome_is_told(people, staff, as_):
    as_(people.owner).post(at(people.home, "accounts:staff_rule"), {"rule": "never"})
    answer = browser(staff).post(reverse("desk:ask", args=[people.home.pk]), ASKED)
    assert "lets nobody look" in answer.content.decode()
    ask(people.other, staff)
    by_law = {**ASKED, "purpose": "law", "reference": "Order 7/26"}
    answer = browser(staff).post(reverse("desk:ask", args=[people.home.pk]), by_law)
    assert "another session" in answer.content.decode()
    assert rows(people.home) == []


def test_a_closed_or_unknown_organization_cannot_be_asked(people, staff):
    people.home.state, people.home.closed_at = "closed", people.home.created_at
    people.home.save()
    assert browser(staff).get(reverse("desk:ask", args=[people.home.pk])).status_code == 404


def test_ending_is_for_ones_own_session(people, staff):
    session = ask(people.home, staff)
    other = browser(factories.staff())
    assert other.post(reverse("desk:end", args=[session.pk])).status_code == 404
    assert other.post(reverse("desk:extend", args=[session.pk])).status_code == 404
    assert rows(people.home)[0]["state"] == "open"
    client = browser(staff)
    client.post(reverse("desk:extend", args=[session.pk]))
    assert rows(people.home)[0]["extended"] is True
    assert client.post(reverse("desk:end", args=[session.pk]))["Location"] == reverse("desk:home")
    assert rows(people.home)[0]["state"] == "ended"
    assert client.get(at(people.home, "calls:list")).status_code == 404


def test_a_request_can_be_withdrawn(people, staff, as_):
    as_(people.owner).post(at(people.home, "accounts:staff_rule"), {"rule": "approval"})
    client = browser(staff)
    assert client.post(reverse("desk:ask", args=[people.home.pk]), ASKED)["Location"] == reverse("desk:home")
    [row] = rows(people.home)
    assert "Withdraw" in client.get(reverse("desk:home")).content.decode()
    client.post(reverse("desk:end", args=[row["id"]]))
    assert rows(people.home)[0]["state"] == "withdrawn"


def test_all_staff_see_that_somebody_looks_and_nobody_sees_the_reason(people, staff):
    ask(people.home, staff)
    page = browser(factories.staff()).get(reverse("desk:sessions")).content.decode()
    assert "Mara Lindqvist" in page
    assert "Home" in page
    assert "purge is late" not in page


def test_the_banner_follows_to_the_desk_and_the_account(people, staff):
    ask(people.home, staff)
    client = browser(staff)
    for address in (reverse("desk:home"), reverse("desk:sessions"), reverse("profile")):
        page = client.get(address).content.decode()
        assert "You look at <b>Home</b> as staff until" in page
        assert "End now" in page


def test_staff_start_at_the_desk(people, staff):
    assert browser(staff).get("/")["Location"] == reverse("desk:home")


def test_sessions_are_walled(people, staff):
    ask(people.home, staff)
    assert StaffSession.objects.count() == 0
    with tenancy.acting_for(people.other.pk):
        assert StaffSession.objects.count() == 0
