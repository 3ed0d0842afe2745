"""Messages that can be taken back, and long work as people see it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import engines
from django.urls import reverse

from accounts.models import Membership, Role
from accounts.progress import Work
from ground.tenancy import acting_for

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def role_of(organization, user):
    with acting_for(organization.pk):
        return Membership.objects.get(user=user).role


@pytest.mark.django_db
class TestUndo:
    def change(self, people, browser, role):
        address = reverse("accounts:member_role", args=[people.home.slug, people.member.pk])
        return browser.post(address, {"role": role}, follow=True)

    def test_a_changed_role_is_taken_back_by_the_buttons_own_form(self, people, as_):
        browser = as_(people.owner)
        page = self.change(people, browser, "auditor")
        assert role_of(people.home, people.member) == Role.AUDITOR
        [message] = page.context["messages"]
        assert str(message) == "The role is changed."
        text = page.content.decode()
        address = reverse("accounts:member_role", args=[people.home.slug, people.member.pk])
        form = text[text.index("data-toasts") :]
        assert f'action="{address}"' in form[: form.index("</ul>")]
        assert '<input type="hidden" name="role" value="member">' in form
        assert "csrfmiddlewaretoken" in form[: form.index("</ul>")]
        browser.post(address, {"role": "member"})
        assert role_of(people.home, people.member) == Role.MEMBER

    def test_a_refusal_offers_no_undo(self, people, as_):
        address = reverse("accounts:member_role", args=[people.home.slug, people.owner.pk])
        text = as_(people.owner).post(address, {"role": "member"}, follow=True).content.decode()
        assert "keeps at least one owner" in text
        assert "toast-undo" not in text

    def test_a_message_stays_until_it_is_put_away(self, people, as_):
        text = self.change(people, as_(people.owner), "auditor").content.decode()
        assert 'role="status" data-toasts' in text
        assert "passing" not in text

    def test_nobody_else_can_use_somebodys_undo(self, people, as_):
        self.change(people, as_(people.owner), "auditor")
        assert self.change(people, as_(people.outsider), "owner").status_code == 404
        assert self.change(people, as_(people.auditor), "owner").status_code == 403
        assert role_of(people.home, people.member) == Role.AUDITOR


class TestWork:
    @pytest.mark.parametrize(
        "done, total, seconds, share, left",
        [
            (0, 100, 60, 0, ""),  # nothing done: no pace
            (1, 100, 1, 1, ""),  # too early to say
            (50, 100, 60, 50, "about 1 minute left"),
            (25, 100, 60, 25, "about 3 minutes left"),
            (90, 100, 60, 90, "less than a minute left"),
            (999, 1000, 60, 99, "less than a minute left"),  # never 100 before the end
            (1, 1000, 60, 0, "about 17 hours left"),
            (100, 100, 60, 100, ""),
            (0, 0, 60, 0, ""),  # not counted yet
        ],
    )
    def test_time_left_is_the_rest_at_the_pace_so_far(self, done, total, seconds, share, left):
        work = Work(done, total, START, START + timedelta(seconds=seconds))
        assert (work.share, work.left) == (share, left)

    def test_what_has_not_begun_has_no_time_left(self):
        assert Work(5, 10, None, START).left == ""

    def render(self, text, **context):
        return engines["django"].from_string("{% load sottovoce %}" + text).render(context)

    def test_the_component_says_how_far_and_how_long_and_that_one_may_leave(self):
        work = Work(2500, 10_000, START, START + timedelta(minutes=1))
        text = self.render("{% include 'components/progress.html' with label='Lines stored' %}", work=work)
        assert "2,500 of 10,000" in text
        for attribute in ('max="10000"', 'value="2500"', 'aria-label="Lines stored"'):
            assert attribute in text
        assert "about 3 minutes left" in text
        assert "You may leave this page" in text
        assert "<noscript>" in text

    def test_work_not_counted_yet_is_a_bar_without_a_figure(self):
        text = self.render(
            "{% include 'components/progress.html' with label='Checked' %}", work=Work(0, 0, START, START)
        )
        assert " of " not in text
        assert "max=" not in text

    def test_work_that_has_just_begun_stands_at_nothing(self):
        work = Work(0, 40, START, START)
        text = self.render("{% include 'components/progress.html' with label='Checked' %}", work=work)
        assert "0 of 40" in text
        assert 'value="0"' in text

    def test_it_asks_again_until_it_is_done(self):
        text = "{% polled '/x/' on %}"
        assert 'hx-get="/x/" hx-trigger="every 2s"' in self.render(text, on=True)
        assert self.render(text, on=False) == ""
