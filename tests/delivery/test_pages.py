"""The bell, the page of notices, the preferences, the staff's list: owner, member, outsider, staff."""

import csv
import io
import re
import time
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from delivery.models import Channel, Email, Notice, Preference
from delivery.services import notices
from ground.tenancy import acting_for
from tests import factories

pytestmark = pytest.mark.django_db
NEEDED, SET = "retention.approval_needed", "retention.period_scheduled"


@pytest.fixture
def news(people, operator):
    """Three notices for the owner, one of them for the member too."""
    for once in ("1", "2"):
        notices.tell(people.home.pk, NEEDED, once=once, about="recording", counts={"rows": 812})
    notices.tell(people.home.pk, SET, once="3", about="recording", counts={"n": 30, "unit": "day", "rows": 4})
    return people


def at(people, name, *arguments, home=None):
    return reverse(f"delivery:{name}", args=[(home or people.home).slug, *arguments])


def of(people, person):
    with acting_for(people.home.pk):
        return list(Notice.objects.filter(person_id=person.pk).order_by("id"))


def unread(people, person):
    return sum(notice.read_at is None for notice in of(people, person))


def test_the_page_shows_ones_own_notices_in_words(news, as_):
    page = as_(news.owner).get(at(news, "notices")).content.decode()
    assert page.count("A large purge waits for approval: Recordings") >= 2
    assert "812 records are due" in page
    assert "Recordings are to be kept 30 days" in page
    page = as_(news.member).get(at(news, "notices")).content.decode()
    assert "Recordings are to be kept 30 days" in page
    assert "A large purge" not in re.sub(r"<option.*?</option>", "", page, flags=re.S)


def test_the_outsider_learns_nothing_and_changes_nothing(news, as_):
    first = of(news, news.owner)[0]
    outsider = as_(news.outsider)
    for answer in (
        outsider.get(at(news, "notices")),
        outsider.get(at(news, "bell")),
        outsider.get(at(news, "notice", first.pk)),
        outsider.post(at(news, "mark", first.pk)),
        outsider.post(at(news, "read_all")),
        outsider.get(at(news, "notice", first.pk, home=news.other)),
    ):
        assert answer.status_code == 404
    outsider.post(at(news, "mark", first.pk, home=news.other))
    assert unread(news, news.owner) == 3
    assert b"A large purge" not in re.sub(
        rb"<option.*?</option>", b"", outsider.get(at(news, "notices", home=news.other)).content, flags=re.S
    )


def test_a_colleagues_notice_is_not_mine_to_read_or_mark(news, as_):
    first = of(news, news.owner)[0]
    admin = as_(news.admin)
    assert admin.get(at(news, "notice", first.pk)).status_code == 404
    admin.post(at(news, "mark", first.pk))
    admin.post(at(news, "read_all"))
    assert unread(news, news.owner) == 3
    assert unread(news, news.admin) == 0


def test_following_a_notice_leads_to_its_object_and_reads_it(news, as_):
    first = of(news, news.owner)[0]
    answer = as_(news.owner).get(at(news, "notice", first.pk))
    assert (answer.status_code, answer["Location"]) == (302, reverse("retention:purges", args=[news.home.slug]))
    assert unread(news, news.owner) == 2
    assert as_(news.owner).get(at(news, "notice", uuid4())).status_code == 404


def test_marking_one_and_back_and_all(news, as_):
    first, owner = of(news, news.owner)[0], as_(news.owner)
    owner.post(at(news, "mark", first.pk))
    assert unread(news, news.owner) == 2
    answer = owner.post(at(news, "mark", first.pk), {"unread": "1", "next": "https://evil.example/"})
    assert answer["Location"] == at(news, "notices")
    assert unread(news, news.owner) == 3
    owner.post(at(news, "read_all"))
    assert unread(news, news.owner) == 0


def test_filters_by_what_is_unread_and_by_kind(news, as_):
    owner = as_(news.owner)
    owner.post(at(news, "mark", of(news, news.owner)[2].pk))
    shown = owner.get(at(news, "notices"), {"show": "unread"}).context["shown"]
    assert [line.said.title for line in shown.rows] == ["A large purge waits for approval: Recordings"] * 2
    shown = owner.get(at(news, "notices"), {"kind": SET}).context["shown"]
    assert (len(shown.rows), shown.rows[0].is_read) == (1, True)
    assert owner.get(at(news, "notices"), {"kind": SET, "show": "unread"}).context["shown"].rows == []


def test_older_pages_by_key(news, as_):
    for number in range(60):
        notices.tell(news.home.pk, NEEDED, once=f"more{number}", about="recording", to=[news.owner.pk])
    owner = as_(news.owner)
    first = owner.get(at(news, "notices")).context["shown"]
    second = owner.get(at(news, "notices") + first.onward).context["shown"]
    assert (len(first.rows), len(second.rows)) == (50, 13)
    assert not {line.id for line in first.rows} & {line.id for line in second.rows}


def test_without_news_the_page_says_what_will_come_and_offers_one_action(people, operator, as_):
    page = as_(people.owner).get(at(people, "notices")).content.decode()
    assert "Nothing to know yet" in page
    assert reverse("notifications") in page


