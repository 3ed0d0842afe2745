"""Every version of the periods: of one kind of data, or of all; on the page and as a file."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from retention import listing, people, periods, table
from retention.models import PeriodVersion


@require_GET
def history(request: HttpRequest, category: str = "") -> HttpResponse:
    """Every version: who, when, why, and what became of it. `category`: of this one alone."""
    context = require(request, "retention.read")
    row = _row_or_404(context, category) if category else None
    asked = lists.read(_asking(context, category), request.GET)
    shown = asked.show(_versions(context.organization.pk, category))
    shown.rows = _described(context.organization.pk, shown.rows, timezone.now())
    return render(
        request,
        "retention/history.html",
        {
            "row": row,
            "shown": shown,
            "now": timezone.now(),
            "back": reverse("retention:settings", kwargs={"slug": context.organization.slug}),
        },
    )


@require_GET
@own_transactions
def as_csv(request: HttpRequest, category: str = "") -> HttpResponseBase:
    """The versions as filtered."""
    context = require(request, "retention.read")
    organization = context.organization
    with context.acting():
        if category:
            _row_or_404(context, category)
        asked = lists.read(_asking(context, category), request.GET)
    name = "retention:history" if category else "retention:history_all"

    def cells(found: Sequence[PeriodVersion]) -> list[list[object]]:
        return [_cells(*each) for each in _described(organization.pk, found, timezone.now())]

    columns = ["category", "version", "n", "unit", "set_at", "set_by", "why", "takes_effect_at", "confirmed_to_leave"]
    return lists.csv_file(
        request,
        asked,
        _versions(organization.pk, category),
        page=reverse(name, args=[organization.slug, *([category] if category else [])]),
        name=f"periods-{organization.slug}",
        organization_id=organization.pk,
        kind="retention.history_exported",
        by=context.actor,
        columns=[*columns, "undone_at", "undone_by", "in_force"],
        cells=cells,
    )


def _cells(version: PeriodVersion, by: str, undone_by: str, in_force: bool) -> list[object]:
    return [
        version.category,
        version.version,
        version.n,
        version.unit,
        version.set_at,
        by,
        version.reason,
        version.effective_at,
        version.preview_rows,
        version.undone_at,
        undone_by,
        "yes" if in_force else "no",
    ]


def _asking(context: OrganizationContext, category: str) -> lists.Declaration:
    return listing.history([] if category else table.applying(operator=context.organization.is_operator))


def _row_or_404(context: OrganizationContext, category: str) -> table.Row:
    operator = context.organization.is_operator
    found = table.rows(context.organization.pk, timezone.now(), operator=operator, only=category)
    if not found:
        raise Http404
    return found[0]


def _versions(organization_id: UUID, category: str) -> QuerySet[PeriodVersion]:
    of_one = Q(category=category) if category else Q()
    return PeriodVersion.objects.filter(of_one, organization_id=organization_id)


def _described(
    organization_id: UUID, versions: Sequence[PeriodVersion], now: datetime
) -> list[tuple[PeriodVersion, str, str, bool]]:
    """Each with who set it, who undid it, and whether it is in force. Needs the organization's context."""
    in_force = {
        version.pk
        for category in {version.category for version in versions}
        if (version := periods.version_in_force(organization_id, category, now)) is not None
    }
    actors = {version.set_by for version in versions} | {version.undone_by for version in versions if version.undone_by}
    known = people.names(organization_id, actors)
    return [
        (version, known[version.set_by], known.get(version.undone_by, ""), version.pk in in_force)
        for version in versions
    ]
