"""Words of the API's document on a page."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_CODE = re.compile(r"`([^`]+)`")


@register.filter
def coded(words: str) -> SafeString:
    """`{{ words|coded }}`: what stands in `backticks` as code; everything else is escaped."""
    parts = _CODE.split(words)  # plain and code by turns
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", x) if n % 2 else x,) for n, x in enumerate(parts))
    )


@register.filter
def path_pieces(path: tuple[str, ...]) -> SafeString:
    """A path whose {names} stand out, and which may be broken after each slash."""
    return format_html_join("", "{}", ((_piece(each),) for each in path))


def _piece(text: str) -> SafeString:
    if text.startswith("{"):
        return format_html("<b>{}</b>", text)
    return format_html_join(SafeString("/<wbr>"), "{}", ((part,) for part in text.split("/")))
