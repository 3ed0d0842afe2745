"""Screens' input. Rules live in services."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Role, StaffPurpose, StaffRule
from accounts.models.organizations import available_time_zones
from accounts.permissions import PERMISSIONS, SCOPES


def _zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(available_time_zones())]


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Shown to your team, beside what you do."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=lambda: settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [("", _("UTC")), *_zones()],
        help_text=_("For your own pages. An organization’s pages show its own hours, the same for the whole team."),
    )


class OpeningForm(forms.Form):
    """What has to be known of an organization at once; the rest is asked for on the settings page."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=_zones,
        help_text=_("Days and deadlines are counted in it, and every page shows its hours."),
    )
    country = forms.CharField(
        label=_("Country"),
        max_length=2,
        required=False,
        help_text=_(
            "Two letters, as in FR or DE. Decides which public holidays count, and how a telephone number without a "
            "country code is read."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "short"}),
    )

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Two letters, as in FR or DE."))
        return country


class OrganizationForm(OpeningForm):
    """What an organization decides about itself."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=lambda: settings.LANGUAGES,
        help_text=_("Of e-mail to people who have no account yet. Everybody chooses their own for the pages."),
    )
    privacy_contact = forms.EmailField(
        label=_("Contact for privacy"),
        required=False,
        max_length=254,
        help_text=_("Where people who ask about their data should write to. The operator sees it too."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    field_order = ("name", "time_zone", "language", "country", "privacy_contact")


class TypedWordForm(forms.Form):
    """Somebody types a word to show that they mean it."""

    typed = forms.CharField(
        max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"})
    )

    def __init__(self, *args: Any, word: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.word = word
        self.fields["typed"].label = format_lazy(_("Type {word} to go on"), word=word)

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"].strip().lower()
        if typed != self.word.lower():
            raise forms.ValidationError(_("This is not the word. Nothing was changed."))
        return typed


class CloseOrganizationForm(TypedWordForm):
    """The organization's address, and that its owner knows what happens."""

    understood = forms.BooleanField(label=_("I have read what happens, and took out what we still need."))


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class ApiKeyForm(forms.Form):
    DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("one year")), ("", _("never"))]

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("What uses it, so that you know it again."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(scope, f"{scope}: {PERMISSIONS[scope][0]}") for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.ChoiceField(label=_("Runs out after"), choices=DAYS, required=False, initial="365")


class StaffAskForm(forms.Form):
    """What staff say before they look. The organization reads every word of it."""

    MINUTES = (15, 30, 60, 120, 240)

    purpose = forms.ChoiceField(label=_("Occasion"), choices=StaffPurpose.choices)
    reason = forms.CharField(
        label=_("Reason"),
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you will look for, and why. The organization reads this; name no person from a call in it."),
    )
    reference = forms.CharField(
        label=_("Reference"),
        max_length=64,
        required=False,
        help_text=_("Ticket, order or case. Needed for a duty by law."),
    )
    minutes = forms.TypedChoiceField(label=_("For how long"), coerce=int)
    content = forms.BooleanField(
        label=_("I also need content: recordings, transcripts, reports, numbers and names in the clear"), required=False
    )
    content_reason = forms.CharField(
        label=_("Why content is needed"),
        min_length=10,
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only with content. Most questions are answered without it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = settings.STAFF_ACCESS_MAX_MINUTES
        offered = [each for each in self.MINUTES if each < most] + [most]
        field = self.fields["minutes"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(each, ngettext("%(n)d minute", "%(n)d minutes", each) % {"n": each}) for each in offered]
        field.initial = min(30, most)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        asked, why = cleaned.get("content"), cleaned.get("content_reason")
        if asked and not why and "content_reason" not in self.errors:
            self.add_error("content_reason", _("Say why content is needed, or leave content out."))
        if why and not asked:
            self.add_error("content", _("Tick this if you need content; otherwise empty the reason below."))
        if cleaned.get("purpose") == StaffPurpose.LAW and not cleaned.get("reference"):
            self.add_error("reference", _("A duty by law names the order or case."))
        return cleaned


class StaffRuleForm(forms.Form):
    rule = forms.ChoiceField(
        label=_("When the operator’s staff want to look"), choices=StaffRule.choices, widget=forms.RadioSelect
    )
