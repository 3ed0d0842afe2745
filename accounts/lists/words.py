"""How lists are spoken of, and how they count."""

from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma

COUNTED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Named:
    """What one list is called on its page.

    `rows`: what its lines are ("Calls"); `ask`: what its form does ("Filter calls"); `count`: "%(n)s call(s)", a lazy
    plural by "counter"; `csv`: the name of the address that answers with its file, and `arguments`, which of the page's
    own that address takes; `csv_needs`: the permission without which no link to the file is shown.
    """

    rows: Any
    ask: Any
    count: Any
    csv: str = ""
    csv_needs: str = ""
    arguments: tuple[str, ...] = ("slug",)

    def counted(self, count: int) -> str:
        return str(self.count % {"counter": count, "n": counted(count)})


def counted(count: int) -> str:
    """1,234 as the language writes it; 10,000+ for everything above."""
    shown = intcomma(min(count, COUNTED_AT_MOST))
    return f"{shown}+" if count > COUNTED_AT_MOST else shown
