"""Purges and certificates as lists to leaf through, and both as files."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import own_transactions, require
from retention import listing, table
from retention.models import Certificate, PurgeRun


@require_GET
def certificates(request: HttpRequest) -> HttpResponse:
    """Every certificate, newest first, with what its run destroyed."""
    context = require(request, "purges.read")
    organization_id = context.organization.pk
    asked = lists.read(listing.certificates(organization_id), request.GET)
    return render(request, "retention/certificates.html", {"shown": asked.show(listing.with_figures(organization_id))})


@require_GET
@own_transactions
def certificates_csv(request: HttpRequest) -> HttpResponseBase:
    context = require(request, "purges.read")
    organization_id = context.organization.pk

    def cells(found: Sequence[Any]) -> list[list[object]]:
        return [
            [row.number, row.pk, row.issued_at, row.run_id, row.trigger, row.rows, row.keys, row.bytes] for row in found
        ]

    return lists.csv_file(
        request,
        lists.read(listing.certificates(organization_id), request.GET),
        listing.with_figures(organization_id),
        page=reverse("retention:certificates", args=[context.organization.slug]),
        name=f"certificates-{context.organization.slug}",
        organization_id=organization_id,
        kind="retention.certificates_exported",
        by=context.actor,
        columns=["number", "certificate", "issued_at", "run", "why", "records", "keys", "bytes"],
        cells=cells,
    )


@require_GET
@own_transactions
def purges_csv(request: HttpRequest) -> HttpResponseBase:
    context = require(request, "purges.read")
    organization_id = context.organization.pk
    with context.acting():
        applying = table.applying(operator=context.organization.is_operator)

    def cells(found: Sequence[PurgeRun]) -> list[list[object]]:
        rows = Certificate.objects.filter(organization_id=organization_id, run_id__in=[run.pk for run in found])
        numbers = {certificate.run_id: certificate.number for certificate in rows}
        return [
            [
                run.pk,
                run.started_at,
                run.finished_at,
                run.trigger,
                run.state,
                run.rows,
                run.keys,
                run.bytes,
                run.kept,
                run.set_aside,
                numbers.get(run.pk, ""),
            ]
            for run in found
        ]

    columns = ["run", "began_at", "finished_at", "why", "state", "records", "keys", "bytes", "kept", "set_aside"]
    return lists.csv_file(
        request,
        lists.read(listing.runs(organization_id, applying), request.GET),
        PurgeRun.objects.filter(organization_id=organization_id),
        page=reverse("retention:purges", args=[context.organization.slug]),
        name=f"purges-{context.organization.slug}",
        organization_id=organization_id,
        kind="retention.purges_exported",
        by=context.actor,
        columns=[*columns, "certificate"],
        cells=cells,
    )
