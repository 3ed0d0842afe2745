"""The first page: what is held, what leaves next, what needs somebody, what was destroyed with proof."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Max, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import start
from accounts.access import require
from accounts.templatetags.sottovoce import size
from ground.inventory import tally
from ground.profiles import Category
from retention import attention, chart, forecast, periods, table
from retention.forecast import Forecast
from retention.models import Certificate, OverdueMeasure, PurgeRun
from retention.services import overdue
from retention.templatetags.retention import took

RUNS_SHOWN = 5
_TEXT = (Category.TRANSCRIPT, Category.CALL_REPORT, Category.CALL_METADATA)


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    context = require(request, "overview.read")
    organization_id, now = context.organization.pk, timezone.now()
    kinds = {*forecast.tallied(), *table.applying(operator=False)}
    standing = periods.standing(organization_id, sorted(kinds), now)
    coming = forecast.forecast(organization_id, now, standing=standing)
    totals = coming.totals
    proof = Certificate.objects.filter(organization_id=organization_id, run_id=OuterRef("pk"))
    runs = list(
        PurgeRun.objects.filter(organization_id=organization_id, rows__gt=0)
        .annotate(
            certificate_id=Subquery(proof.values("pk")[:1]), certificate_number=Subquery(proof.values("number")[:1])
        )
        .order_by("-started_at")[:RUNS_SHOWN]
    )
    fresh = not runs and not totals.get(Category.CALL_METADATA, tally.NOTHING).rows
    away = fresh and start.is_put_away(request, organization_id)
    steps = start.steps(organization_id, context.organization.slug) if fresh and not away else []
    return render(
        request,
        "retention/overview.html",
        {
            "first_steps": steps,
            "next_step": next((step for step in steps if not step.done), None),
            "first_steps_away": away,
            "figures": _figures(organization_id, coming, totals),
            "matters": attention.matters(organization_id, context.organization.slug, now, standing),
            "chart": chart.draw(coming),
            "runs": runs,
            "zone": timezone.localtime().tzname(),
        },
    )


def _figures(organization_id: UUID, coming: Forecast, totals: Mapping[str, tally.Amount]) -> list[dict[str, Any]]:
    calls = totals.get(Category.CALL_METADATA, tally.NOTHING).rows
    stored = sum(amount.bytes for amount in totals.values())
    value, _space, unit = size(stored).partition(" ")
    sound = totals.get(Category.RECORDING, tally.NOTHING).bytes
    text = sum(totals.get(category, tally.NOTHING).bytes for category in _TEXT)
    late = overdue.shown(
        OverdueMeasure.objects.filter(organization_id=organization_id).aggregate(most=Max("seconds"))["most"] or 0
    )
    recordings = totals.get(Category.RECORDING, tally.NOTHING).rows
    return [
        {
            "label": _("Calls held"),
            "value": intcomma(calls),
            "note": _("%(n)s with a recording") % {"n": intcomma(recordings)},
        },
        {
            "label": _("Stored"),
            "value": value,
            "unit": unit,
            "note": _("Recordings %(sound)s, text %(text)s") % {"sound": _joined(sound), "text": _joined(text)},
        },
        {
            "label": _("Leaving in 7 days"),
            "value": intcomma(coming.weeks[0].total),
            "note": _("swept every 15 minutes"),
        },
        {
            "label": _("Overdue"),
            "value": took(late) if late else "0",
            "ok": not late,
            "bad": bool(late),
            "note": _("age of the oldest thing that should be gone") if late else _("nothing is past its time"),
        },
    ]


def _joined(count: int) -> str:
    """A size whose unit never stands alone on the next line."""
    return size(count).replace(" ", "\u00a0")
