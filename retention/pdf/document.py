"""The certificate as a document: every text of the PDF, in the reader's language and the organization's time zone.

Holds what is certain at the newest statement and nothing that changes by itself (no today, no verdict), so the same
certificate gives the same bytes on every day.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.templatetags.sottovoce import day, moment
from retention import proof, words
from retention.models import Certificate, PurgeRun, Statement
from retention.services import certificates
from retention.templatetags.retention import trigger

TEMPLATE = "certificate.typ"
PRODUCT = "Sottovoce"


@dataclass(frozen=True, slots=True)
class Document:
    """What the press needs. `at`: when the newest statement was signed."""

    data: dict[str, Any]
    attachment: bytes
    at: datetime


def document(certificate: Certificate, organization_name: str) -> Document:
    """Read the certificate. Needs the organization's context; typesetting does not."""
    run = PurgeRun.objects.get(organization_id=certificate.organization_id, id=certificate.run_id)
    statements = certificates.statements_of(certificate)
    return Document(
        _data(certificate, run, statements, organization_name),
        certificates.bundle(certificate),
        statements[-1].issued_at,
    )


def _data(
    certificate: Certificate, run: PurgeRun, statements: Sequence[Statement], organization_name: str
) -> dict[str, Any]:
    newest = certificates.signed(statements[-1])
    content = newest.content()
    destroyed = content["destroyed"]
    totals = proof.totals(destroyed)
    said = proof.moments(run, statements)
    heading = _("Certificate %(n)s") % {"n": certificate.number}
    file_name = f"certificate-{certificate.number}.json"
    lead = ngettext(
        "%(shown)s record was destroyed on %(day)s %(why)s.",
        "%(shown)s records were destroyed on %(day)s %(why)s.",
        totals["records"],
    ) % {"shown": intcomma(totals["records"]), "day": day(run.started_at), "why": proof.reasons(destroyed)}
    lead = lead.replace(" .", ".")
    life = _life(run, said)
    return {
        "language": (get_language() or "en").partition("-")[0],
        "product": PRODUCT,
        "operator": str(content["operator"]),
        "title": f"{heading} · {PRODUCT}",
        "summary": lead,
        "heading": heading,
        "lead": lead,
        "issued_for": _("Issued for %(name)s") % {"name": _breakable(organization_name)},
        "issued_by": _("by %(name)s") % {"name": content["operator"]},
        "life": life,
        "life_alt": _("Life line")
        + ": "
        + "; ".join(f"{mark['name']}: {mark['when'] or _('not yet')}" for mark in life),
        "columns": [_("Category"), _("Period"), _("Records"), _("Keys"), _("Bytes")],
        "rows": [_row(entry) for entry in destroyed],
        "total": [_("Total"), "", *(intcomma(totals[name]) for name in ("records", "keys", "bytes"))],
        "statements": [_statement(entry) for entry in said],
        "limits": " ".join(proof.limits(content)),
        "remains": proof.remains(),
        "words": {
            "destroyed": _("What was destroyed"),
            "statements": _("Statements, each signed after it was true"),
            "limits": _("What this does not claim"),
            "remains": _("What remains"),
            "check": _("Check it yourself"),
            "attachment": _("The signed statements and the public keys that verify them"),
        },
        "how": _(
            "The signed statements are attached to this file as %(file)s. Check them offline with the published keys "
            "(%(keys)s), or in a browser, without an account, at %(page)s."
        )
        % {"file": file_name, "keys": _address("signing_keys"), "page": _address("verify_certificate")},
        "command": f"manage.py verify_certificate {file_name} --public-key signing-keys.json",
        "facts": _facts(certificate, run, statements, newest.digest),
        "file_name": file_name,
        "page_word": _("Page"),
        "footer": f"{heading} · {certificate.pk}",
    }


def _breakable(text: str) -> str:
    """A word longer than a line may break after every tenth letter."""
    return re.sub(r"\S{40,}", lambda word: "\u200b".join(re.findall(r".{1,10}", word[0])), text)


def _address(name: str) -> str:
    return f"{settings.PUBLIC_BASE_URL.rstrip('/')}{reverse(name)}"


def _row(entry: dict[str, Any]) -> list[str]:
    period = "–"
    if entry["period"]:
        period = f"{words.written_period(entry['period'])}, {words.origin(entry['period_set_by'])}"
    counts = (intcomma(entry[name]) for name in ("records", "keys", "bytes"))
    return [words.category(entry["category"]), period, *counts]


def _life(run: PurgeRun, said: Sequence[proof.Said]) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = [{"name": _("Purge began"), "when": moment(run.started_at), "done": True}]
    for entry in said:
        if entry.statement is not None:
            marks.append({"name": entry.name, "when": moment(entry.statement.happened_at), "done": True})
        else:
            when = day(entry.expected) if entry.expected else proof.not_yet(entry)
            marks.append({"name": entry.name, "when": when, "done": False})
    return marks


def _statement(entry: proof.Said) -> dict[str, Any]:
    if entry.statement is not None:
        state = _("Signed %(moment)s") % {"moment": moment(entry.statement.issued_at)}
    elif entry.expected is not None:
        state = _("Not signed yet: it will have happened on %(day)s") % {"day": day(entry.expected)}
    else:
        state = _("Not signed yet: it has not happened")
    return {"name": entry.name, "claim": entry.claim, "state": state, "done": entry.statement is not None}


def _facts(
    certificate: Certificate, run: PurgeRun, statements: Sequence[Statement], digest: str
) -> list[tuple[str, str]]:
    return [
        (_("Certificate"), str(certificate.pk)),
        (_("Purge"), f"{run.pk} ({trigger(run.trigger)})"),
        (_("Key"), ", ".join(sorted({statement.signing_key_id for statement in statements}))),
        (_("SHA-256 of the newest statement"), proof.spaced(digest)),
    ]
