"""The pieces of a list page; `accounts.lists` says what they show.

`list_page.html` puts them together; a list that is a part of its page has

<div {% list_region %}>
  {% list_filters shown %}  filters, chips, how many, the CSV
  <section class="card-s card-flush"> … {% list_head shown "ended" _("When") %} … {% list_pages shown %} </section>
</div>
"""

from typing import Any

from django import template
from django.urls import reverse
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
def list_filters(context: dict[str, Any], shown: Listing) -> dict[str, Any]:
    """The form, folded on a phone; one chip per filter in force, how many rows, the way to the file of these rows."""
    path = context["request"].path if "request" in context else ""
    return {"shown": shown, "csv": _file_of(context, shown), "path": shown.asked.path or path}


def _file_of(context: dict[str, Any], shown: Listing) -> str:
    """The address of the file, where there is one and this reader may have it."""
    named = shown.named
    if named is None or not named.csv or not shown.rows:
        return ""
    if context.get("organization") and not context.get("takes_and_asks", True):
        return ""
    if named.csv_needs and named.csv_needs not in context.get("permissions", ()):
        return ""
    match = context["request"].resolver_match
    given = {name: match.kwargs[name] for name in named.arguments if name in match.kwargs}
    return f"{reverse(named.csv, kwargs=given)}{shown.query}"


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
