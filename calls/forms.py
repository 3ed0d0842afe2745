"""What people may ask of the list of calls: facts only, never a number, a name or an address of anybody."""

from collections.abc import Mapping
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts import lists
from calls import words
from calls.record import Direction

ENDED = lists.Sort("ended", gettext_lazy("When"), "ended_at")
LENGTH = lists.Sort("length", gettext_lazy("Length"), "duration_ms", "number", nullable=True)
_COUNT = ngettext_lazy("%(n)s call", "%(n)s calls", "counter")
NAMED = lists.Named(
    rows=gettext_lazy("Calls"),
    ask=gettext_lazy("Filter calls"),
    count=_COUNT,
    csv="calls:csv",
    csv_needs="calls.export",
)
# What a search found is for the one who searched and lasts a quarter of an hour: no file is made of it.
FOUND = lists.Named(rows=gettext_lazy("Calls"), ask=gettext_lazy("Filter these calls"), count=_COUNT)
NEWEST_FIRST = lists.Order(ENDED)
_STATES: tuple[tuple[str, words.Text, Q], ...] = (
    ("recording", gettext_lazy("Recorded"), Q(has_recording=True)),
    ("no-recording", gettext_lazy("Not recorded"), Q(has_recording=False)),
    ("held", gettext_lazy("Held"), Q(held=True)),
)


def asking(agents: Mapping[UUID, str], named: lists.Named = NAMED) -> lists.Declaration:
    """What may be asked, with the organization's agents by name."""
    directions = [(key, words.DIRECTIONS[key]) for key in (Direction.INBOUND, Direction.OUTBOUND)]
    states = {key: condition for key, _words, condition in _STATES}
    return lists.Declaration(
        named=named,
        sorts=(ENDED, LENGTH),
        filters=(
            lists.since(_("From"), "ended_at"),
            lists.until(_("To"), "ended_at"),
            lists.choice("agent", _("Agent"), agents.items(), column="agent_id", any_words=_("All agents")),
            lists.choice("direction", _("Direction"), directions, column="direction", any_words=_("Both")),
            lists.choice("outcome", _("Outcome"), words.OUTCOMES.items(), column="outcome"),
            lists.choice("state", _("State"), [(key, name) for key, name, _q in _STATES], where=states.__getitem__),
        ),
    )


class FindForm(forms.Form):
    """Sent by POST: what is looked for never stands in an address or a log."""

    value = forms.CharField(
        label=gettext_lazy("Whole number, e-mail, full name, own reference or id"),
        max_length=320,
        widget=forms.TextInput(attrs={"id": "search-value"}),
    )
