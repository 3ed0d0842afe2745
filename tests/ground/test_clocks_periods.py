"""The purge's two questions agree to the microsecond, whatever the calendar does."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ground import clocks
from ground.profiles import Period, Unit

TICK = timedelta(microseconds=1)
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/St_Johns",
]

zones = st.sampled_from(ZONES).map(ZoneInfo)
periods = st.one_of(
    st.builds(Period, st.integers(0, 4000), st.just(Unit.DAY)),
    st.builds(Period, st.integers(0, 200), st.just(Unit.MONTH)),
    st.builds(Period, st.integers(0, 40), st.just(Unit.YEAR)),
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2110, 1, 1), timezones=zones)  # noqa: DTZ001 - wants naive bounds
# Moments near the ends of months, where months differ and clocks change, are worth more than others.
month_ends = st.builds(
    lambda year, month, offset, zone: datetime(year, month, 1, tzinfo=UTC).astimezone(zone) + offset,
    st.integers(1996, 2104),
    st.integers(1, 12),
    st.timedeltas(timedelta(days=-4), timedelta(days=1)),
    zones,
)
starts = moments | month_ends


@given(start=starts, now=starts, period=periods)
@example(
    start=datetime(2027, 1, 30, 10, tzinfo=UTC),
    now=datetime(2027, 2, 28, 9, 30, tzinfo=UTC),
    period=Period(1, Unit.MONTH),
)
@example(
    start=datetime(2024, 2, 29, 10, tzinfo=UTC),
    now=datetime(2025, 3, 1, tzinfo=UTC),
    period=Period(1, Unit.YEAR),
)
def test_a_row_is_before_the_cutoff_exactly_when_its_time_is_over(start, now, period):
    assert (start < clocks.cutoff(now, period)) is (clocks.purge_after(start, period) <= now)


@given(start=starts, period=periods)
def test_nothing_is_purged_a_microsecond_early_or_late(start, period):
    due = clocks.purge_after(start, period)
    assert start < clocks.cutoff(due, period)
    assert not start < clocks.cutoff(due - TICK, period)


@given(now=starts, period=periods)
def test_the_cutoff_is_the_first_moment_kept(now, period):
    cutoff = clocks.cutoff(now, period)
    assert clocks.purge_after(cutoff, period) > now
    assert clocks.purge_after(cutoff - TICK, period) <= now


@given(one=starts, other=starts, period=periods)
def test_what_started_earlier_never_expires_later(one, other, period):
    first, second = sorted([one, other])
    assert clocks.purge_after(first, period) <= clocks.purge_after(second, period)


@example(start=datetime(2058, 2, 28, tzinfo=UTC), period=Period(200, Unit.MONTH), zone=ZoneInfo("Europe/Paris"))
@given(start=starts, period=periods, zone=zones)
def test_the_zone_of_the_answer_never_moves_the_moment(start, period, zone):
    answer = clocks.purge_after(start, period, zone)
    assert answer.astimezone(UTC) == clocks.purge_after(start.astimezone(UTC), period)  # PEP 495: a fold equals nothing
    assert answer.tzinfo is zone
    assert clocks.cutoff(start, period, zone).astimezone(UTC) == clocks.cutoff(start, period)


@given(start=starts, days=st.integers(0, 4000))
def test_days_are_exactly_twenty_four_hours_each(start, days):
    due = clocks.purge_after(start, Period(days, Unit.DAY))
    assert due - start.astimezone(UTC) == timedelta(days=days)


@given(start=starts, period=periods)
def test_a_period_lasts_between_its_shortest_and_longest_days(start, period):
    length = clocks.purge_after(start, period) - start.astimezone(UTC)
    assert timedelta(days=period.shortest_days) <= length <= timedelta(days=period.longest_days)


@given(start=starts, shorter=periods, longer=periods)
def test_a_period_within_another_never_ends_after_it(start, shorter, longer):
    if shorter.no_longer_than(longer):
        assert clocks.purge_after(start, shorter) <= clocks.purge_after(start, longer)


@pytest.mark.parametrize(
    ("start", "period", "due"),
    [
        ("2027-01-31T09:00", "1 month", "2027-03-01T00:00"),
        ("2027-01-28T09:00", "1 month", "2027-02-28T09:00"),
        ("2028-01-29T09:00", "1 month", "2028-02-29T09:00"),
        ("2024-02-29T12:00", "1 year", "2025-03-01T00:00"),
        ("2024-02-29T12:00", "4 years", "2028-02-29T12:00"),
        ("2025-12-31T23:59", "14 months", "2027-03-01T00:00"),
        ("2026-03-29T00:30", "0 days", "2026-03-29T00:30"),
        ("2026-03-29T00:30", "0 months", "2026-03-29T00:30"),
    ],
)
def test_a_month_without_such_a_day_ends_with_that_month(start, period, due):
    found = clocks.purge_after(datetime.fromisoformat(start).replace(tzinfo=UTC), Period.parse(period))
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_moment_without_a_zone_is_refused():
    for ask in (clocks.purge_after, clocks.cutoff):
        with pytest.raises(clocks.NaiveMoment, match="no time zone"):
            ask(datetime(2026, 1, 1), Period(1, Unit.DAY))  # noqa: DTZ001  (naive on purpose)


@pytest.mark.parametrize("period", ["36500 days", "1200 months", "100 years"])
def test_an_answer_outside_the_calendar_is_refused_by_name(period):
    with pytest.raises(clocks.BeyondCalendar):
        clocks.purge_after(datetime(9999, 1, 1, tzinfo=UTC), Period.parse(period))
    with pytest.raises(clocks.BeyondCalendar):
        clocks.cutoff(datetime(50, 1, 1, tzinfo=UTC), Period.parse(period))


def test_a_fixed_offset_is_as_good_as_a_named_zone():
    start = datetime(2026, 1, 31, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert clocks.purge_after(start, Period(1, Unit.MONTH)) == datetime(2026, 3, 1, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [("2026-08-31", 6, "2027-02-28"), ("2026-03-31", 1, "2026-04-30"), ("2028-02-29", -12, "2027-02-28")],
)
def test_months_keep_the_day_number_or_take_the_last_day(day, months, expected):
    assert clocks.add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


def test_a_shortest_time_from_the_29th_of_february_takes_the_later_day():
    assert clocks.keep_until(date(2028, 2, 29), 1) == date(2029, 3, 1)


@pytest.mark.parametrize(
    ("invoice", "year_end", "expected"),
    [
        ("2026-03-31", "03-31", "2026-03-31"),
        ("2026-04-01", "03-31", "2027-03-31"),
        ("2027-03-01", "02-29", "2028-02-29"),
    ],
)
def test_an_invoice_belongs_to_the_financial_year_it_falls_in(invoice, year_end, expected):
    assert clocks.financial_year_end(date.fromisoformat(invoice), year_end) == date.fromisoformat(expected)


def test_four_years_may_lack_their_leap_day():
    """2100 has none: 48 months are 1,460 days at least and 1,461 at most, over the whole 400 years."""
    four_years = Period(4, Unit.YEAR)
    assert Period(1460, Unit.DAY).no_longer_than(four_years)
    assert not Period(1461, Unit.DAY).no_longer_than(four_years)
    assert four_years.no_longer_than(Period(1461, Unit.DAY))
    assert not four_years.no_longer_than(Period(1460, Unit.DAY))
