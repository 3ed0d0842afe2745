"""Screens' input. Rules live in services."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ground import vault
from ground.profiles import NotAPeriod, Period, Unit
from retention import words
from retention.table import Row

LONGEST_REASON = 300
LONGEST_HOLD_REASON = 2000
FIRST_REVIEW = timedelta(days=90)


class TypedNumber(forms.CharField):
    """A number as people type it: 1767, 1,767, 1.767 or 1 767."""

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "numeric", "autocomplete": "off"}
        super().__init__(**{"max_length": 20, "widget": forms.TextInput(attrs=attributes), **options})

    def clean(self, value: Any) -> int | None:
        text = re.sub(r"[\s.,'’\u00a0\u202f]", "", str(super().clean(value) or ""))
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            raise forms.ValidationError(_("Type the number in digits."))
        return int(text)


class PeriodsForm(forms.Form):
    """A length and a unit for every category the organization decides on; empty means: leave it."""

    def __init__(self, *args: Any, rows: Iterable[Row], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = [row for row in rows if row.editable]
        for row in self.rows:
            label = words.category(row.category)
            shown = row.shown
            self.fields[f"{row.category}-n"] = forms.IntegerField(
                label=_("%(category)s: period") % {"category": label},
                required=False,
                min_value=1,
                max_value=40_000,
                initial=shown.n if shown else None,
                widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "numeric", "autocomplete": "off"}),
                error_messages={"invalid": _("%(category)s: type a whole number.") % {"category": label}},
            )
            self.fields[f"{row.category}-unit"] = forms.ChoiceField(
                label=_("%(category)s: unit") % {"category": label},
                choices=words.UNITS,
                required=False,
                initial=shown.unit if shown else Unit.DAY,
                widget=forms.Select(attrs={"class": "form-select"}),
            )

    def changes(self) -> dict[str, Period]:
        """Category -> new period, for those that differ from what was shown. Call when valid."""
        found = {}
        for row in self.rows:
            n, unit = self.cleaned_data.get(f"{row.category}-n"), self.cleaned_data.get(f"{row.category}-unit")
            if n is None:
                continue
            period = Period(n, Unit(unit or Unit.DAY))
            if period != row.shown:
                found[row.category] = period
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for row in self.rows:
            n, unit = cleaned.get(f"{row.category}-n"), cleaned.get(f"{row.category}-unit")
            if n is None:
                continue
            try:
                period = Period(n, Unit(unit or Unit.DAY))
            except NotAPeriod:
                period = None
            if period is None or (period != row.shown and not row.rule.allows(period)):
                self.add_error(
                    f"{row.category}-n",
                    _("%(category)s can be kept %(bounds)s.")
                    % {"category": words.category(row.category), "bounds": words.bounds(row.rule)},
                )
        return cleaned


class ConfirmForm(forms.Form):
    """The number that would leave, typed, and why."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_REASON,
        required=False,
        help_text=_("Stands in the history beside your name. No personal data."),
    )
    typed = TypedNumber(required=False, label=_("Type the number of records that leave"))
    counted_at = forms.DateTimeField(widget=forms.HiddenInput, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])


class TypedForm(forms.Form):
    """A number shown and the same number typed."""

    typed = TypedNumber(label=_("Type the number"))


class VerifyForm(forms.Form):
    """A certificate, pasted or as a file."""

    file = forms.FileField(label=_("Certificate file"), required=False)
    text = forms.CharField(
        label=_("or its text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"}),
    )

    def raw(self) -> bytes:
        """What was given, at most a little more than the largest certificate. Call when valid."""
        from retention.services.verifying import LARGEST

        upload = self.cleaned_data.get("file")
        if upload:
            data: bytes = upload.read(LARGEST + 1)
            return data
        return str(self.cleaned_data.get("text") or "").encode()


class ArchiveForm(forms.Form):
    """The days whose certificates are wanted as one archive."""

    since = forms.DateField(label=_("From"), error_messages={"required": _("Give the first and the last day.")})
    until = forms.DateField(label=_("To"), error_messages={"required": _("Give the first and the last day.")})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            raise forms.ValidationError(_("The last day lies before the first."))
        return cleaned

    def moments(self) -> tuple[datetime, datetime]:
        """First day's beginning and the end of the last day, in the organization's zone. Call when valid."""
        zone = timezone.get_current_timezone()
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return (
            datetime.combine(since, time.min, zone),
            datetime.combine(until + timedelta(days=1), time.min, zone),
        )


class HoldForm(forms.Form):
    """What to keep, why, and when to look at it again."""

    SCOPES = [
        ("call", _("One call")),
        ("contact", _("One person")),
        ("agent", _("Everything of one agent")),
        ("period", _("Everything between two days")),
    ]
    KINDS = [
        ("phone", _("Phone number")),
        ("email", _("E-mail address")),
        ("external_id", _("Your own reference")),
    ]

    scope = forms.ChoiceField(label=_("What must stay"), choices=SCOPES, widget=forms.RadioSelect, initial="call")
    call = forms.UUIDField(
        label=_("Call id"), required=False, help_text=_("It stands in the address of the call’s page.")
    )
    kind = forms.ChoiceField(label=_("Known by"), choices=KINDS, required=False)
    value = forms.CharField(label=_("Number, address or reference"), max_length=254, required=False)
    contact = forms.UUIDField(required=False, widget=forms.HiddenInput)
    agent = forms.ChoiceField(label=_("Agent"), required=False)
    start = forms.DateField(label=_("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_HOLD_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Sealed. Whoever reads it is recorded in the access log."),
    )
    review_on = forms.DateField(
        label=_("Review on"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("A hold has no end of its own; on this day somebody looks at it again."),
    )

    def __init__(self, *args: Any, agents: list[tuple[str, str]], country: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country
        field = self.fields["agent"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "–"), *agents]
        self.fields["review_on"].initial = timezone.localdate() + FIRST_REVIEW

    def clean_review_on(self) -> date:
        chosen: date = self.cleaned_data["review_on"]
        if chosen <= timezone.localdate():
            raise forms.ValidationError(_("The review lies in the future."))
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        scope = cleaned.get("scope")
        if scope == "call" and not cleaned.get("call") and "call" not in self.errors:
            self.add_error("call", _("Say which call."))
        if scope == "agent" and not cleaned.get("agent"):
            self.add_error("agent", _("Choose an agent."))
        if scope == "period":
            start, end = cleaned.get("start"), cleaned.get("end")
            if not start or not end:
                self.add_error("start", _("Give the first and the last day."))
            elif end < start:
                self.add_error("end", _("The last day lies before the first."))
        if scope == "contact" and not cleaned.get("contact"):
            try:
                vault.blind.normalise(cleaned.get("kind") or "phone", cleaned.get("value") or "", self.country or None)
            except vault.blind.NotAnIdentifier:
                self.add_error("value", _("This is no number, address or reference we could look for."))
        return cleaned

    def moments(self) -> tuple[datetime, datetime]:
        """First day's beginning and the end of the last day, in the organization's zone."""
        zone = timezone.get_current_timezone()
        start, end = self.cleaned_data["start"], self.cleaned_data["end"]
        return (
            datetime.combine(start, time.min, zone),
            datetime.combine(end + timedelta(days=1), time.min, zone),
        )

    def agent_id(self) -> UUID:
        return UUID(self.cleaned_data["agent"])
