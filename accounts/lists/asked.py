"""What an address asks of a list, and the page that answers it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists.filters import LONGEST, Filter, NotAFilter
from accounts.lists.keyset import SIZE, BadCursor, Cursor, Order, Sort, page, read_cursor
from accounts.lists.words import COUNTED_AT_MOST, Named, counted

SORT, ONWARD, BACK = "sort", "next", "back"
_BY_TIME = (gettext_lazy("newest first"), gettext_lazy("oldest first"))
_WAYS = {
    "moment": _BY_TIME,
    "id": _BY_TIME,
    "day": (gettext_lazy("latest first"), gettext_lazy("soonest first")),
    "number": (gettext_lazy("largest first"), gettext_lazy("smallest first")),
    "text": (gettext_lazy("Z to A"), gettext_lazy("A to Z")),
}


@dataclass(frozen=True)
class Declaration:
    """What may be asked. The first sort is how the list opens, falling unless `rising`. `tab`: a parameter and its
    values that choose between lists on one page (no filter: no chip, and clearing leaves it)."""

    sorts: tuple[Sort, ...]
    filters: tuple[Filter, ...] = ()
    named: Named | None = None
    rising: bool = False
    size: int = SIZE
    tab: tuple[str, tuple[str, ...]] = ("", ())

    @property
    def opening(self) -> Order:
        return Order(self.sorts[0], not self.rising)


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force, and the address of the list without it."""

    words: str
    without: str


@dataclass(frozen=True, slots=True)
class Head:
    """A column one can sort by. `state` as aria-sort has it, "" for a column not sorted by."""

    name: str
    state: str
    query: str


@dataclass
class Asked:
    """A reading of one address. `values`: filter name -> value in force; `texts`: as the address carries them;
    `path`: where the list lives, "" for the page that shows it."""

    declaration: Declaration
    values: dict[str, Any]
    texts: dict[str, str]
    order: Order
    cursors: tuple[str, str] = ("", "")
    tab: str = ""
    notices: list[str] = field(default_factory=list)
    path: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether everything the address says was understood. A file is made of nothing less."""
        return not self.notices

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that have everything asked for."""
        for each in self.declaration.filters:
            if each.name in self.values:
                rows = rows.filter(each.condition(self.values[each.name]))
        return rows

    def show(self, rows: QuerySet[Any], *, counting: bool = True) -> "Listing":
        """One page of `rows`, which are all rows of the organization's list. Needs the organization's context."""
        wanted = self.narrow(rows)
        onward, back = (self._place(text, rows) for text in self.cursors)
        found = page(wanted, self.order, onward=onward, back=back, size=self.declaration.size)
        alone = not (found.onward or found.back or self.cursors[0] or self.cursors[1])
        count = len(found.rows) if alone or not counting else capped_count(wanted)
        return Listing(self, found.rows, count, found.onward, found.back)

    def _place(self, text: str, rows: QuerySet[Any]) -> Cursor | None:
        if not text:
            return None
        try:
            return read_cursor(text, self.order, rows)
        except BadCursor:
            self.notices.append(_("This place in the list no longer exists; here is its beginning."))
            return None

    def query(self, *, without: Iterable[str] = (), **more: str) -> str:
        """An address of this list: filters and order in force, less `without`, with `more`."""
        return self.path + self.parameters(without=without, **more)

    def parameters(self, *, without: Iterable[str] = (), **more: str) -> str:
        kept = {name: text for name, text in self.texts.items() if name not in without}
        if self.order != self.declaration.opening and SORT not in without:
            kept[SORT] = self.sort_text
        query = QueryDict(mutable=True)
        for name, text in {self.declaration.tab[0]: self.tab, **kept, **more}.items():
            if text:
                query[name] = text
        return f"?{query.urlencode()}"

    @property
    def sort_text(self) -> str:
        return f"-{self.order.sort.name}" if self.order.falling else self.order.sort.name


