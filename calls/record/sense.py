"""What a call may not say, however well formed: checked at every door and again before anything is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from calls.record.problems import Problem
from calls.record.shapes import UNWRITABLE
from calls.record.types import CallRecord

FUTURE = timedelta(hours=24)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_CALL = timedelta(days=7)
_FIELDS = tuple(each.name for each in fields(CallRecord))
_MOMENTS = ("started_at", "answered_at", "ended_at", "provider_expires_at")


def problems_of(record: CallRecord, *, now: datetime, names: Mapping[str, str] | None = None) -> list[Problem]:
    """Everything that makes no sense in this telling; empty when it may be stored."""
    named = names or {}
    return [
        Problem(f"/{named.get(name, name)}", code, detail)
        for name, code, detail in (*_bad_times(record, now), *_bad_texts(record))
    ]


def _bad_times(record: CallRecord, now: datetime) -> Iterator[tuple[str, str, str]]:
    known: dict[str, datetime] = {}
    for name in _MOMENTS:
        moment: datetime | None = getattr(record, name)
        if moment is None:
            continue
        if moment.tzinfo is None:
            yield name, "naive_time", "must name its offset from UTC"
        elif moment < EARLIEST:
            yield name, "too_long_ago", "lies before the year 2000"
        elif name != "provider_expires_at" and moment > now + FUTURE:
            yield name, "in_the_future", "lies more than 24 hours ahead"
        else:
            known[name] = moment
    start, answer, end = (known.get(name) for name in ("started_at", "answered_at", "ended_at"))
    if start and end and end < start:
        yield "ended_at", "ends_before_start", "lies before started_at"
    elif start and end and end - start > LONGEST_CALL:
        yield "ended_at", "too_long", "lies more than seven days after started_at"
    if start and answer and answer < start:
        yield "answered_at", "answered_before_start", "lies before started_at"
    if answer and end and end < answer:
        yield "answered_at", "answered_after_end", "lies after ended_at"


def _bad_texts(record: CallRecord) -> Iterator[tuple[str, str, str]]:
    for name in _FIELDS:
        value = getattr(record, name)
        if value is not None and not _writable(value):
            yield name, "not_unicode", "must not hold NUL or half a surrogate pair"


def _writable(value: Any) -> bool:
    if isinstance(value, str):
        return not UNWRITABLE.search(value)
    if isinstance(value, Mapping):
        return all(_writable(key) and _writable(inner) for key, inner in value.items())
    if isinstance(value, tuple | list):
        return all(_writable(inner) for inner in value)
    if hasattr(value, "__dataclass_fields__"):
        return all(_writable(getattr(value, each.name)) for each in fields(value))
    return True
