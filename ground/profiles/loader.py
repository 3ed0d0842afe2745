"""Loading an operator profile: one of the five that ship, or the operator's own TOML file.

A profile is read whole or not at all. Every problem is reported at once, so that its author fixes the file in one go.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings

from ground.profiles.exceptions import ProfileError
from ground.profiles.reading import FAILED, Reader, did_you_mean
from ground.profiles.schema import CategoryRule, OperatorProfile
from ground.profiles.vocabulary import ChangedBy

FOLDER: Final = Path(__file__).parent
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_YEAR_END: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)


def shipped() -> list[str]:
    """The names of the profiles that come with the platform."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@lru_cache
def load(name: str) -> OperatorProfile:
    """The profile of that name, or at that path when it ends in `.toml`. Raises ProfileError; cached by name."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if path.parent == FOLDER and path.stem not in shipped():
        raise ProfileError(name, [f"name: no such profile. {did_you_mean(name, shipped())}"])
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ProfileError(name, [f"file: cannot be read ({problem.strerror})."]) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ProfileError(name, [f"file: is not valid TOML: {problem}."]) from problem
    return read(document, origin=name)


def current() -> OperatorProfile:
    """The profile this installation runs under (setting OPERATOR_PROFILE)."""
    return load(str(settings.OPERATOR_PROFILE))


def read(document: Mapping[str, object], *, origin: str) -> OperatorProfile:
    """A checked profile from a parsed document. Raises ProfileError with every problem."""
    name = document.get("name")
    company = name if isinstance(name, str) and _NAME.fullmatch(name) else ""
    reader = Reader(company)
    if not company:
        reader.report("name", "must be a short name in lower case letters, digits and underscores.")
    raw = {key: value for key, value in document.items() if key != "name"}
    profile = reader.record(OperatorProfile, raw, "", name=company)
    if profile is not FAILED:
        reader.problems.extend(_contradictions(profile))
    if reader.problems:
        raise ProfileError(origin, reader.problems)
    return _sealed(profile)


def _sealed(profile: OperatorProfile) -> OperatorProfile:
    """The same profile with a retention table nobody can write to."""
    object.__setattr__(profile, "categories", MappingProxyType(dict(profile.categories)))
    return profile


def _contradictions(profile: OperatorProfile) -> Iterator[str]:
    """What is well-formed field by field and still cannot be true together."""
    for rule in profile.categories.values():
        path = f"categories.{rule.category}"
        yield from (f"{path}: {sentence}" for sentence in _rule_problems(rule))
    if bool(profile.responses) == bool(profile.no_response_promise):
        yield "responses: give response promises, or say in no_response_promise that the text has none; not both."
    for at, promise in enumerate(profile.responses):
        if promise.extension is not None and promise.extension.unit is not promise.period.unit:
            yield f"responses[{at}].extension: must be in the unit of the period, {promise.period.unit}s."
    year_end = profile.windows.financial_year_end.value
    if year_end is not None and not _YEAR_END.fullmatch(year_end):
        yield f"windows.financial_year_end: must be month and day like 12-31, not {year_end!r}."


def _rule_problems(rule: CategoryRule) -> Iterator[str]:
    if (rule.default is None) != bool(rule.unstated):
        yield "needs either a default or a sentence in unstated, and not both."
    if rule.default is not None and rule.source is None:
        yield "has a default without a source."
    has_bounds = rule.minimum is not None or rule.maximum is not None
    if has_bounds and rule.bounds_source is None:
        yield "has bounds without a bounds_source."
    if rule.changed_by is ChangedBy.ORGANIZATION and (rule.minimum is None or rule.maximum is None):
        yield "is changed by the organization and needs both a minimum and a maximum."
    ladder: list[tuple[str, Any]] = [("minimum", rule.minimum), ("default", rule.default), ("maximum", rule.maximum)]
    steps = [(name, period) for name, period in ladder if period is not None]
    for (lower_name, lower), (upper_name, upper) in pairwise(steps):
        if not lower.no_longer_than(upper):
            yield f"{lower_name} ({lower}) is not always within {upper_name} ({upper})."
