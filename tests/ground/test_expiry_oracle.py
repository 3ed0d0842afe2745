"""Expiry against another way of counting, with cases that Hypothesis looks for; it prints how to play a failure again.

`make soak only=A14` asks the same of a million cases by chance.
"""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ground.profiles import Period, Unit
from soak import data_expiry as oracle

CASES = 1_500

zones = st.sampled_from(oracle.ZONES)
periods = st.one_of(
    st.builds(Period, st.integers(1, 800), st.just(Unit.DAY)),
    st.builds(Period, st.integers(1, 40), st.just(Unit.MONTH)),
    st.builds(Period, st.integers(1, 10), st.just(Unit.YEAR)),
)
# Ends of months, the days around 29 February and the nights in which clocks change are worth more than others.
edges = st.builds(
    lambda year, month, offset: date(year, month, 1) + timedelta(days=offset),
    st.integers(oracle.FIRST.year, oracle.LAST.year),
    st.sampled_from(oracle.EDGE_MONTHS),
    st.integers(-4, 3),
)
moments = st.builds(
    lambda day, at, zone: datetime.combine(day, at, zone).astimezone(UTC).astimezone(zone),
    st.dates(oracle.FIRST, oracle.LAST) | edges,
    st.times() | st.sampled_from(oracle.EDGES_OF_DAYS),
    zones,
)


@settings(max_examples=CASES, deadline=None)
@given(start=moments, period=periods)
def test_nothing_is_due_early_or_late_by_a_day_or_a_tick(start, period):
    assert oracle.alone(start, period)


@settings(max_examples=CASES, deadline=None)
@given(start=moments, changes=st.lists(st.tuples(st.integers(0, 900), periods), min_size=1, max_size=4), zone=zones)
def test_changing_the_period_moves_the_end_and_nothing_else(start, changes, zone):
    """A period counts from the moment it is in force; the first moment at which one in force is over is the end."""
    begin = start.astimezone(UTC)
    history = sorted(((begin + timedelta(days=after), period) for after, period in changes), key=lambda one: one[0])
    assert oracle.through_changes(start, history, zone)


def test_the_oracle_counts_as_a_calendar_on_the_wall_does():
    def end(start, n, unit):
        return oracle.counted(start, Period(n, unit))

    leap, last = datetime(2024, 2, 29, 12, tzinfo=UTC), datetime(2023, 1, 31, 23, 30, tzinfo=UTC)
    assert end(leap, 1, Unit.YEAR) == datetime(2025, 3, 1, tzinfo=UTC)
    assert end(leap, 4, Unit.YEAR) == datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert end(last, 1, Unit.MONTH) == datetime(2023, 3, 1, tzinfo=UTC)
    assert end(last, 30, Unit.DAY) == datetime(2023, 3, 2, 23, 30, tzinfo=UTC)
    assert end(last, 2, Unit.MONTH) == datetime(2023, 3, 31, 23, 30, tzinfo=UTC)
