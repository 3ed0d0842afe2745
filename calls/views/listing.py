"""The calls list: filters in the address, finding a person by POST, exactly what is filtered as CSV."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from agents.models import Agent
from calls import life, reading, words
from calls.forms import FindForm, asking
from calls.life import Periods, Pill
from calls.models import Call
from calls.reading import Person
from calls.services import exporting
from ground import vault
from ground.vault.exceptions import KeyLost, Tampered, Truncated, WrongKey

FOUND_AT_MOST = 100
DAMAGED = (KeyLost, Tampered, Truncated, WrongKey)
_KINDS = {
    "phone": ("phone_index", "second_phone_index"),
    "email": ("email_index",),
    "external_id": ("external_index",),
    "name": ("name_index",),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    call: Call
    agent: str
    person: Person
    direction: Any
    outcome: Any
    life: Pill


@require_http_methods(["GET", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """Every call. A POST finds a person: numbers and names never stand in an address."""
    context = require(request, "calls.read")
    organization_id = context.organization.pk
    agents = _agents(organization_id)
    asked = lists.read(asking(agents), request.GET)
    find = FindForm(request.POST or None)
    found = _found(context, find.cleaned_data["value"]) if request.method == "POST" and find.is_valid() else None
    shown = asked.show(Call.objects.filter(organization_id=organization_id)) if found is None else None
    response = render(
        request,
        "calls/call_list.html",
        {
            "rows": _shown(organization_id, shown.rows if shown else found or [], agents),
            "shown": shown,
            "find": find,
            "found": found is not None,
            "zone": timezone.localtime().tzname(),
        },
    )
    if found is not None:
        response["Cache-Control"] = "no-store"
    return response


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """What is filtered, with numbers in the clear: written down, streamed, safe in a spreadsheet."""
    context = require(request, "calls.export")
    with context.acting():
        agents = _agents(context.organization.pk)
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


def _found(context: OrganizationContext, value: str) -> list[Call]:
    """Calls with this number, address, id or name, however it is written; a part of one finds nothing."""
    organization_id, region = context.organization.pk, context.organization.country or None
    where = Q(pk__in=[])
    for kind, columns in _KINDS.items():
        try:
            digests = vault.blind.candidates(organization_id, "find", kind, value, region)
        except vault.blind.NotAnIdentifier:
            continue
        for column in columns:
            where |= Q(**{f"{column}__in": digests})
    calls = Call.objects.filter(where, organization_id=organization_id)
    return list(calls.order_by("-ended_at", "-id")[:FOUND_AT_MOST])


def people_on(organization_id: UUID, calls: list[Call]) -> dict[UUID, Person]:
    """Who was on these calls, masked. One whose key is lost or whose seal is broken shows nobody; the rest show."""
    try:
        return reading.masked(organization_id, calls)
    except DAMAGED:
        if len(calls) == 1:
            return {calls[0].id: Person()}
        return {key: person for call in calls for key, person in people_on(organization_id, [call]).items()}


def _agents(organization_id: UUID) -> dict[UUID, str]:
    return dict(Agent.objects.filter(organization_id=organization_id).order_by("name", "id").values_list("id", "name"))


def _shown(organization_id: UUID, calls: list[Call], agents: dict[UUID, str]) -> list[Row]:
    people, periods, now = people_on(organization_id, calls), Periods(organization_id), timezone.now()
    return [
        Row(
            call,
            agents.get(call.agent_id, "") if call.agent_id else "",
            people[call.id],
            words.DIRECTIONS[call.direction],
            words.OUTCOMES[call.outcome],
            life.pill(call, periods.of(call), now),
        )
        for call in calls
    ]