# ------------------------------------------------------------------ the bell
def test_the_bell_counts_what_is_unread_and_links_to_the_page(news, as_):
    owner = as_(news.owner)
    page = owner.get(reverse("accounts:team", args=[news.home.slug])).content.decode()
    bell = page[page.index("data-bell") : page.index("</details>", page.index("data-bell"))]
    assert "Notices, 3 unread" in bell
    assert f'href="{at(news, "notices")}"' in bell
    assert f'hx-get="{at(news, "bell")}"' in bell
    owner.post(at(news, "read_all"))
    page = owner.get(reverse("accounts:team", args=[news.home.slug])).content.decode()
    assert "Notices, 0 unread" in page
    assert "top-count" not in page


def test_the_bell_counts_only_the_organization_at_hand(news, as_):
    factories.join(news.other, news.owner, "owner")
    page = as_(news.owner).get(reverse("accounts:team", args=[news.other.slug])).content.decode()
    assert "Notices, 0 unread" in page


def test_the_bell_stops_counting(news, as_):
    for number in range(105):
        notices.tell(news.home.pk, NEEDED, once=f"more{number}", to=[news.owner.pk])
    page = as_(news.owner).get(reverse("accounts:team", args=[news.home.slug])).content.decode()
    assert "99+" in page
    assert "more than 99 unread" in page


def test_the_bells_list_is_the_newest_few(news, as_):
    for number in range(8):
        notices.tell(news.home.pk, NEEDED, once=f"more{number}", about="transcript", to=[news.owner.pk])
    answer = as_(news.owner).get(at(news, "bell"))
    assert answer.content.decode().count("bell-line") == 6
    assert "no-store" in answer["Cache-Control"]


def test_pages_without_an_organization_have_no_bell(news, as_):
    assert b"data-bell" not in as_(news.owner).get(reverse("profile")).content


# ------------------------------------------------------------------ preferences
def test_preferences_are_kept_and_are_ones_own(people, operator, as_):
    owner = as_(people.owner)
    page = owner.get(reverse("notifications"))
    wanted = {
        name: field.initial or page.context["form"].initial[name] for name, field in page.context["form"].fields.items()
    }
    answer = owner.post(reverse("notifications"), {**wanted, NEEDED: Channel.NEVER})
    assert answer.status_code == 302
    assert list(Preference.objects.values_list("user", "kind", "channel")) == [(people.owner.pk, NEEDED, "never")]
    assert b"cannot be switched off" in page.content
    answer = owner.post(reverse("notifications"), {**wanted, NEEDED: "shout"})
    assert answer.status_code == 200
    assert Preference.objects.get().channel == Channel.NEVER


def test_every_choice_has_a_label(people, operator, as_):
    page = as_(people.member).get(reverse("notifications")).content.decode()
    for identifier in re.findall(r'<select name="[^"]+" class="form-select" [^>]*id="([^"]+)"', page):
        assert f'for="{identifier}"' in page
    assert page.count("<select name=") >= 15


# ------------------------------------------------------------------ staff
@pytest.fixture
def staff_browser():
    """A member of staff whose session saw a second factor."""
    person, client = factories.staff(), Client()
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    return client


@pytest.fixture
def failed(people, operator, queue, monkeypatch):
    with acting_for(people.home.pk):
        EmailMessage("Canary subject", "Canary body", to=["canary@example.org"]).send()
        Email.objects.update(state="failed", last_error="TimeoutError")
        return Email.objects.get()


def test_staff_see_states_and_counts_never_to_whom_or_what(people, failed, staff_browser):
    page = staff_browser.get(reverse("admin:delivery_email_changelist")).content.decode()
    assert "TimeoutError" in page and str(failed.pk) in page
    for canary in ("canary@example.org", "Canary subject", "Canary body"):
        assert canary not in page


def test_staff_send_again(people, failed, staff_browser):
    answer = staff_browser.post(
        reverse("admin:delivery_email_resend"),
        {"email": [f"{people.home.pk}.{failed.pk}", "nonsense", f"{uuid4()}.{uuid4()}"]},
    )
    assert answer.status_code == 302
    with acting_for(people.home.pk):
        email = Email.objects.get()
    assert (email.state, email.resends) == ("queued", 1)
    assert staff_browser.get(reverse("admin:delivery_email_resend")).status_code == 405


def test_nobody_else_sends_again(people, failed, as_):
    for person in (people.owner, people.outsider, factories.staff()):
        answer = as_(person).post(
            reverse("admin:delivery_email_resend"), {"email": [f"{people.home.pk}.{failed.pk}"]}, follow=True
        )
        assert answer.status_code in {200, 404}
    with acting_for(people.home.pk):
        assert Email.objects.get().resends == 0


def test_ones_own_notices_are_taken_as_filtered_and_nobody_elses(news, as_):
    def titles(person, query=""):
        answer = as_(person).get(at(news, "notices_csv") + query)
        text = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")
        return [row["title"] for row in csv.DictReader(io.StringIO(text))]

    assert len(titles(news.owner)) == 3
    assert titles(news.owner, f"?kind={SET}") == ["Recordings are to be kept 30 days"]
    assert titles(news.owner, "?show=read") == []
    assert titles(news.member) == ["Recordings are to be kept 30 days"]
    assert as_(news.outsider).get(at(news, "notices_csv")).status_code == 404
