"""The calls list: filters in the address, exactly what is filtered as CSV. Finding a person is the search's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import own_transactions, require
from agents.models import Agent
from calls import hooks, life, reading, words
from calls.forms import asking
from calls.life import Periods, Pill
from calls.models import Call
from calls.reading import Person
from calls.services import exporting
from ground.vault.exceptions import KeyLost, Tampered, Truncated, WrongKey

DAMAGED = (KeyLost, Tampered, Truncated, WrongKey)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    call: Call
    agent: str
    person: Person
    direction: Any
    outcome: Any
    life: Pill


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Every call, newest first."""
    context = require(request, "calls.read")
    organization_id = context.organization.pk
    agents = agents_of(organization_id)
    shown = lists.read(asking(agents), request.GET).show(Call.objects.filter(organization_id=organization_id))
    shown.note = times_in()
    return render(
        request,
        "calls/call_list.html",
        {
            "rows": rows_of(organization_id, shown.rows, agents),
            "shown": shown,
        },
    )


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """What is filtered, with numbers in the clear: written down, streamed, safe in a spreadsheet."""
    context = require(request, "calls.export")
    with context.acting():
        agents = agents_of(context.organization.pk)
    asked = lists.read(asking(agents), request.GET)
    if not asked.is_exact:
        return redirect(f"{reverse('calls:list', args=[context.organization.slug])}?{request.GET.urlencode()}")
    lines = exporting.as_csv(
        organization_id=context.organization.pk,
        rows=asked.narrow(Call.objects.filter(organization_id=context.organization.pk)),
        order=asked.order,
        time_zone=context.organization.time_zone,
        agents=agents,
        by=context.actor,
    )
    return lists.csv_answer(lines, f"calls-{context.organization.slug}")


def times_in() -> str:
    """Which zone the moments of a list are in."""
    return _("times in %(zone)s") % {"zone": timezone.localtime().tzname()}


def people_on(organization_id: UUID, calls: list[Call]) -> dict[UUID, Person]:
    """Who was on these calls, masked. One whose key is lost or whose seal is broken shows nobody; the rest show."""
    try:
        return reading.masked(organization_id, calls)
    except DAMAGED:
        if len(calls) == 1:
            return {calls[0].id: Person()}
        return {key: person for call in calls for key, person in people_on(organization_id, [call]).items()}


def agents_of(organization_id: UUID) -> dict[UUID, str]:
    """The organization's agents by name."""
    return dict(Agent.objects.filter(organization_id=organization_id).order_by("name", "id").values_list("id", "name"))


def rows_of(organization_id: UUID, calls: list[Call], agents: Mapping[UUID, str]) -> list[Row]:
    """Lines of a list of calls, masked."""
    people, periods, now = people_on(organization_id, calls), Periods(organization_id), timezone.now()
    endings = hooks.destruction.endings_of(organization_id, [call.id for call in calls])
    return [
        Row(
            call,
            agents.get(call.agent_id, "") if call.agent_id else "",
            people[call.id],
            words.DIRECTIONS[call.direction],
            words.OUTCOMES[call.outcome],
            life.pill(call, periods.of(call), now, endings.get(call.id)),
        )
        for call in calls
    ]
