"""How lists count."""

from django.contrib.humanize.templatetags.humanize import intcomma

COUNTED_AT_MOST = 10_000


def counted(count: int) -> str:
    """1,234 as the language writes it; 10,000+ for everything above."""
    shown = intcomma(min(count, COUNTED_AT_MOST))
    return f"{shown}+" if count > COUNTED_AT_MOST else shown
