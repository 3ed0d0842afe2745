"""A length of time as people write it: 90 days, 14 months, 7 years."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self

from ground.profiles.exceptions import NotAPeriod

LONGEST_YEARS: Final = 100
_WRITTEN: Final = re.compile(r"(\d{1,6}) (day|month|year)s?", re.ASCII)


class Unit(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


_MOST: Final = {Unit.DAY: LONGEST_YEARS * 366, Unit.MONTH: LONGEST_YEARS * 12, Unit.YEAR: LONGEST_YEARS}


@dataclass(frozen=True, slots=True)
class Period:
    """`n` days, calendar months or calendar years. What it means on the calendar is `ground.clocks.periods`.

    Zero is a period ("until the account is deleted"); whether a category may use it is for its rule to say.
    """

    n: int
    unit: Unit

    def __post_init__(self) -> None:
        if type(self.n) is not int or not isinstance(self.unit, Unit):
            raise NotAPeriod(f"{self.n!r} {self.unit!r} is not a whole number of days, months or years.")
        if not 0 <= self.n <= _MOST[self.unit]:
            raise NotAPeriod(f"{self.n} {self.unit}s is not between zero and {LONGEST_YEARS} years.")

    @classmethod
    def parse(cls, written: str) -> Self:
        """`90 days`, `1 year`, `14 months`. Raises NotAPeriod."""
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise NotAPeriod(f"{written!r} is not a period; write it like 90 days, 14 months or 7 years.")
        return cls(int(found[1]), Unit(found[2]))

    def __str__(self) -> str:
        return f"{self.n} {self.unit}{'' if self.n == 1 else 's'}"

    @property
    def calendar_months(self) -> int | None:
        """The length in calendar months, None for a period of days."""
        if self.unit is Unit.DAY:
            return None
        return self.n * 12 if self.unit is Unit.YEAR else self.n

    @property
    def shortest_days(self) -> int:
        """The fewest days it can last, whatever day it starts on (1 month: 28)."""
        months = self.calendar_months
        return self.n if months is None else _days_of(months)[0]

    @property
    def longest_days(self) -> int:
        """The most days it can last, whatever day it starts on (1 month: 31)."""
        months = self.calendar_months
        return self.n if months is None else _days_of(months)[1]

    def no_longer_than(self, other: "Period") -> bool:
        """True when this period never ends after `other`, whatever day both start on.

        A partial order: `1 year` and `365 days` compare one way only, because of leap years.
        """
        mine, theirs = self.calendar_months, other.calendar_months
        if mine is not None and theirs is not None:
            return mine <= theirs
        return self.longest_days <= other.shortest_days


@lru_cache(maxsize=256)
def _days_of(months: int) -> tuple[int, int]:
    """Fewest and most days in that many calendar months, over one whole 400-year cycle.

    Month starts suffice: a start later in a month lasts as long as the first of it, or is clipped by a short
    target month and then lies between the figures of this month and the next.
    """
    lengths = set(_month_lengths(months))
    return min(lengths), max(lengths)


def _month_lengths(months: int) -> Iterator[int]:
    for start in range(400 * 12):
        end = start + months
        first, last = date(2000 + start // 12, start % 12 + 1, 1), date(2000 + end // 12, end % 12 + 1, 1)
        yield (last - first).days
