"""Screens' input. What may be kept is decided in contacts.details and the services."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts import lists
from contacts import words
from contacts.details import Details, checked, checked_language
from contacts.exceptions import InvalidDetails
from contacts.models import ContactList, ImportState, LegalBasis, OnMatch, Source
from contacts.parsing import FIELDS
from contacts.querysets import on_list


class ContactForm(forms.Form):
    """One person. `details` after validation: what the services take."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    phones = forms.CharField(
        label=_("Phone numbers"),
        required=False,
        help_text=_("One per line. National numbers are read as those of your country."),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    emails = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        help_text=_("One per line."),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    external_id = forms.CharField(
        label=_("Own reference"), max_length=200, required=False, help_text=_("How your own system knows this person.")
    )
    note = forms.CharField(label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    legal_basis = forms.ChoiceField(
        label=_("Legal basis"),
        choices=LegalBasis.choices,
        help_text=_("Why you may hold these details (GDPR Art. 6). Shown to the person on request."),
    )
    consent_reference = forms.CharField(
        label=_("Proof of consent"),
        max_length=200,
        required=False,
        help_text=_("Where the proof is found, if the basis is consent."),
    )
    language = forms.CharField(label=_("Language"), max_length=35, required=False, help_text=_("As in en or fr-CA."))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    details: Details

    def __init__(self, *args: Any, country: str = "", **kwargs: Any) -> None:
        self._country = country
        super().__init__(*args, **kwargs)

    def clean_language(self) -> str:
        try:
            return checked_language(self.cleaned_data["language"])
        except InvalidDetails as error:
            raise forms.ValidationError(_("Write it like en or fr-CA.")) from error

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        try:
            self.details = checked(
                name=values.get("name", ""),
                phones=values.get("phones", "").splitlines(),
                emails=values.get("emails", "").splitlines(),
                external_id=values.get("external_id", ""),
                note=values.get("note", ""),
                consent_reference=values.get("consent_reference", ""),
                region=self._country or None,
            )
        except InvalidDetails as error:
            for name, code in error.problems:
                text = words.PROBLEMS.get(code, code)
                self.add_error(name if name in self.fields else None, f"{words.FIELDS.get(name, '')} {text}".strip())
        return values

    @classmethod
    def initial_of(cls, details: Details) -> dict[str, str]:
        """What the form shows for a person."""
        return {
            "name": details.name,
            "phones": "\n".join(details.phones),
            "emails": "\n".join(details.emails),
            "external_id": details.external_id,
            "note": details.note,
            "consent_reference": details.consent_reference,
        }


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("Up to 20 MB and 200,000 lines, in UTF-8 or as your spreadsheet writes it."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )


class ColumnsForm(forms.Form):
    """What each column of the file is, and how its lines are stored."""

    legal_basis = forms.ChoiceField(
        label=_("Legal basis for all of them"),
        choices=LegalBasis.choices,
        help_text=_("Why you may hold these details (GDPR Art. 6)."),
    )
    on_match = forms.ChoiceField(label=_("When we know the person already"), choices=OnMatch.choices)
    region = forms.CharField(
        label=_("National phone numbers are of"),
        max_length=2,
        required=False,
        help_text=_("Two letters, as in FR or DE."),
    )
    list_id = forms.TypedChoiceField(label=_("Put them on a list"), required=False, empty_value=None)
    has_header = forms.BooleanField(label=_("The first line names the columns"), required=False)

    def __init__(self, *args: Any, header: list[str], lists: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.header = header
        field = self.fields["list_id"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", _("No list")), *lists]
        choices = [("", _("leave out")), *((name, words.FIELDS[name]) for name in FIELDS)]
        for column, heading in enumerate(header):
            self.fields[f"column_{column}"] = forms.ChoiceField(
                label=heading or f"{column + 1}", choices=choices, required=False
            )

    def mapping(self) -> dict[str, str]:
        """Column number -> field, for the service."""
        named = {str(column): self.cleaned_data.get(f"column_{column}", "") for column in range(len(self.header))}
        return {column: name for column, name in named.items() if name}


ADDED = lists.Sort("added", _("Added"), kind="id")
LAST_CONTACT = lists.Sort("last-contact", _("Last contact"), "last_contact_at")


def asking(organization_id: UUID, named: Iterable[ContactList]) -> lists.Declaration:
    """What may be asked of the contacts; `named`: the organization's lists."""
    return lists.Declaration(
        named=lists.Named(
            rows=_("Contacts"),
            ask=_("Filter contacts"),
            count=ngettext_lazy("%(n)s contact", "%(n)s contacts", "counter"),
            csv="contacts:csv",
            csv_needs="contacts.export",
        ),
        sorts=(ADDED, LAST_CONTACT),
        filters=(
            lists.choice(
                "list",
                _("List"),
                [(each.id, each.name) for each in named],
                where=lambda value: on_list(organization_id, UUID(value)),
                any_words=_("Everybody"),
            ),
            lists.choice("basis", _("Legal basis"), LegalBasis.choices, column="legal_basis"),
            lists.choice("source", _("Source"), Source.choices, column="source"),
            lists.yes_no("held", _("Hold"), "held", yes=_("held"), no=_("not held")),
            lists.since(_("Last contact from"), "last_contact_at"),
            lists.until(_("Last contact to"), "last_contact_at"),
        ),
    )


def asking_imports() -> lists.Declaration:
    """What may be asked of the files on their way in."""
    return lists.Declaration(
        named=lists.Named(
            rows=_("Files that still exist"),
            ask=_("Filter files"),
            count=ngettext_lazy("%(n)s file", "%(n)s files", "counter"),
            csv="contacts:imports_csv",
        ),
        sorts=(lists.Sort("uploaded", _("Uploaded"), kind="id"),),
        filters=(lists.choice("state", _("State"), ImportState.choices, column="state", any_words=_("Any")),),
        size=10,
    )
