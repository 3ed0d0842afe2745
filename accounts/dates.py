"""Dates and hours as pages, letters and papers write them: in the reader's language, in the zone that is active.

The one place that formats a date for people; templates use the filters of the same names (`accounts.templatetags`).
The order of day and month, and how a month is shortened, stand in `config.formats`.
"""

from datetime import date, datetime, tzinfo

from django.utils import timezone
from django.utils.formats import date_format


def day(value: date, zone: tzinfo | None = None) -> str:
    """22 Nov 2026 · 22 nov. 2026 · 22. Nov. 2026"""
    return date_format(_local(value, zone), "DATE_FORMAT")


def month_day(value: date, zone: tzinfo | None = None) -> str:
    """22 Nov, where the year goes without saying."""
    return date_format(_local(value, zone), "MONTH_DAY_FORMAT")


def hour(value: datetime, zone: tzinfo | None = None) -> str:
    """10:12, where the zone stands beside it."""
    return date_format(_local(value, zone), "TIME_FORMAT")


def clock(value: datetime, zone: tzinfo | None = None) -> str:
    """10:12 CET"""
    return f"{hour(value, zone)} {timezone.localtime(value, zone).tzname()}"


def day_hour(value: datetime, zone: tzinfo | None = None) -> str:
    """22 Nov 2026, 10:12, where the zone stands beside it."""
    return f"{day(value, zone)}, {hour(value, zone)}"


def month_day_hour(value: datetime, zone: tzinfo | None = None) -> str:
    """22 Nov, 10:12, where year and zone go without saying."""
    return f"{month_day(value, zone)}, {hour(value, zone)}"


def moment(value: datetime, zone: tzinfo | None = None) -> str:
    """22 Nov 2026, 10:12 CET"""
    return f"{day(value, zone)}, {clock(value, zone)}"


def _local(value: date, zone: tzinfo | None) -> date:
    return timezone.localtime(value, zone) if isinstance(value, datetime) else value
