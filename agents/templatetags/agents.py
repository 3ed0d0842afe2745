"""Our own words, as people read them."""

from django import template
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext_lazy as _

LETTERS_A_SECOND = 15  # of unhurried speech

register = template.Library()

_CATEGORIES = {
    "recording": _("recordings"),
    "transcript": _("transcripts"),
    "call_report": _("reports"),
    "call_metadata": _("call facts"),
    "agent_activity": _("agent activity"),
}
_ACTIVITY = {
    "created": _("Entered"),
    "first_seen": _("First seen with a call"),
    "changed": _("Name or language changed"),
    "draft_saved": _("Draft saved"),
    "draft_discarded": _("Draft discarded"),
    "published": _("Published"),
    "retired": _("Retired"),
}


@register.filter
def category_words(category: str) -> str:
    """`recording` → recordings."""
    return str(_CATEGORIES.get(category, category))


@register.filter
def activity_words(kind: str) -> str:
    """`first_seen` → First seen with a call."""
    return str(_ACTIVITY.get(kind, kind))


@register.filter
def said_in(words: str) -> str:
    """About how long it takes to say this."""
    seconds = max(1, round(len(words) / LETTERS_A_SECOND))
    return ngettext("about %(n)d second", "about %(n)d seconds", seconds) % {"n": seconds}


@register.filter
def language_name(code: str) -> str:
    """`fr-CA` → French (fr-CA), in the reader's language; the bare code where nobody has named it."""
    try:
        name = get_language_info(code.split("-")[0])["name_translated"]
    except KeyError:
        return code
    return f"{name} ({code})"