@dataclass
class Listing:
    """One page of a list with everything its template needs. Views replace `rows` by what they show of them, and may
    set `note`: what is said beside the count."""

    asked: Asked
    rows: list[Any]
    count: int
    onward_cursor: str = ""
    back_cursor: str = ""
    note: str = ""

    @property
    def named(self) -> Named | None:
        return self.asked.declaration.named

    @property
    def words(self) -> str:
        """How many, in words."""
        return self.named.counted(self.count) if self.named else self.counted

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(each.words(self.asked.values[each.name]), self.asked.query(without=[each.name]))
            for each in self.asked.declaration.filters
            if each.name in self.asked.values
        ]

    @property
    def is_filtered(self) -> bool:
        return bool(self.asked.values)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all, and so nothing to filter, count or take along."""
        return not (self.rows or self.is_filtered or self.notices)

    @property
    def cleared(self) -> str:
        """The list without any filter, in the same order."""
        return self.asked.query(without=self.asked.texts)

    @property
    def counted(self) -> str:
        return counted(self.count)

    @property
    def notices(self) -> list[str]:
        return self.asked.notices

    @property
    def onward(self) -> str:
        return self.asked.query(**{ONWARD: self.onward_cursor}) if self.onward_cursor else ""

    @property
    def back(self) -> str:
        return self.asked.query(**{BACK: self.back_cursor}) if self.back_cursor else ""

    @property
    def query(self) -> str:
        """Filters and order alone: what the CSV is asked with."""
        return self.asked.parameters()

    @property
    def is_of_moments(self) -> bool:
        """Whether "newer" and "older" are the right words for the ways one can leaf."""
        return self.asked.order.sort.kind in ("moment", "id")

    @property
    def falls(self) -> bool:
        return self.asked.order.falling

    @property
    def asking(self) -> list[dict[str, Any]]:
        """The filters with what is in force, for the form."""
        return [
            {"filter": each, "text": self.asked.texts.get(each.name, "")} for each in self.asked.declaration.filters
        ]

    @property
    def orders(self) -> list[tuple[str, str, bool]]:
        """Every order as an option: value, words, whether it is in force. A phone has no column heads."""
        found = []
        for sort in self.asked.declaration.sorts:
            for falling in (True, False):
                words = (sort.ways or _WAYS[sort.kind])[not falling]
                text = f"-{sort.name}" if falling else sort.name
                found.append((text, f"{sort.label}: {words}", self.asked.sort_text == text))
        return found

    def head(self, name: str) -> Head:
        """A column's head: pressed once it sorts the other way round, on another column it sorts by that."""
        order = self.asked.order
        here = order.sort.name == name
        state = ("descending" if order.falling else "ascending") if here else ""
        sort = next(each for each in self.asked.declaration.sorts if each.name == name)
        falling = not order.falling if here else sort.kind != "text"
        turned = Order(sort, falling)
        text = "" if turned == self.asked.declaration.opening else f"-{name}" if falling else name
        return Head(name, state, self.asked.query(without=[SORT], **({SORT: text} if text else {})))


def read(declaration: Declaration, query: QueryDict | Mapping[str, str], *, path: str = "") -> Asked:
    """What the address asks. A value that makes no sense is left out, and a notice says so. `path`: of the list's own
    page, where another one shows it too."""
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    notices = []
    for each in declaration.filters:
        text = str(query.get(each.name) or "").strip()
        if not text:
            continue
        try:
            if len(text) > LONGEST:
                raise NotAFilter
            values[each.name] = each.read(text)
            texts[each.name] = text
        except NotAFilter:
            notices.append(
                _("“%(filter)s” was left out: what the address says is none of its values.") % {"filter": each.label}
            )
    order = _order(declaration, str(query.get(SORT) or ""))
    if order is None:
        notices.append(_("This list cannot be sorted that way; it stands in its own order."))
        order = declaration.opening
    cursors = (str(query.get(ONWARD) or ""), str(query.get(BACK) or ""))
    tab = str(query.get(declaration.tab[0]) or "")
    tab = tab if tab in declaration.tab[1] else ""
    return Asked(declaration, values, texts, order, cursors, tab, notices, path)


def _order(declaration: Declaration, text: str) -> Order | None:
    if not text:
        return declaration.opening
    for sort in declaration.sorts:
        if sort.name == text.removeprefix("-"):
            return Order(sort, text.startswith("-"))
    return None


def capped_count(rows: QuerySet[Any]) -> int:
    """How many rows, counted up to 10,000 and no further (10,001 means "more")."""
    return int(rows.order_by().values("pk")[: COUNTED_AT_MOST + 1].count())
