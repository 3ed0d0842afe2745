"""Pages by key: the rows after (or before) the one on screen, found through an index, whatever the list's length.

The order is always (sort column, primary key), so rows with equal values never hide at the border of two pages. Where a
column may be empty, rows without a value count as smallest: first when rising, last when falling.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from ground.tenancy import acting_for

Kind = Literal["moment", "day", "number", "id", "text"]
SIZE = 50
STEP = 200
_LONGEST_CURSOR = 200
_YEARS = range(1970, 2201)
Line = TypeVar("Line")


class BadCursor(Exception):
    """A place in a list that is none: not written by us, of another order, or its row is gone."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One way to order a list. `name` stands in addresses, `label` over the column.

    `kind`: "id" for the primary key alone (ids of version 7 are ordered by time). "text" never stands in a cursor.
    `ways`: words for falling and rising, where those of the kind do not fit.
    `nullable`: the column may be empty; its index must then be built with NULLS FIRST.
    """

    name: str
    label: Any = ""
    column: str = "id"
    kind: Kind = "moment"
    nullable: bool = False
    ways: tuple[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of one row in an order."""

    value: Any
    id: Any


@dataclass(frozen=True, slots=True)
class Order:
    """A sort and its direction."""

    sort: Sort
    falling: bool = True

    def columns(self, *, backward: bool = False) -> list[OrderBy]:
        falling = self.falling is not backward
        names = ["pk"] if self.sort.kind == "id" else [self.sort.column, "pk"]
        return [self._column(name, falling=falling) for name in names]

    def _column(self, name: str, *, falling: bool) -> OrderBy:
        if name == "pk" or not self.sort.nullable:
            return F(name).desc() if falling else F(name).asc()
        return F(name).desc(nulls_last=True) if falling else F(name).asc(nulls_first=True)

    def beyond(self, place: Cursor, *, backward: bool = False) -> Q:
        """Rows that follow `place` in this order, or with `backward` those that precede it."""
        falling = self.falling is not backward
        way = "lt" if falling else "gt"
        further = Q(**{f"pk__{way}": place.id})
        if self.sort.kind == "id":
            return further
        column = self.sort.column
        if place.value is None:
            level = Q(**{f"{column}__isnull": True}) & further
            return level if falling else level | Q(**{f"{column}__isnull": False})
        beyond = Q(**{f"{column}__{way}e": place.value}) & (Q(**{f"{column}__{way}": place.value}) | further)
        return beyond | Q(**{f"{column}__isnull": True}) if self.sort.nullable and falling else beyond

    def place_of(self, row: Any) -> Cursor:
        value = row
        if self.sort.kind == "id":
            return Cursor(None, row.pk)
        for part in self.sort.column.split("__"):
            value = getattr(value, part)
        return Cursor(value, row.pk)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and the cursors of the pages before and after them, "" at the ends."""

    rows: list[Any]
    onward: str = ""
    back: str = ""


def cursor_of(row: Any, order: Order) -> str:
    """Where a row stands, as text for an address: its sort, a moment or number, an opaque id."""
    place = order.place_of(row)
    value = "" if order.sort.kind in ("id", "text") or place.value is None else place.value
    shown = str(value)
    if isinstance(value, datetime):  # Z, because a plus sign in an address is read as a space
        shown = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return f"{order.sort.name}~{shown}~{place.id}"


def read_cursor(text: str, order: Order, rows: QuerySet[Any]) -> Cursor:
    """The place an address names. Raises BadCursor. `rows`: the list without its filters."""
    name, _separator, rest = text[:_LONGEST_CURSOR].partition("~")
    value, _separator, identifier = rest.rpartition("~")
    if name != order.sort.name or not identifier:
        raise BadCursor
    key = rows.model._meta.pk
    try:
        found = UUID(identifier) if key.get_internal_type() == "UUIDField" else key.to_python(identifier)
        return Cursor(_value(value, found, order, rows), found)
    except (ValueError, OverflowError, ValidationError) as error:
        raise BadCursor from error


def _value(text: str, identifier: Any, order: Order, rows: QuerySet[Any]) -> Any:
    kind = order.sort.kind
    if kind == "id":
        return None
    if kind == "text":
        try:
            return rows.order_by().values_list(order.sort.column, flat=True).get(pk=identifier)
        except rows.model.DoesNotExist as error:
            raise BadCursor from error
    if not text and order.sort.nullable:
        return None
    if kind == "number":
        return int(text)
    if kind == "day":
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise BadCursor
    return moment.astimezone(UTC)


def page(
    rows: QuerySet[Any],
    order: Order,
    *,
    onward: Cursor | None = None,
    back: Cursor | None = None,
    size: int = SIZE,
) -> Page:
    """The first page; or the one that follows `onward`; or the one that precedes `back`."""
    if back is not None and onward is None:
        found = list(rows.filter(order.beyond(back, backward=True)).order_by(*order.columns(backward=True))[: size + 1])
        if len(found) >= size:
            before, found = len(found) > size, found[:size][::-1]
            return Page(found, cursor_of(found[-1], order), cursor_of(found[0], order) if before else "")
    if onward is not None:
        found = list(rows.filter(order.beyond(onward)).order_by(*order.columns())[: size + 1])
        if found:
            more, found = len(found) > size, found[:size]
            return Page(found, cursor_of(found[-1], order) if more else "", cursor_of(found[0], order))
    found = list(rows.order_by(*order.columns())[: size + 1])
    more, found = len(found) > size, found[:size]
    return Page(found, cursor_of(found[-1], order) if more else "")


def walk(
    rows: QuerySet[Any],
    order: Order,
    *,
    organization_id: UUID,
    lines: Callable[[Sequence[Any]], Sequence[Line]],
    step: int = STEP,
) -> Iterator[Line]:
    """Every row in order, as `lines` makes them of a batch. Each batch has a transaction of its own, closed before its
    lines are handed out, so nothing is held while a receiver reads."""
    place: Cursor | None = None
    while True:
        with acting_for(organization_id):
            left = rows if place is None else rows.filter(order.beyond(place))
            batch = list(left.order_by(*order.columns())[:step])
            made = list(lines(batch)) if batch else []
        yield from made
        if len(batch) < step:
            return
        place = order.place_of(batch[-1])
