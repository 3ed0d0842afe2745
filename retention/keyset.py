"""Lists by key: "older" and "newer" from the row on screen, no page numbers, no counting of big tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict

SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first. `older` and `newer` are query strings, "" where there is nothing."""

    rows: list[Any]
    older: str = ""
    newer: str = ""


def page(rows: QuerySet[Any], query: QueryDict, *, clock: str, size: int = SIZE) -> Page:
    """One page by (`clock`, id), from `?before=` or `?after=`; a cursor that cannot be read shows the newest page.

    `clock` may be "id" itself where ids are ordered by time (UUID version 7).
    """
    before, after = _opened(query.get("before", "")), _opened(query.get("after", ""))
    order = ("-id",) if clock == "id" else (f"-{clock}", "-id")
    if after is not None and before is None:
        backwards = tuple(name.removeprefix("-") for name in order)
        found = list(rows.filter(_beyond(clock, after, "gt")).order_by(*backwards)[: size + 1])
        more_newer, found = len(found) > size, found[:size][::-1]
        return _linked(found, query, clock, newer=more_newer, older=True)
    if before is not None:
        rows = rows.filter(_beyond(clock, before, "lt"))
    found = list(rows.order_by(*order)[: size + 1])
    return _linked(found[:size], query, clock, newer=before is not None, older=len(found) > size)


def cursor_of(row: Any, clock: str) -> str:
    """Where a row stands, as text for an address: moments and opaque ids only."""
    moment = "" if clock == "id" else getattr(row, clock).isoformat()
    return f"{moment}~{row.pk}"


def _linked(rows: list[Any], query: QueryDict, clock: str, *, newer: bool, older: bool) -> Page:
    if not rows:
        return Page(rows)
    kept = query.copy()
    for name in ("before", "after"):
        kept.pop(name, None)

    def link(name: str, row: Any) -> str:
        return "?" + "&".join(part for part in (kept.urlencode(), _query(name, cursor_of(row, clock))) if part)

    return Page(rows, link("before", rows[-1]) if older else "", link("after", rows[0]) if newer else "")


def _query(name: str, value: str) -> str:
    only = QueryDict(mutable=True)
    only[name] = value
    return only.urlencode()


def _opened(cursor: str) -> tuple[datetime | None, UUID] | None:
    moment, separator, identifier = cursor.partition("~")
    if not separator:
        return None
    try:
        parsed = datetime.fromisoformat(moment) if moment else None
        if parsed is not None and parsed.tzinfo is None:
            return None
        return parsed, UUID(identifier)
    except ValueError:
        return None


def _beyond(clock: str, position: tuple[datetime | None, UUID], direction: str) -> Q:
    moment, identifier = position
    if clock == "id" or moment is None:
        return Q(**{f"id__{direction}": identifier})
    return Q(**{f"{clock}__{direction}e": moment}) & (
        Q(**{f"{clock}__{direction}": moment}) | Q(**{f"id__{direction}": identifier})
    )


def readable(cursor: str) -> bool:
    """Whether a cursor is one of ours."""
    return _opened(cursor) is not None
