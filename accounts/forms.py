"""Screens' input. Rules live in services."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.models.organizations import available_time_zones
from accounts.permissions import PERMISSIONS, SCOPES


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Shown to your team, beside what you do."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=lambda: settings.LANGUAGES)


class OrganizationForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(name, name.replace("_", " ")) for name in sorted(available_time_zones())],
        help_text=_("Days and deadlines are counted in it, and every page shows its hours."),
    )
    country = forms.CharField(
        label=_("Country"),
        max_length=2,
        required=False,
        help_text=_("Two letters, as in FR or DE. Decides which public holidays count."),
    )

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Two letters, as in FR or DE."))
        return country


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class ApiKeyForm(forms.Form):
    DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("one year")), ("", _("never"))]

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What uses it, so that you know it again."))
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(scope, f"{scope}: {PERMISSIONS[scope][0]}") for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.ChoiceField(label=_("Runs out after"), choices=DAYS, required=False, initial="365")
