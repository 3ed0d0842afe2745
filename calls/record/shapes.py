"""The form of incoming JSON, said once: a shape reads a value and writes the JSON Schema that we publish.

One declaration for both, so that the document cannot drift from the code. A general validator needs about a
millisecond for a call with its turns; these need some ten microseconds, which is what lets a batch of a thousand be
answered at once. The tests take `jsonschema` as oracle.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from calls.record.problems import Problem, step

Problems = list[Problem]
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and half surrogate pairs: no database or page can hold them."""


class Shape(Protocol):
    """Reads one JSON value; appends what is wrong to `problems` and then returns None."""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any: ...

    def schema(self) -> dict[str, Any]: ...


NO_NUL = "^[^\\u0000]*$"  # what of UNWRITABLE a JSON Schema can say


@dataclass(frozen=True, slots=True)
class Text:
    """Unicode text. Half surrogate pairs and NUL are refused: no database or page could hold them."""

    longest: int
    shortest: int = 0
    pattern: str = ""
    about: str = ""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            problems.append(Problem(pointer, "not_text", "must be a text"))
        elif len(value) > self.longest:
            problems.append(Problem(pointer, "too_long", f"must have at most {self.longest} characters"))
        elif len(value) < self.shortest:
            problems.append(Problem(pointer, "too_short", f"must have at least {self.shortest} characters"))
        elif UNWRITABLE.search(value):
            problems.append(Problem(pointer, "not_unicode", "must not hold NUL or half a surrogate pair"))
        elif self.pattern and not re.search(self.pattern, value):
            problems.append(Problem(pointer, "pattern", f"must match {self.pattern}"))
        else:
            return value
        return None

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "maxLength": self.longest}
        if self.shortest:
            schema["minLength"] = self.shortest
        schema["pattern"] = self.pattern or NO_NUL
        return _described(schema, self.about)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of our own words."""

    words: Sequence[str]
    about: str = ""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any:
        if isinstance(value, str) and value in self.words:
            return value
        problems.append(Problem(pointer, "unknown_word", f"must be one of {', '.join(self.words)}"))
        return None

    def schema(self) -> dict[str, Any]:
        return _described({"type": "string", "enum": list(self.words)}, self.about)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int
    most: int
    about: str = ""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON does not tell 1.0 from 1
        if isinstance(value, bool) or not isinstance(value, int):
            problems.append(Problem(pointer, "not_whole", "must be a whole number"))
        elif not self.least <= value <= self.most:
            problems.append(Problem(pointer, "out_of_range", f"must lie between {self.least} and {self.most}"))
        else:
            return value
        return None

    def schema(self) -> dict[str, Any]:
        return _described({"type": "integer", "minimum": self.least, "maximum": self.most}, self.about)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment with its offset from UTC (RFC 3339); comes back in UTC."""

    about: str = ""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any:
        moment = None
        if isinstance(value, str) and len(value) <= 40:
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                moment = None
        if moment is None:
            problems.append(Problem(pointer, "not_a_moment", "must be a date and time such as 2026-01-31T09:00:00Z"))
            return None
        if moment.tzinfo is None:
            problems.append(Problem(pointer, "naive_time", "must name its offset from UTC, such as Z or +02:00"))
            return None
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            problems.append(Problem(pointer, "out_of_range", "lies outside the years 1 to 9999"))
            return None

    def schema(self) -> dict[str, Any]:
        return _described({"type": "string", "format": "date-time"}, self.about)


@dataclass(frozen=True, slots=True)
class Free:
    """An object whose members we do not know; only its size and its texts are checked."""

    most_bytes: int
    about: str = ""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            problems.append(Problem(pointer, "not_an_object", "must be an object"))
            return None
        try:
            written = json.dumps(value, ensure_ascii=False)
        except RecursionError:
            problems.append(Problem(pointer, "too_deep", "is nested too deeply"))
            return None
        if UNWRITABLE.search(written) or "\\u0000" in written:
            problems.append(Problem(pointer, "not_unicode", "must not hold NUL or half a surrogate pair"))
        elif len(written.encode()) > self.most_bytes:
            problems.append(Problem(pointer, "too_large", f"must have at most {self.most_bytes} bytes"))
        else:
            return value
        return None

    def schema(self) -> dict[str, Any]:
        return _described({"type": "object"}, self.about)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of one shape."""

    item: Shape
    most: int
    least: int = 0
    about: str = ""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            problems.append(Problem(pointer, "not_a_list", "must be a list"))
        elif not self.least <= len(value) <= self.most:
            problems.append(Problem(pointer, "wrong_length", f"must have {self.least} to {self.most} items"))
        else:
            return [self.item.read(each, f"{pointer}/{place}", problems) for place, each in enumerate(value)]
        return None

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array", "items": self.item.schema(), "maxItems": self.most}
        if self.least:
            schema["minItems"] = self.least
        return _described(schema, self.about)


@dataclass(frozen=True, slots=True)
class Entry:
    """An object with known members; others are refused, so that a misspelt name does not vanish silently.

    A member that is null counts as absent. `read` gives only the members that are there and right.
    """

    members: Mapping[str, Shape]
    required: frozenset[str] = field(default_factory=frozenset)
    about: str = ""

    def read(self, value: Any, pointer: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            problems.append(Problem(pointer, "not_an_object", "must be an object"))
            return None
        found = {}
        for name, inner in value.items():
            shape = self.members.get(name)
            if shape is None:
                shown = name if len(name) <= 40 and name.isidentifier() else "…"
                problems.append(Problem(step(pointer, shown), "unknown_member", "is not a member we know"))
            elif inner is not None:
                found[name] = shape.read(inner, f"{pointer}/{name}", problems)
        missing = [name for name in self.required if value.get(name) is None]
        problems.extend(Problem(f"{pointer}/{name}", "missing", "is required") for name in sorted(missing))
        return found

    def schema(self) -> dict[str, Any]:
        properties = {
            name: shape.schema() if name in self.required else _nullable(shape.schema())
            for name, shape in self.members.items()
        }
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if self.required:
            schema["required"] = sorted(self.required)
        return _described(schema, self.about)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    nullable = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable


def _described(schema: dict[str, Any], about: str) -> dict[str, Any]:
    return {**schema, "description": about} if about else schema
