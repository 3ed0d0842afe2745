"""Dates as a reader of each language writes them, in the zone that is active."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from accounts import dates

AT = datetime(2026, 11, 22, 9, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def paris():
    with timezone.override(ZoneInfo("Europe/Paris")):
        yield


@pytest.mark.parametrize(
    "language, day, month_day, moment",
    [
        ("en", "22 Nov 2026", "22 Nov", "22 Nov 2026, 10:12 CET"),
        ("fr", "22 nov. 2026", "22 nov.", "22 nov. 2026, 10:12 CET"),
        ("de", "22. Nov. 2026", "22. Nov.", "22. Nov. 2026, 10:12 CET"),
    ],
)
def test_a_moment_in_each_language(language, day, month_day, moment):
    with translation.override(language):
        assert dates.day(AT) == day
        assert dates.month_day(AT) == month_day
        assert dates.moment(AT) == moment
        assert dates.day_hour(AT) == f"{day}, 10:12"
        assert dates.month_day_hour(AT) == f"{month_day}, 10:12"


@pytest.mark.parametrize(
    "language, june, july", [("en", "3 Jun", "3 Jul"), ("fr", "3 juin", "3 juil."), ("de", "3. Juni", "3. Juli")]
)
def test_months_are_told_apart(language, june, july):
    with translation.override(language):
        assert (dates.month_day(date(2026, 6, 3)), dates.month_day(date(2026, 7, 3))) == (june, july)


def test_a_date_stays_that_date_in_every_zone():
    assert dates.day(date(2026, 11, 22)) == "22 Nov 2026"
    with timezone.override(timezone.get_fixed_timezone(timedelta(hours=14))):
        assert dates.day(date(2026, 11, 22)) == "22 Nov 2026"
        assert dates.day(AT) == "22 Nov 2026"
        assert dates.clock(AT).startswith("23:12")


def test_another_zone_can_be_named():
    assert dates.moment(AT, ZoneInfo("America/New_York")) == "22 Nov 2026, 04:12 EST"


def test_a_language_without_formats_of_ours_writes_its_own():
    with translation.override("ar"):
        assert "2026" in dates.day(AT)


@pytest.mark.parametrize("name", ["day", "month_day", "hour", "day_hour", "month_day_hour", "moment"])
def test_templates_write_the_same(name):
    template = Template("{% load sottovoce %}{{ at|" + name + " }}|{{ nothing|" + name + " }}")
    assert template.render(Context({"at": AT, "nothing": None})) == f"{getattr(dates, name)(AT)}|"
