"""Pieces of the pages of retention and proof: words, the chart, durations."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.templatetags.sottovoce import moment
from ground.profiles import NotAPeriod
from retention import words
from retention.chart import Chart
from retention.models import PeriodVersion
from retention.table import Row

register = template.Library()

register.filter("category", words.category)
register.filter("period", words.period)
register.filter("written_period", words.written_period)
register.filter("origin", words.origin)


@register.filter
def counted(row: Row) -> str:
    """Counted from the end of the call."""
    return words.counted(row.rule.clock)


@register.filter
def content(row: Row) -> str:
    """What a category is, where its name does not say it."""
    return words.content(row.category)


@register.filter
def bounds(row: Row) -> str:
    """1 day to 365 days."""
    return words.bounds(row.rule)


@register.filter
def bounds_source(row: Row) -> str:
    """The promise the bounds come from, or the operator's default."""
    return words.source(row.rule.bounds_source or row.rule.source)


@register.filter
def source(row: Row) -> str:
    """The promise the period comes from."""
    return words.source(row.rule.source)


@register.filter
def fixed_by(row: Row) -> str:
    """Set by law, or by the operator."""
    return words.fixed_by(row.rule)


@register.filter
def stored_period(version: PeriodVersion) -> str:
    """The period of a version; its bare figures when it is damaged."""
    try:
        return words.period(version.period)
    except NotAPeriod:
        return f"{version.n} {version.unit}"


@register.filter
def records(count: int | None) -> str:
    """1,767 records."""
    return words.records(count or 0)


@register.filter
def trigger(name: str) -> str:
    """Why a run began."""
    return str(words.TRIGGERS.get(name, name.replace("_", " ")))


@register.filter
def moment_words(name: str) -> str:
    """Unreadable, Beyond recovery, Gone from backups."""
    return str(words.MOMENTS.get(name, name))


@register.filter
def stated_moment(text: str) -> str:
    """A moment as a statement spells it (ISO 8601), as people read it; the text itself when it is none."""
    try:
        stated = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return moment(stated) if stated.tzinfo else str(text)


@register.filter
def until(at: datetime | None) -> str:
    """in 6 h 22 min; in 12 days beyond two days; now."""
    if at is None:
        return ""
    left = at - timezone.now()
    if left <= timedelta():
        return _("now")
    if left >= timedelta(days=2):
        return ngettext("in %(n)d day", "in %(n)d days", left.days) % {"n": left.days}
    minutes = -(-int(left.total_seconds()) // 60)
    if minutes < 60:
        return _("in %(minutes)d min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if not rest:
        return _("in %(hours)d h") % {"hours": hours}
    return _("in %(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


@register.filter
def took(seconds: float | None) -> str:
    """4 s, 2 min 10 s, 1 h 5 min."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("%(n)d s") % {"n": max(1, whole)}
    if whole < 3600:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": whole // 60, "seconds": whole % 60}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}


@register.inclusion_tag("retention/_chart.html")
def leaves_when(chart: Chart, ghost: bool = False) -> dict[str, Any]:
    """`{% leaves_when chart %}`: what leaves when, as SVG with its table. `ghost`: another plan lies behind."""
    return {"chart": chart, "ghost": ghost}
