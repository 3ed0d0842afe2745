"""What may be asked of a list. Each filter reads one parameter of the address and believes nothing of it."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts import dates

LONGEST = 128  # characters of one value
_YEARS = range(1970, 2201)


class NotAFilter(ValueError):
    """A value this filter does not know."""


@dataclass(frozen=True, kw_only=True)
class Filter(ABC):
    """One question. `where` makes the condition of a value; without it, `column` equals the value."""

    name: str
    label: Any
    column: str = ""
    where: Callable[[Any], Q] | None = None
    kind: str = "select"  # how the form asks: select, day, code, hidden
    hint: Any = ""

    @abstractmethod
    def read(self, text: str) -> Any:
        """The value. Raises NotAFilter."""

    def condition(self, value: Any) -> Q:
        return self.where(value) if self.where else Q(**{self.column: value})

    def words(self, value: Any) -> str:
        """What the chip says."""
        return f"{self.label}: {value}"


@dataclass(frozen=True, kw_only=True)
class Choice(Filter):
    """One of some values. `any_words`: what asking nothing is called."""

    choices: tuple[tuple[str, Any], ...] = ()
    any_words: Any = ""

    def read(self, text: str) -> str:
        if text not in dict(self.choices):
            raise NotAFilter
        return text

    def words(self, value: Any) -> str:
        return f"{self.label}: {dict(self.choices)[value]}"


@dataclass(frozen=True, kw_only=True)
class Day(Filter):
    """From a day, or to the end of one, in the organization's zone."""

    kind: str = "day"
    last: bool = False

    def read(self, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise NotAFilter from error
        if day.year not in _YEARS or text != day.isoformat():
            raise NotAFilter
        return day

    def moment(self, day: date) -> datetime:
        """The first moment of the day; of the day after it, for a last one."""
        return datetime.combine(day + timedelta(days=self.last), time.min, timezone.get_current_timezone())

    def condition(self, value: Any) -> Q:
        moment = self.moment(value)
        if self.where:
            return self.where(moment)
        return Q(**{f"{self.column}__{'lt' if self.last else 'gte'}": moment})

    def words(self, value: Any) -> str:
        return f"{self.label} {dates.day(value)}"


@dataclass(frozen=True, kw_only=True)
class Code(Filter):
    """A technical word, as the kind of an event."""

    kind: str = "code"
    pattern: re.Pattern[str] = field(default=re.compile(r"[a-z0-9_.]+"))

    def read(self, text: str) -> str:
        if not self.pattern.fullmatch(text):
            raise NotAFilter
        return text


@dataclass(frozen=True, kw_only=True)
class Words(Filter):
    """Free words, for lists of organizations and nothing else: words about people never stand in an address."""

    kind: str = "code"

    def read(self, text: str) -> str:
        if "\x00" in text:
            raise NotAFilter
        return text


@dataclass(frozen=True, kw_only=True)
class Id(Filter):
    """An opaque id that a link brings along; the form carries it unseen."""

    kind: str = "hidden"

    def read(self, text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError as error:
            raise NotAFilter from error

    def words(self, value: Any) -> str:
        return f"{self.label}: {str(value)[:13]}…"


def choice(name: str, label: Any, choices: Iterable[tuple[Any, Any]], **more: Any) -> Choice:
    return Choice(name=name, label=label, choices=tuple((str(key), words) for key, words in choices), **more)


def yes_no(name: str, label: Any, column: str, *, yes: Any, no: Any, any_words: Any = "") -> Choice:
    """A column that is true or false, in words."""
    return Choice(
        name=name,
        label=label,
        choices=(("yes", yes), ("no", no)),
        any_words=any_words,
        where=lambda value: Q(**{column: value == "yes"}),
    )


def since(label: Any, column: str = "", where: Callable[[Any], Q] | None = None) -> Day:
    return Day(name="since", label=label, column=column, where=where)


def until(label: Any, column: str = "", where: Callable[[Any], Q] | None = None) -> Day:
    return Day(name="until", label=label, column=column, where=where, last=True)
