"""The small pieces every page is made of: icon, pill, badge, life line, dates in words."""

from datetime import date, datetime
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import dates
from accounts.lifeline import LifeLine, State
from accounts.toasts import Undo, undo_of

register = template.Library()

_AT: dict[str, int] = {"kept": 11, "due": 25, "held": 19, "overdue": 34, "gone": 36, "ok": 0}


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """`{% icon "phone" "ic-s" %}`: decoration only; words beside it carry the meaning."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true"><use href="{}#{}"></use></svg>', classes, static("img/icons.svg"), name
    )


@register.inclusion_tag("components/pill.html")
def pill(state: State, words: str) -> dict[str, Any]:
    """`{% pill "due" "expires in 11 days" %}`: the life line in small. States: kept due overdue held gone ok."""
    at = _AT[state]
    half = 4.5 - 3.7 * at / 38
    past = f"M0 1.5L{at} {6 - half:.1f}V{6 + half:.1f}L0 10.5z"
    return {"state": state, "words": words, "at": at, "past": past}


@register.simple_tag
def polled(address: str, going_on: object) -> SafeString:
    """Attributes of an element that shows long work: asked for again every two seconds, until it is done."""
    if not going_on:
        return SafeString("")
    return format_html('hx-get="{}" hx-trigger="every 2s" hx-swap="outerHTML" aria-busy="true"', address)


@register.filter
def undo(message: Message) -> Undo | None:
    """`{% with undo=message|undo %}`: the way back a message offers."""
    return undo_of(message)


@register.inclusion_tag("components/badge.html")
def badge(state: State, words: str, name: str = "check") -> dict[str, Any]:
    """`{% badge "due" "1 set aside" "warn" %}`: word + icon + colour."""
    return {"state": state, "words": words, "name": name}


@register.inclusion_tag("components/life_line.html")
def life_line(line: LifeLine) -> dict[str, Any]:
    """`{% life_line line %}` with a LifeLine from `accounts.lifeline.draw`."""
    return {"line": line}


@register.filter
def unlocalized(value: float) -> str:
    """A coordinate, with a point whatever the language."""
    return f"{value:.1f}"


@register.filter
def size(count: int | None) -> str:
    """Bytes in words: 21.5 GB, decimal units."""
    value, units = float(count or 0), ("B", "kB", "MB", "GB", "TB", "PB")
    step = 0
    while value >= 999.5 and step < len(units) - 1:
        value, step = value / 1000, step + 1
    places = 0 if step == 0 or value >= 99.95 else 1
    return f"{number_format(f'{value:.{places}f}', places)} {units[step]}"


@register.filter
def moment(value: datetime | None) -> str:
    """24 Nov 2026, 10:12 CET, in the zone of the organization."""
    return dates.moment(value) if value else ""


@register.filter
def day(value: date | None) -> str:
    """24 Nov 2026, in the zone of the organization."""
    return dates.day(value) if value else ""


@register.filter
def month_day(value: date | None) -> str:
    """24 Nov, where the year goes without saying."""
    return dates.month_day(value) if value else ""


@register.filter
def hour(value: datetime | None) -> str:
    """10:12, where the zone stands beside it."""
    return dates.hour(value) if value else ""


@register.filter
def day_hour(value: datetime | None) -> str:
    """24 Nov 2026, 10:12, where the zone stands beside it."""
    return dates.day_hour(value) if value else ""


@register.filter
def month_day_hour(value: datetime | None) -> str:
    """24 Nov, 10:12, where year and zone go without saying."""
    return dates.month_day_hour(value) if value else ""


@register.filter
def away(value: datetime | None) -> str:
    """in 11 days, tomorrow, today, yesterday, 3 days ago: counted in calendar days of the organization's zone."""
    if value is None:
        return ""
    days = (timezone.localtime(value).date() - timezone.localtime().date()).days
    words = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    if days in words:
        return words[days]
    if days > 0:
        return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
    return ngettext("%(n)d day ago", "%(n)d days ago", -days) % {"n": -days}


@register.filter
def duration(milliseconds: int | None) -> str:
    """3:51, or 1:02:09."""
    seconds = round((milliseconds or 0) / 1000)
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
