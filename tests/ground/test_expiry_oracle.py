"""Expiry against another way of counting: days one by one, never by arithmetic of months.

Some thousand cases by default, `SOAK=full` a million. Hypothesis prints what it takes to play a failure again.
"""

import os
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ground import clocks
from ground.profiles import Period, Unit

CASES = 500_000 if os.environ.get("SOAK") == "full" else 1_500
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]

zones = st.sampled_from(ZONES).map(ZoneInfo)
periods = st.one_of(
    st.builds(Period, st.integers(1, 800), st.just(Unit.DAY)),
    st.builds(Period, st.integers(1, 40), st.just(Unit.MONTH)),
    st.builds(Period, st.integers(1, 10), st.just(Unit.YEAR)),
)
days = st.dates(date(1996, 1, 1), date(2104, 12, 31))
# Ends of months, the days around 29 February and the nights in which clocks change are worth more than others.
edges = st.builds(
    lambda year, month, offset: date(year, month, 1) + timedelta(days=offset),
    st.integers(1996, 2104),
    st.sampled_from([1, 2, 3, 4, 10, 11, 12]),
    st.integers(-4, 3),
)
moments = st.builds(
    lambda day, at, zone: datetime.combine(day, at, zone).astimezone(UTC).astimezone(zone),
    days | edges,
    st.times() | st.sampled_from([time(), time(1, 30), time(2, 30), time(23, 59, 59, 999999)]),
    zones,
)


def counted(start, period):
    """When the time is over, found by walking through the calendar a day at a time."""
    start = start.astimezone(UTC)
    if period.unit == Unit.DAY:
        moment = start
        for _ in range(period.n):
            moment += DAY
        return moment
    wanted, day = period.n * (12 if period.unit == Unit.YEAR else 1), start.date()
    while wanted:
        day += DAY
        wanted -= day.day == 1  # another month has begun
    month = day.month
    while day.day < start.day:
        day += DAY
        if day.month != month:  # there is no such day: the month's last midnight
            return datetime.combine(day, time(), UTC)
    return datetime.combine(day, start.time(), UTC)


@settings(max_examples=CASES, deadline=None)
@given(start=moments, period=periods)
def test_nothing_is_due_early_or_late_by_a_day_or_a_tick(start, period):
    end = counted(start, period)
    assert clocks.purge_after(start, period) == end
    assert clocks.is_due(start, period, end)
    assert not clocks.is_due(start, period, end - TICK)
    assert start < clocks.cutoff(end, period)
    assert not start < clocks.cutoff(end - TICK, period)


@settings(max_examples=CASES, deadline=None)
@given(start=moments, changes=st.lists(st.tuples(st.integers(0, 900), periods), min_size=1, max_size=4), zone=zones)
def test_changing_the_period_moves_the_end_and_nothing_else(start, changes, zone):
    """A period counts from the moment it is in force; the first moment at which one in force is over is the end."""
    begin = start.astimezone(UTC)
    history = sorted(((begin + timedelta(days=after), period) for after, period in changes), key=lambda one: one[0])
    ends = [moment for moment, _ in history[1:]] + [datetime.max.replace(tzinfo=UTC)]
    due = min(
        (max(since, counted(start, period)), place)
        for place, (since, period) in enumerate(history)
        if max(since, counted(start, period)) < ends[place]
    )[0]
    for now in (due - TICK, due, due.astimezone(zone)):
        in_force = [period for since, period in history if since <= now]
        swept = bool(in_force) and start < clocks.cutoff(now, in_force[-1])
        assert swept is (now >= due)
