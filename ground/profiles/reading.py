"""Turning plain TOML values into the types of the schema, keeping every problem instead of stopping at the first.

The schema is the only description of a profile's shape: its dataclasses are walked here by their type hints, so a
field added to the schema is at once required, checked and known to the did-you-mean.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from ground.profiles.exceptions import NotAPeriod
from ground.profiles.period import Period
from ground.profiles.schema import OPERATOR_DEFAULT, CategoryRule, Figure, Source
from ground.profiles.vocabulary import Category

_PROMISE: Final = re.compile(r"([A-Z]+)-[A-Z]{3}-\d{2}", re.ASCII)
_PLAIN_KINDS: Final[dict[type, str]] = {
    bool: "true or false",
    int: "a whole number, zero or more",
    str: "a text that is not empty",
    date: "a date like 2026-03-23",
}
FAILED: Final = object()


class Unreadable(ValueError):
    """One value is not what its place asks for; the message is a sentence for the profile's author."""


def did_you_mean(word: str, known: list[str]) -> str:
    """` Did you mean x?` when something known is close, else the whole list."""
    close = get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(known)}."


class Reader:
    """Reads one profile document. `problems` collects `path: sentence` in reading order."""

    def __init__(self, company: str) -> None:
        self.company = company.upper()
        self.problems: list[str] = []

    def report(self, path: str, sentence: str) -> None:
        self.problems.append(f"{path}: {sentence}")

    def record(self, kind: Any, raw: object, path: str, **given: object) -> Any:
        """A schema dataclass from a table. FAILED when anything in it is wrong; `given` fields are not read."""
        if not isinstance(raw, dict):
            self.report(path, "must be a table.")
            return FAILED
        hints = get_type_hints(kind)
        wanted = [field for field in fields(kind) if field.name not in given]
        self._refuse_unknown(raw, [field.name for field in wanted], path)
        before = len(self.problems)
        values = dict(given)
        for field in wanted:
            where = f"{path}.{field.name}" if path else field.name
            if field.name in raw:
                values[field.name] = self._value(raw[field.name], hints[field.name], where)
            elif _is_required(field):
                self.report(where, 'is missing; where the text gives no value write { unstated = "why" }.')
        return kind(**values) if len(self.problems) == before else FAILED

    def _refuse_unknown(self, raw: dict[str, object], known: list[str], path: str) -> None:
        for key in raw:
            if key not in known:
                self.report(f"{path}.{key}" if path else key, f"is not a known key. {did_you_mean(key, known)}")

    def _value(self, raw: object, kind: Any, path: str) -> Any:
        origin = get_origin(kind)
        if origin is UnionType:
            (kind,) = (option for option in get_args(kind) if option is not NoneType)
        elif origin is Figure:
            return self._figure(raw, get_args(kind)[0], path)
        elif origin is Mapping:
            return self._categories(raw, path)
        elif origin is tuple and is_dataclass(get_args(kind)[0]):
            return self._records(raw, get_args(kind)[0], path)
        if kind is not Period and kind is not Source and is_dataclass(kind):
            return self.record(kind, raw, path)
        try:
            return self._plain(raw, kind)
        except Unreadable as problem:
            self.report(path, str(problem))
            return FAILED

    def _records(self, raw: object, kind: type, path: str) -> Any:
        if not isinstance(raw, list):
            self.report(path, f"must be a list of tables, written as [[{path}]].")
            return FAILED
        return tuple(self.record(kind, item, f"{path}[{at}]") for at, item in enumerate(raw))

    def _categories(self, raw: object, path: str) -> Any:
        """The retention table: every category once, none unknown, none forgotten."""
        if not isinstance(raw, dict):
            self.report(path, "must be a table with one rule per category.")
            return FAILED
        self._refuse_unknown(raw, [category.value for category in Category], path)
        rules = {}
        for category in Category:
            where = f"{path}.{category}"
            if category in raw:
                rules[category] = self.record(CategoryRule, raw[category], where, category=category)
            else:
                self.report(where, "has no rule; every category needs one, even if its period is unstated.")
        return rules

    def _figure(self, raw: object, kind: Any, path: str) -> Any:
        """`{ value, source, note }` or `{ unstated, source, note }`."""
        if not isinstance(raw, dict):
            self.report(path, "must be a table { value = …, source = … } or { unstated = … }.")
            return FAILED
        before = len(self.problems)
        self._refuse_unknown(raw, ["value", "source", "note", "unstated"], path)
        if ("value" in raw) == ("unstated" in raw):
            self.report(path, "needs either a value or a sentence in unstated, and not both.")
        if "value" in raw and "source" not in raw:
            self.report(path, f'has a value without a source; name promise ids or "{OPERATOR_DEFAULT}".')
        kinds = {"value": kind, "source": Source, "note": str, "unstated": str}
        values = {key: self._value(raw[key], wanted, f"{path}.{key}") for key, wanted in kinds.items() if key in raw}
        return Figure(**values) if len(self.problems) == before else FAILED

    def _plain(self, raw: object, kind: Any) -> object:
        if get_origin(kind) is tuple:
            return self._list(raw, get_args(kind)[0])
        if kind is Period:
            return _period(raw)
        if kind is Source:
            return self._source(raw)
        if issubclass(kind, StrEnum):
            return _member(raw, kind)
        if type(raw) is not kind or (kind is str and not str(raw).strip()) or (kind is int and int(str(raw)) < 0):
            raise Unreadable(f"must be {_PLAIN_KINDS[kind]}, not {raw!r}.")
        return raw

    def _list(self, raw: object, kind: Any) -> tuple[object, ...]:
        if not isinstance(raw, list) or not raw:
            raise Unreadable("must be a list with at least one entry.")
        values = tuple(self._plain(item, kind) for item in raw)
        if len(set(values)) < len(values):
            raise Unreadable("names the same entry twice.")
        return values

    def _source(self, raw: object) -> Source:
        if raw == OPERATOR_DEFAULT:
            return Source()
        if not isinstance(raw, list) or not raw:
            raise Unreadable(f'must be a list of promise ids or "{OPERATOR_DEFAULT}".')
        for promise in raw:
            found = _PROMISE.fullmatch(promise) if isinstance(promise, str) else None
            if found is None or found[1] != (self.company or found[1]):
                raise Unreadable(f"{promise!r} is no promise of this company; write ids like {self.company}-RET-01.")
        return Source(tuple(raw))


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING


def _period(raw: object) -> Period:
    if not isinstance(raw, str):
        raise Unreadable(f"must be a period like 90 days, not {raw!r}.")
    try:
        return Period.parse(raw)
    except NotAPeriod as problem:
        raise Unreadable(str(problem)) from None


def _member(raw: object, kind: type[StrEnum]) -> StrEnum:
    known = [member.value for member in kind]
    if isinstance(raw, str) and raw in known:
        return kind(raw)
    raise Unreadable(f"{raw!r} is not allowed here. {did_you_mean(str(raw), known)}")
