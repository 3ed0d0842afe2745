"""Lists of rows that people filter, sort, leaf through and take away as CSV. Every list of the product is one of these.

A view declares what may be asked of its list, hands over the organization's rows, and renders what comes back:

    CALLS = lists.Declaration(
        named=lists.Named(rows=_("Calls"), ask=_("Filter calls"), count=ngettext_lazy(…), csv="calls:csv"),
        filters=(lists.choice("direction", _("Direction"), words.DIRECTIONS.items(), column="direction"), …),
        sorts=(lists.Sort("ended", _("When"), "ended_at"),),
    )
    shown = lists.read(CALLS, request.GET).show(rows)

Its page extends `list_page.html`, its file is made by `csv_file`.

Everything stands in the address and nothing of it is believed: a value that makes no sense is left out and the page
says so. Addresses carry opaque ids, words from closed lists, days and moments, never a number, a name or an address of
anybody; so text is never a sort key in a cursor (the row it points at is asked instead).

Pages go by key, in both directions; there is no OFFSET, and nothing is counted past `COUNTED_AT_MOST`.
"""

from accounts.lists.asked import Asked, Declaration, Listing, capped_count, read
from accounts.lists.export import MOST_LINES, csv_answer, csv_file, csv_rows
from accounts.lists.filters import Choice, Code, Filter, Id, NotAFilter, Words, choice, since, until, yes_no
from accounts.lists.keyset import BadCursor, Cursor, Order, Page, Sort, cursor_of, page, read_cursor, walk
from accounts.lists.words import COUNTED_AT_MOST, Named

__all__ = [
    "COUNTED_AT_MOST",
    "MOST_LINES",
    "Asked",
    "BadCursor",
    "Choice",
    "Code",
    "Cursor",
    "Declaration",
    "Filter",
    "Id",
    "Listing",
    "Named",
    "NotAFilter",
    "Order",
    "Page",
    "Sort",
    "Words",
    "capped_count",
    "choice",
    "csv_answer",
    "csv_file",
    "csv_rows",
    "cursor_of",
    "page",
    "read",
    "read_cursor",
    "since",
    "until",
    "walk",
    "yes_no",
]
