"""A14: when something is due, against another way of counting: days one by one, never by arithmetic of months.

Every turn takes a moment (half of them at the ends of months, around 29 February and in nights in which clocks change),
a zone and a period, and asks one tick before the end, at the end, and after the period was changed up to three times.
"""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ground import clocks
from ground.profiles import Period, Unit
from soak.harness import Run, figure

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
ZONES = tuple(
    ZoneInfo(name)
    for name in ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
)
EDGES_OF_DAYS = (time(), time(1, 30), time(2, 30), time(23, 59, 59, 999999))
EDGE_MONTHS = (1, 2, 3, 4, 10, 11, 12)
FIRST, LAST = date(1996, 1, 1), date(2104, 12, 31)

Change = tuple[datetime, Period]


# ------------------------------------------------------------------ the other way of counting
def counted(start: datetime, period: Period) -> datetime:
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


def counted_through(start: datetime, history: Sequence[Change]) -> datetime:
    """The first moment at which a period that is then in force is over. A period is in force until the next one is."""
    ends = [moment for moment, _ in history[1:]] + [datetime.max.replace(tzinfo=UTC)]
    due = ((max(since, counted(start, period)), end) for (since, period), end in zip(history, ends, strict=True))
    return next(moment for moment, end in due if moment < end)


# ------------------------------------------------------------------ what is asked
def alone(start: datetime, period: Period) -> bool:
    """Whether the platform's end is the counted one, and not a tick sooner, for a record and for a whole table."""
    end = counted(start, period)
    return (
        clocks.purge_after(start, period) == end
        and clocks.is_due(start, period, end)
        and not clocks.is_due(start, period, end - TICK)
        and start < clocks.cutoff(end, period)
        and not start < clocks.cutoff(end - TICK, period)
    )


def through_changes(start: datetime, history: Sequence[Change], zone: tzinfo) -> bool:
    """Whether a sweep by the period in force takes the record at the counted moment, and not a tick sooner."""
    due = counted_through(start, history)
    for now in (due - TICK, due, due.astimezone(zone)):
        in_force = [period for since, period in history if since <= now]
        swept = bool(in_force) and start < clocks.cutoff(now, in_force[-1])
        if swept is not (now >= due):
            return False
    return True


def some_moment(chance: random.Random) -> datetime:
    if chance.random() < 0.5:
        month = date(chance.randint(FIRST.year, LAST.year), chance.choice(EDGE_MONTHS), 1)
        day, at = month + timedelta(days=chance.randint(-4, 3)), chance.choice(EDGES_OF_DAYS)
    else:
        day = FIRST + timedelta(days=chance.randrange((LAST - FIRST).days))
        at = time(chance.randrange(24), chance.randrange(60), chance.randrange(60), chance.randrange(1_000_000))
    zone = chance.choice(ZONES)
    return datetime.combine(day, at, zone).astimezone(UTC).astimezone(zone)


def some_period(chance: random.Random) -> Period:
    unit, most = chance.choice(((Unit.DAY, 800), (Unit.MONTH, 40), (Unit.YEAR, 10)))
    return Period(chance.randint(1, most), unit)


def some_history(start: datetime, chance: random.Random) -> list[Change]:
    begin = start.astimezone(UTC)
    after = sorted(chance.randint(0, 900) for _ in range(chance.randint(1, 4)))
    return [(begin + timedelta(days=days), some_period(chance)) for days in after]


@figure(
    "A14",
    "The end of every period is the one that counting days gives: none early, none off by a day",
    full=1_000_000,
    small=1_500,
    unit="cases",
)
def expiry(run: Run) -> None:
    chance = run.random
    for _ in run.turns():
        start, period, zone = some_moment(chance), some_period(chance), chance.choice(ZONES)
        run.check("one period: due at the counted moment, not a tick sooner", alone(start, period), f"{start} {period}")
        history = some_history(start, chance)
        run.check(
            "a period that changes: swept at the counted moment, not a tick sooner",
            through_changes(start, history, zone),
            f"{start} {history} {zone}",
        )
        run.tell(ends_of_months=start.day > 28, leap_days=(start.month, start.day) == (2, 29))
