"""The pieces of a list page; `accounts.lists` says what they show.

<div {% list_region %}>
  {% list_filters shown words %}  filters, chips, how many, the CSV; `words`: how many, in words
  <section class="card-s card-flush"> … {% list_head shown "ended" _("When") %} … {% list_pages shown %} </section>
</div>
"""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.lists import Listing

register = template.Library()


@register.simple_tag
def list_region(name: str = "list") -> SafeString:
    """Attributes of the element that htmx swaps when the list is filtered, sorted or leafed through."""
    return format_html(
        'id="{0}" class="list" tabindex="-1" data-list hx-target="this" hx-select="#{0}" hx-swap="outerHTML"'
        ' hx-push-url="true"',
        name,
    )


@register.inclusion_tag("components/list_filters.html", takes_context=True)
def list_filters(
    context: dict[str, Any], shown: Listing, words: str, csv: str = "", note: str = "", label: str = ""
) -> dict[str, Any]:
    """The form, one chip per filter in force, how many rows, and (where `csv` is an address) the file of these rows."""
    path = context["request"].path if "request" in context else ""
    csv = csv if context.get("takes_and_asks", True) else ""
    return {"shown": shown, "words": words, "csv": csv, "note": note, "label": label, "path": path}


@register.inclusion_tag("components/list_head.html")
def list_head(shown: Listing, name: str, words: str, classes: str = "") -> dict[str, Any]:
    """The head of a column one can sort by; the one in force says so by aria-sort."""
    return {"head": shown.head(name), "words": words, "classes": classes}


@register.inclusion_tag("components/list_pages.html")
def list_pages(shown: Listing) -> dict[str, Any]:
    """Both ways through the pages; nothing where one page is all."""
    return {"shown": shown}


@register.inclusion_tag("components/list_nothing.html")
def list_nothing(shown: Listing) -> dict[str, Any]:
    """Nothing matches: the one action takes all filters away."""
    return {"shown": shown}
