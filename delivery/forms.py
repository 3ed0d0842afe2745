"""Screens' input. Rules live in services."""

from typing import Any

from django import forms

from delivery import kinds
from delivery.models import Channel


class PreferencesForm(forms.Form):
    """One field for every kind of notice, named as the kind is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in kinds.declared():
            self.fields[kind.name] = forms.ChoiceField(
                label=str(kind.label), choices=Channel.choices, widget=forms.Select(attrs={"class": "form-select"})
            )

    def topics(self) -> dict[str, list[forms.BoundField]]:
        """Fields by topic, in order."""
        found: dict[str, list[forms.BoundField]] = {}
        for kind in kinds.declared():
            found.setdefault(str(kind.topic), []).append(self[kind.name])
        return found

    def wanted(self) -> dict[str, Channel]:
        return {name: Channel(value) for name, value in self.cleaned_data.items()}
