"""The request log on screen: what programs asked, how it was answered, and what an error means."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext_lazy, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts import lists, request_words
from accounts.access import own_transactions, require
from accounts.models import ApiKey, ApiRequest, Door
from accounts.request_log import callers

CLASSES = (
    ("2", _("answered (2xx)")),
    ("3", _("sent elsewhere (3xx)")),
    ("4", _("refused (4xx)")),
    ("5", _("failed (5xx)")),
)

NAMED = lists.Named(
    rows=pgettext_lazy("programming interface", "Requests"),
    ask=_("Filter requests"),
    count=ngettext_lazy("%(n)s request", "%(n)s requests", "counter"),
    csv="accounts:request_csv",
)


def _of_class(value: str) -> Q:
    return Q(status__gte=int(value) * 100, status__lt=int(value) * 100 + 100)


def declaration(organization_id: UUID) -> lists.Declaration:
    """What may be asked. Needs the organization's context: callers and routes are its own."""
    known = callers(organization_id)
    names = sorted(known.items(), key=lambda pair: pair[1].casefold())
    return lists.Declaration(
        named=NAMED,
        sorts=(
            lists.Sort("at", _("When"), "at"),
            lists.Sort("took", _("Took"), "duration_ms", kind="number"),
        ),
        filters=(
            lists.choice("status", _("Answer"), CLASSES, where=_of_class),
            lists.choice("door", _("Door"), Door.choices, column="door"),
            lists.choice("caller", _("Key or connection"), names, column="caller_id"),
            lists.choice("method", _("Method"), [(each, each) for each in request_words.METHODS], column="method"),
            lists.choice("route", _("Address"), [(each, each) for each in request_words.routes()], column="route"),
            lists.since(_("From"), "at"),
            lists.until(_("To"), "at"),
        ),
    )


@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    context = require(request, "developers.read")
    organization_id = context.organization.pk
    shown = lists.read(declaration(organization_id), request.GET).show(_rows(organization_id))
    known = callers(organization_id)
    shown.note = gettext("times in %(zone)s") % {"zone": context.organization.time_zone}
    shown.rows = [(row, known.get(row.caller_id, "")) for row in shown.rows]
    return render(request, "accounts/request_list.html", {"shown": shown})


@require_GET
def request_detail(request: HttpRequest, request_pk: UUID) -> HttpResponse:
    context = require(request, "developers.read")
    organization_id = context.organization.pk
    row = _rows(organization_id).filter(pk=request_pk).first()
    if row is None:
        raise Http404
    return render(
        request,
        "accounts/request_detail.html",
        {
            "row": row,
            "caller": callers(organization_id).get(row.caller_id, ""),
            "key": ApiKey.objects.filter(organization_id=organization_id, pk=row.caller_id).first(),
            "what": request_words.status(row.status),
            "why": request_words.problem(row.problem, row.status) if row.failed else "",
        },
    )


@require_GET
@own_transactions
def requests_csv(request: HttpRequest) -> HttpResponseBase:
    context = require(request, "developers.read")
    organization_id = context.organization.pk
    with context.acting():
        asked = lists.read(declaration(organization_id), request.GET)
        known = callers(organization_id)

    def cells(rows: Sequence[Any]) -> Sequence[Sequence[object]]:
        return [
            [
                row.at,
                row.door,
                known.get(row.caller_id, ""),
                row.caller_id,
                row.method,
                row.route,
                row.status,
                row.duration_ms,
                row.request_bytes,
                row.response_bytes,
                row.problem,
                row.request_id,
            ]
            for row in rows
        ]

    columns = ["at", "door", "caller", "caller_id", "method", "route", "status", "duration_ms", "request_bytes"]
    return lists.csv_file(
        request,
        asked,
        _rows(organization_id),
        page=reverse("accounts:request_list", args=[context.organization.slug]),
        name=f"requests-{context.organization.slug}",
        organization_id=organization_id,
        kind="accounts.requests_exported",
        by=context.actor,
        columns=[*columns, "response_bytes", "problem", "request_id"],
        cells=cells,
    )


def _rows(organization_id: UUID) -> Any:
    return ApiRequest.objects.filter(organization_id=organization_id)
