"""Filters as chips: each says what it filters and leads to the list without it. They live in the address alone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format


@dataclass(frozen=True, slots=True)
class Chip:
    words: str
    without: str  # query string


def chips(form: forms.Form, query: QueryDict) -> list[Chip]:
    """One chip for every filter in force of a valid form."""
    found = []
    for name, value in form.cleaned_data.items():
        if not value:
            continue
        rest = query.copy()
        for parameter in (name, "before", "after"):
            rest.pop(parameter, None)
        field = form.fields[name]
        words: Any = value
        if isinstance(field, forms.ChoiceField):
            words = dict(field.choices).get(value, value)  # type: ignore[arg-type]
        shown = date_format(words, "j M Y") if isinstance(words, date) else str(words)
        label = f"{field.label}: " if field.label else ""
        found.append(Chip(f"{label}{shown}", f"?{rest.urlencode()}" if rest else "?"))
    return found


def day_start(day: date) -> datetime:
    """The first moment of a day in the organization's zone."""
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def day_end(day: date) -> datetime:
    """The first moment after a day in the organization's zone."""
    return day_start(day + timedelta(days=1))
