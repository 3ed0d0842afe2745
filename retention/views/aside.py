"""Records set aside: which, since when and why; on the page and as a file. Trying again is the purges' own."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from ground.audit.models import Alert
from retention import listing, table
from retention.services import setaside


def _asking(context: OrganizationContext) -> lists.Declaration:
    return listing.aside(context.organization.pk, table.applying(operator=context.organization.is_operator))


@require_GET
def aside(request: HttpRequest) -> HttpResponse:
    """Each, or all, can be tried again."""
    context = require(request, "purges.read")
    organization_id = context.organization.pk
    shown = lists.read(_asking(context), request.GET).show(setaside.alerts_of(organization_id))
    shown.rows = setaside.described(organization_id, shown.rows)
    return render(
        request,
        "retention/set_aside.html",
        {
            "shown": shown,
            "total": sum(setaside.waiting(organization_id).values()),
            "may_change": context.may("retention.change"),
        },
    )


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """The records as filtered: ids, moments and kinds of failure, nothing of what they hold."""
    context = require(request, "purges.read")
    organization = context.organization
    with context.acting():
        asked = lists.read(_asking(context), request.GET)

    def cells(found: Sequence[Alert]) -> list[list[object]]:
        described = setaside.described(organization.pk, found)
        return [[each.record_id, each.category, each.set_aside_at, each.error, each.count] for each in described]

    return lists.csv_file(
        request,
        asked,
        setaside.alerts_of(organization.pk),
        page=reverse("retention:set_aside", args=[organization.slug]),
        name=f"set-aside-{organization.slug}",
        organization_id=organization.pk,
        kind="retention.set_aside_exported",
        by=context.actor,
        columns=["record", "category", "since", "why_it_failed", "tries"],
        cells=cells,
    )
