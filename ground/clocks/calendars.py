"""Which days are working days, by the holidays of a country or part of it.

Codes are ISO 3166 countries ("FR", "US") or subdivisions ("DE-BY"); "GB-EW" is England and Wales. A German calendar
without a Land holds the national holidays only. Public holidays count where the act must be done, which is the country
of the controller (Reg. 1182/71 Art. 2(1)).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import holidays

from ground.clocks.exceptions import UnknownCalendar

_OWN_CODES: Final = {"GB-EW": ("GB", "ENG"), "GB": ("GB", "ENG"), "UK": ("GB", "ENG")}
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days of one place. An empty code knows weekends only."""

    code: str = ""

    def is_holiday(self, day: date) -> bool:
        """A public holiday, whatever day of the week it falls on."""
        return bool(self.code) and day in _holidays(self.code)

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < _SATURDAY and not self.is_holiday(day)

    def next_working_day(self, day: date) -> date:
        """The day itself when it is a working day, else the first one after it (Reg. 1182/71 Art. 3(4))."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """The count-th working day after `day`, which itself never counts."""
        for _ in range(count):
            day = self.next_working_day(day + _DAY)
        return day


WEEKENDS_ONLY: Final = Calendar()


def calendar(code: str) -> Calendar:
    """The calendar of that code. Raises UnknownCalendar."""
    _holidays(code)
    return Calendar(code)


@lru_cache(maxsize=128)
def _holidays(code: str) -> holidays.HolidayBase:
    country, _, part = code.partition("-")
    country, part = _OWN_CODES.get(code, (country, part))
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as problem:
        raise UnknownCalendar(f"No holiday calendar is known for {code!r}.") from problem
