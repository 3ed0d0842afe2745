"""Certificates: the page that people print, the file that anyone verifies, and the box that checks one."""

import logging
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import dates, lifeline
from accounts.access import OrganizationContext, own_transactions, require
from accounts.templatetags.sottovoce import away
from retention import proof
from retention.forms import ArchiveForm, VerifyForm
from retention.models import Certificate, PurgeRun
from retention.pdf.document import TEMPLATE, document
from retention.pdf.typesetting import NotTypeset, typeset
from retention.services import archiving, verifying
from retention.services import certificates as service
from retention.services.anchors import anchor_of
from retention.views.public import checked, problem

_log = logging.getLogger(__name__)


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
    said = proof.moments(run, statements)
    return render(
        request,
        "retention/certificate.html",
        {
            "certificate": found,
            "run": run,
            "content": content,
            "destroyed": destroyed,
            "totals": proof.totals(destroyed),
            "reasons": proof.reasons(destroyed),
            "line": _life_line(run, said),
            "statements": said,
            "limits": proof.limits(content),
            "remains": proof.remains(),
            "verdict": verdict,
            "checked_at": timezone.now(),
            "key_ids": sorted({statement.signing_key_id for statement in statements}),
            "digest": proof.spaced(newest.digest),
            "anchor": anchor_of(statements[-1]),
            "verify_form": VerifyForm(),
        },
    )


def _life_line(run: PurgeRun, said: list[proof.Said]) -> lifeline.LifeLine:
    """From the purge to the last backup, with today in its place."""
    now = timezone.now()
    moments = [lifeline.Moment("done", _("Purge began"), dates.day(run.started_at), dates.clock(run.started_at))]
    today = lifeline.Moment("today", _("Today"), dates.day(now), dates.clock(now))
    for entry in said:
        if entry.statement is not None:
            happened_at = entry.statement.happened_at
            moments.append(lifeline.Moment("done", entry.name, dates.day(happened_at), dates.clock(happened_at)))
            continue
        if today not in moments:
            moments.append(today)
        if entry.expected is not None:
            moments.append(lifeline.Moment("end", entry.name, dates.day(entry.expected), away(entry.expected)))
        else:
            moments.append(lifeline.Moment("end", entry.name, proof.not_yet(entry), ""))
    if today not in moments:
        moments.append(today)
    return lifeline.draw(moments)


@require_GET
def download(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """The file: every statement issued so far, and the public keys that signed them."""
    context = require(request, "purges.read")
    found = _certificate_or_404(context, certificate_id)
    response = HttpResponse(service.bundle(found), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="certificate-{found.number}.json"'
    return response


@require_GET
@own_transactions
def as_pdf(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """The certificate on paper, tagged, with the signed file attached; set outside any transaction."""
    context = require(request, "purges.read")
    with context.acting():
        paper = document(_certificate_or_404(context, certificate_id), context.organization.name)
    try:
        content = typeset(TEMPLATE, paper.data, attachment=paper.attachment, at=paper.at)
    except NotTypeset:
        _log.exception("a certificate could not be set as a PDF")
        messages.error(
            request,
            _("The PDF could not be made just now. Nothing is lost: the file and the print of this page say the same."),
        )
        return redirect("retention:certificate", slug=context.organization.slug, certificate_id=certificate_id)
    response = HttpResponse(content, content_type="application/pdf")
    name = paper.data["file_name"].removesuffix(".json")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@own_transactions
def archive(request: HttpRequest) -> HttpResponseBase:
    """Every certificate issued between two days, as one ZIP: streamed in steps, at most `archiving.MOST` of them."""
    context = require(request, "purges.read")
    form = ArchiveForm(request.GET)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("retention:purges", slug=context.organization.slug)
    with context.acting():
        since, until = form.moments()
        count = archiving.count(context.organization.pk, since, until)
    if not 0 < count <= archiving.MOST:
        few = _("No certificate was issued in these days.")
        many = _("More than %(most)s certificates were issued in these days. Choose fewer days.")
        messages.info(request, few if not count else many % {"most": intcomma(archiving.MOST)})
        return redirect("retention:purges", slug=context.organization.slug)
    response = StreamingHttpResponse(
        archiving.archive(context.organization.pk, since, until), content_type="application/zip"
    )
    first, last = form.cleaned_data["since"], form.cleaned_data["until"]
    response["Content-Disposition"] = f'attachment; filename="certificates-{first}-{last}.zip"'
    response["Cache-Control"] = "no-store"
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
        {
            "form": form,
            "verdict": verdict,
            "checked": checked(verdict) if verdict else [],
            "problem": problem(verdict) if verdict else "",
        },
        status=422 if form.errors else 200,
    )
