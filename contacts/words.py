"""What people read where the code says a word: problems of a field, reasons of a refusal."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PROBLEMS: dict[str, str | Promise] = {
    "ambiguous": _("matches several contacts; merge them first"),
    "broken_text": _("text that is cut in the middle of a character"),
    "control_characters": _("characters that cannot be shown"),
    "empty": _("nothing that identifies a person: no name, number, address or reference"),
    "invalid": _("not in the form expected"),
    "invalid_email": _("no e-mail address"),
    "invalid_phone": _("no phone number, or a national one without its country"),
    "not_text": _("not text"),
    "too_long": _("too long"),
    "too_many": _("more than ten"),
    "unreadable": _("the line is too long or broken"),
}
FIELDS: dict[str, str | Promise] = {
    "": "",
    "name": _("Name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "phone": _("Phone number"),
    "phones": _("Phone numbers"),
    "email": _("E-mail address"),
    "emails": _("E-mail addresses"),
    "external_id": _("Own reference"),
    "note": _("Note"),
    "language": _("Language"),
    "consent_reference": _("Proof of consent"),
}
REFUSALS: dict[str, str | Promise] = {
    "already_stored": _("This file is being stored already."),
    "empty": _("The file has no lines. Nothing was stored."),
    "encoding": _("The file is not text we can read. Save it as CSV (UTF-8) and try again; nothing was stored."),
    "field_twice": _("Two columns are named alike. Only phone numbers and e-mail addresses may come from several."),
    "file_unreadable": _("The stored file could not be opened again. What was stored before stays."),
    "not_checked": _("The file has not been checked yet."),
    "nothing_identifies": _("Name at least one column that identifies a person: name, phone, e-mail or reference."),
    "too_large": _("The file is larger than 20 MB. Split it; nothing was stored."),
    "too_many_columns": _("The file has more than 100 columns, or is not CSV. Nothing was stored."),
    "too_many_rows": _("The file has more than 200,000 lines. Split it; nothing was stored."),
    "unknown_field": _("A column was given a name that does not exist."),
}


def refusal(reason: str) -> str:
    """Why a file was refused, for people."""
    return str(REFUSALS.get(reason, reason))
