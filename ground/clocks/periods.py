"""When something expires: a period counted from a moment, and the same question asked backwards by the purge.

The rule, the same in both directions:

- A period of **days** is exact: n times 24 hours.
- A period of **months or years** ends on the day with the same number, at the same time of day. Where the target
  month has no such day, it ends with that month, at midnight after its last day (29 February + 1 year: the end of
  28 February). That is Regulation (EEC, Euratom) 1182/71 Art. 3(2)(c) to the microsecond, and the reading that takes
  the earlier day for a longest permitted time.
- Both are counted in **UTC**, so neither a change of clocks nor where a person sits moves the moment. `tz` only says
  in which zone the answer is expressed.

`purge_after` never decreases as the moment grows (clipping to the last day *at the same time of day* would: 30 January
10:00 would then expire after 31 January 09:00). Only therefore can the purge ask one question of an index:

    clock_column < cutoff(now, period)      exactly when      purge_after(clock_column, period) <= now

`cutoff` is the first moment that is *not* yet due, hence one microsecond (the resolution of Python's datetime and of
PostgreSQL's timestamptz) past the last one that is. Compute it here and pass it as a parameter: PostgreSQL's interval
arithmetic clips at the same time of day, so `now() - interval '1 month'` purges the end of a short month late and
`clock_column + interval '1 month'` the 29th to 31st early.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from ground.clocks.exceptions import BeyondCalendar, NaiveMoment
from ground.profiles import Period

_TICK: Final = timedelta(microseconds=1)


def purge_after(moment: datetime, period: Period, tz: tzinfo = UTC) -> datetime:
    """The first moment at which what started at `moment` is due for the purge, expressed in `tz`.

    Raises NaiveMoment, BeyondCalendar.
    """
    start = in_utc(moment)
    months = period.calendar_months
    try:
        due = start + timedelta(days=period.n) if months is None else _later(start, months)
        return due.astimezone(tz)
    except (OverflowError, ValueError) as problem:
        raise BeyondCalendar(f"{period} after {start:%Y-%m-%d} is outside the calendar.") from problem


def cutoff(now: datetime, period: Period, tz: tzinfo = UTC) -> datetime:
    """The first moment that is not yet due at `now`: everything strictly before it is, nothing else is.

    Raises NaiveMoment, BeyondCalendar.
    """
    end = in_utc(now)
    months = period.calendar_months
    try:
        first_kept = end - timedelta(days=period.n) + _TICK if months is None else _earlier(end, months)
        return first_kept.astimezone(tz)
    except (OverflowError, ValueError) as problem:
        raise BeyondCalendar(f"{period} before {end:%Y-%m-%d} is outside the calendar.") from problem


def is_due(moment: datetime, period: Period, now: datetime) -> bool:
    """Whether what started at `moment` may be purged at `now`."""
    return in_utc(moment) < cutoff(now, period)


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises NaiveMoment."""
    if moment.utcoffset() is None:
        raise NaiveMoment(f"{moment.isoformat()} has no time zone.")
    return moment.astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The day with the same number that many months on, else the last of the month (Reg. 1182/71 Art. 3(2)(c))."""
    first = _first_of_month(day, months)
    last = _first_of_month(day, months + 1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def keep_until(financial_year_end: date, years: int) -> date:
    """The last day of a legal minimum that starts at the end of a year, never at creation.

    A longest time takes the earlier day when 29 February has no partner; a shortest takes the later, 1 March.
    """
    try:
        return financial_year_end.replace(year=financial_year_end.year + years)
    except ValueError:
        return date(financial_year_end.year + years, 3, 1)


def financial_year_end(on: date, year_end: str) -> date:
    """The end of the financial year in which `on` lies; `year_end` as month and day, `03-31`."""
    month, day = (int(part) for part in year_end.split("-"))
    this_year = add_months(date(2000, month, day), (on.year - 2000) * 12)
    return this_year if on <= this_year else add_months(date(2000, month, day), (on.year - 1999) * 12)


def _first_of_month(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _later(start: datetime, months: int) -> datetime:
    """Same day number and time; where there is none, the first instant of the following month."""
    target = _first_of_month(start.date(), months)
    following = _first_of_month(start.date(), months + 1)
    if start.day > (following - target).days:
        return datetime.combine(following, time(), UTC)
    return datetime.combine(target.replace(day=start.day), start.timetz())


def _earlier(end: datetime, months: int) -> datetime:
    """The first start whose `_later` lies after `end`: the inverse step, not a subtraction of months."""
    source = _first_of_month(end.date(), -months)
    following = _first_of_month(end.date(), 1 - months)
    if end.day > (following - source).days:
        return datetime.combine(following, time(), UTC)
    return datetime.combine(source.replace(day=end.day), end.timetz()) + _TICK
