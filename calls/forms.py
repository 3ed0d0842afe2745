"""Filters of the calls list. They live in the address: facts only, never a number, a name or an address of anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from calls import words
from calls.record import Direction

STATES = [
    ("recording", gettext_lazy("Recorded")),
    ("no-recording", gettext_lazy("Not recorded")),
    ("held", gettext_lazy("Held")),
]


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force, and the address of the list without it."""

    words: str
    without: str


class FilterForm(forms.Form):
    """What the list shows."""

    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=gettext_lazy("To"), required=False, widget=forms.DateInput({"type": "date"}))
    agent = forms.TypedChoiceField(label=gettext_lazy("Agent"), required=False, coerce=UUID, empty_value=None)
    direction = forms.ChoiceField(label=gettext_lazy("Direction"), required=False)
    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, agents: Mapping[UUID, str]) -> None:
        super().__init__(data)
        directions = [(key, words.DIRECTIONS[key]) for key in (Direction.INBOUND, Direction.OUTBOUND)]
        choices: dict[str, list[tuple[Any, Any]]] = {
            "agent": [("", _("All agents")), *((str(key), name) for key, name in agents.items())],
            "direction": [("", _("Both")), *((str(key), text) for key, text in directions)],
            "outcome": [("", _("Any")), *((str(key), text) for key, text in words.OUTCOMES.items())],
            "state": [("", _("Any")), *STATES],
        }
        for name, found in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = found
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"

    def wanted(self) -> dict[str, Any]:
        """The filters as `CallQuerySet.matching` takes them; a value that makes no sense filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        state = given.get("state")
        return {
            "agent_id": given.get("agent"),
            "direction": given.get("direction") or "",
            "outcome": given.get("outcome") or "",
            "start": _start(given["since"]) if given.get("since") else None,
            "end": _start(given["until"] + timedelta(days=1)) if given.get("until") else None,
            "recording": {"recording": True, "no-recording": False}.get(state or ""),
            "held": True if state == "held" else None,
        }

    def query(self, **more: str) -> str:
        """The filters in force as the address carries them."""
        self.is_valid()
        found = {name: _plain(value) for name, value in self.cleaned_data.items() if value}
        return urlencode(found | {name: value for name, value in more.items() if value})

    def chips(self) -> list[Chip]:
        """One chip for each filter in force."""
        self.is_valid()
        found = []
        for name, value in self.cleaned_data.items():
            if not value:
                continue
            field = self.fields[name]
            shown = _plain(value)
            if isinstance(field, forms.ChoiceField):
                shown = str(dict(field.choices).get(shown, shown))  # type: ignore[arg-type]
            elif isinstance(value, date):
                shown = f"{field.label} {date_format(value, 'j M Y')}"
            rest = {key: _plain(other) for key, other in self.cleaned_data.items() if other and key != name}
            found.append(Chip(shown, f"?{urlencode(rest)}"))
        return found


class FindForm(forms.Form):
    """Sent by POST: what is looked for never stands in an address or a log."""

    value = forms.CharField(label=gettext_lazy("Find a person"), max_length=320)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
