"""Screens' input. What may be published is decided in agents.services.settings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.models import AuthMode, Provider
from agents.services.settings import SHORTENED, Settings

DISCLOSURES_AT_ONCE = 3
_CATEGORY_WORDS = {
    "recording": _("Recordings"),
    "transcript": _("Transcripts"),
    "call_report": _("Reports"),
    "call_metadata": _("Call facts"),
    "agent_activity": _("Agent activity"),
}


class DraftForm(forms.Form):
    """The whole of what an agent may keep, prepared as a draft."""

    recording_enabled = forms.BooleanField(
        label=_("Keep recordings"),
        required=False,
        help_text=_("Needs words that callers hear before the conversation starts."),
    )
    transcript_enabled = forms.BooleanField(label=_("Keep transcripts"), required=False)

    def __init__(self, *args: Any, current: Settings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recording_enabled"].initial = current.recording_enabled
        self.fields["transcript_enabled"].initial = current.transcript_enabled
        known = list(current.disclosures.items())
        self._places = max(DISCLOSURES_AT_ONCE, len(known) + 1)
        for place in range(self._places):
            language, words = known[place] if place < len(known) else ("", "")
            self.fields[f"language_{place}"] = forms.CharField(
                label=_("Language"), max_length=35, required=False, initial=language
            )
            self.fields[f"words_{place}"] = forms.CharField(
                label=_("Words callers hear first"),
                max_length=600,
                required=False,
                initial=words,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
        for category in SHORTENED:
            self.fields[f"days_{category}"] = forms.IntegerField(
                label=_CATEGORY_WORDS[category],
                required=False,
                min_value=1,
                max_value=36_500,
                initial=current.retention_days.get(category),
            )

    def disclosures(self) -> list[tuple[Any, Any]]:
        """(language, words) bound fields, for the template."""
        return [(self[f"language_{place}"], self[f"words_{place}"]) for place in range(self._places)]

    def periods(self) -> list[Any]:
        return [self[f"days_{category}"] for category in SHORTENED]

    def settings(self) -> Settings:
        """What was entered, for the service to check."""
        values = self.cleaned_data
        pairs = [
            (values[f"language_{place}"].strip(), values[f"words_{place}"].strip()) for place in range(self._places)
        ]
        return Settings(
            recording_enabled=values["recording_enabled"],
            transcript_enabled=values["transcript_enabled"],
            disclosures={language: words for language, words in pairs if words},
            retention_days={
                category.value: values[f"days_{category}"] for category in SHORTENED if values[f"days_{category}"]
            },
        )


class ConnectionForm(forms.Form):
    """A connection with a provider."""

    provider = forms.ChoiceField(label=_("Provider"), choices=Provider.choices)
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("How your team knows it, such as the account it belongs to.")
    )
    auth_mode = forms.ChoiceField(
        label=_("Proof of origin"),
        choices=[("", _("the best the provider offers")), *AuthMode.choices],
        required=False,
    )
    secret = forms.CharField(
        label=_("Secret of the provider"),
        max_length=500,
        required=False,
        help_text=_("Only where the provider makes it (Retell, ElevenLabs, Twilio, Telnyx, Bland). Sealed at once."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    api_key = forms.CharField(
        label=_("Key for the provider's API"),
        max_length=500,
        required=False,
        help_text=_("Needed to fetch recordings and to have the provider's own copies destroyed. Sealed at once."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    base_url = forms.CharField(
        label=_("Address of the provider's API"),
        max_length=300,
        required=False,
        help_text=_("Only if it is not the usual one, such as a regional address."),
    )


class RotateForm(forms.Form):
    secret = forms.CharField(max_length=500, required=False)
    overlap_hours = forms.IntegerField(min_value=0, max_value=720, required=False)


class AgentForm(forms.Form):
    """An agent entered by hand, before its first call."""

    connection = forms.ChoiceField(label=_("Connection"))
    provider_agent_id = forms.CharField(
        label=_("The provider's id of it"), max_length=128, help_text=_("As the provider shows it, such as asst_….")
    )
    name = forms.CharField(label=_("Name"), max_length=120)
    language = forms.CharField(label=_("Language"), max_length=35, required=False, help_text=_("As in en or fr-CA."))

    def __init__(self, *args: Any, connections: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["connection"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = connections
