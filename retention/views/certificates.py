"""Certificates: the page that people print, the file that anyone verifies, and the box that checks one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import lifeline
from accounts.access import OrganizationContext, require
from accounts.templatetags.sottovoce import away
from ground import audit, clocks, profiles
from ground.audit.exceptions import AuditError
from ground.audit.models import Event
from ground.inventory.models import DestructionBatch
from retention import words
from retention.forms import VerifyForm
from retention.models import Certificate, Moment, PurgeRun, Statement
from retention.services import certificates as service
from retention.services import verifying


def _certificate_or_404(context: OrganizationContext, certificate_id: UUID) -> Certificate:
    found = Certificate.objects.filter(organization_id=context.organization.pk, id=certificate_id).first()
    if found is None:
        raise Http404
    return found


@require_GET
def certificate(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    context = require(request, "purges.read")
    found = _certificate_or_404(context, certificate_id)
    run = PurgeRun.objects.get(organization_id=context.organization.pk, id=found.run_id)
    statements = service.statements_of(found)
    verdict = verifying.verify(service.bundle(found))
    newest = service.signed(statements[-1])
    content = newest.content()
    destroyed = content["destroyed"]
    return render(
        request,
        "retention/certificate.html",
        {
            "certificate": found,
            "run": run,
            "content": content,
            "destroyed": destroyed,
            "totals": {name: sum(entry[name] for entry in destroyed) for name in ("records", "keys", "bytes")},
            "reasons": _reasons(destroyed),
            "line": _life_line(run, statements),
            "statements": _statements(run, statements),
            "verdict": verdict,
            "checked_at": timezone.now(),
            "key_ids": sorted({statement.signing_key_id for statement in statements}),
            "digest": _spaced(newest.digest),
            "sealed_in": _block(statements[-1]),
            "verify_form": VerifyForm(),
        },
    )


def _reasons(destroyed: list[dict[str, Any]]) -> str:
    """Why, when all of it went for the same reason."""
    found = {reason for entry in destroyed for reason in entry["reason"]}
    return str(words.REASONS.get(found.pop(), "")) if len(found) == 1 else ""


def _spaced(digest: str) -> str:
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def _block(statement: Statement) -> int | None:
    """The audit block that anchors the newest statement; None until the sealer was there."""
    event = Event.objects.filter(
        organization_id=statement.organization_id, object_id=str(statement.id), kind="retention.statement_issued"
    ).first()
    if event is None:
        return None
    try:
        return int(audit.proof(event.id, organization_id=statement.organization_id).block["number"])
    except AuditError:
        return None


def _expected(run: PurgeRun, statements: list[Statement]) -> dict[str, datetime | None]:
    """When moments that have not come yet will: only the backup window can be told beforehand."""
    window = profiles.current().backup_window
    unreadable = next((known.happened_at for known in statements if known.moment == Moment.UNREADABLE), None)
    leaves = clocks.purge_after(unreadable, window) if window and unreadable else None
    return {Moment.GONE_FROM_BACKUPS: leaves}


def _sealed(run: PurgeRun) -> bool:
    """Whether anything of the run lay under a key (rows without content have no second moment)."""
    batches = DestructionBatch.objects.filter(organization_id=run.organization_id, run_id=run.pk, keys__gt=0)
    return batches.exists()


def _applying(run: PurgeRun) -> list[str]:
    return [moment for moment in Moment.values if moment != Moment.BEYOND_RECOVERY or _sealed(run)]


def _statements(run: PurgeRun, statements: list[Statement]) -> list[dict[str, Any]]:
    by_moment = {statement.moment: statement for statement in statements}
    expected = _expected(run, statements)
    return [
        {
            "name": words.MOMENTS[moment],
            "statement": by_moment.get(moment),
            "claim": _claim(moment),
            "expected": expected.get(moment),
        }
        for moment in _applying(run)
    ]


def _claim(moment: str) -> str:
    return {
        Moment.UNREADABLE: _("The data keys were deleted. Without its key a sealed record cannot be opened."),
        Moment.BEYOND_RECOVERY: _(
            "The shelf keys above them were destroyed in both key stores and old keyring backups pruned: copies of "
            "the deleted keys in files, logs, replicas or backups open nothing."
        ),
        Moment.GONE_FROM_BACKUPS: _("The last backup that still named these records has expired."),
    }[Moment(moment)]


def _life_line(run: PurgeRun, statements: list[Statement]) -> lifeline.LifeLine:
    """From the purge to the last backup, with today in its place."""
    now = timezone.now()
    by_moment = {statement.moment: statement for statement in statements}
    expected = _expected(run, statements)
    moments = [lifeline.Moment("done", _("Purge began"), _day(run.started_at), _hour(run.started_at))]
    today = lifeline.Moment("today", _("Today"), _day(now), _hour(now))
    for moment in _applying(run):
        known = by_moment.get(moment)
        if known is not None:
            moments.append(
                lifeline.Moment("done", words.MOMENTS[moment], _day(known.happened_at), _hour(known.happened_at))
            )
            continue
        if today not in moments:
            moments.append(today)
        ahead = expected.get(moment)
        if ahead is not None:
            moments.append(lifeline.Moment("end", words.MOMENTS[moment], _day(ahead), away(ahead)))
        elif moment == Moment.BEYOND_RECOVERY:
            moments.append(lifeline.Moment("end", words.MOMENTS[moment], _("with the next night"), ""))
        else:
            moments.append(lifeline.Moment("end", words.MOMENTS[moment], _("no backup window stated"), ""))
    if today not in moments:
        moments.append(today)
    return lifeline.draw(moments)


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y")


def _hour(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{date_format(local, 'H:i')} {local.tzname()}"


@require_GET
def download(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """The file: every statement issued so far, and the public keys that signed them."""
    context = require(request, "purges.read")
    found = _certificate_or_404(context, certificate_id)
    response = HttpResponse(service.bundle(found), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="certificate-{found.number}.json"'
    return response


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Any certificate of this operator, pasted or uploaded, against the published keys. Nothing is stored."""
    require(request, "purges.read")
    form = VerifyForm(request.POST, request.FILES) if request.method == "POST" else VerifyForm()
    verdict = None
    if request.method == "POST" and form.is_valid():
        raw = form.raw()
        if raw.strip():
            verdict = verifying.verify(raw)
        else:
            form.add_error("text", _("Choose a file or paste the text of a certificate."))
    return render(
        request,
        "retention/verify.html",
        {"form": form, "verdict": verdict, "problem": _problem(verdict.problem) if verdict else ""},
        status=422 if form.errors else 200,
    )


def _problem(problem: str) -> str:
    return {
        "": "",
        "no_certificate": _("This is no certificate: it cannot be read as one."),
        "bad_signature": _("The signature does not belong to this text. Something was changed, or is missing."),
        "unknown_key": _("It was signed by a key that this operator never published."),
        "mixed": _("The statements belong to different certificates."),
    }[problem]
