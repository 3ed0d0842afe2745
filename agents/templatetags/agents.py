"""Our own words, as people read them."""

from django import template
from django.utils.translation import gettext_lazy as _

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
