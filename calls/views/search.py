"""The search of every page: what was typed comes as a POST and never stands in an address; its results have one."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts import lists
from accounts.access import OrganizationContext, require
from accounts.lists.words import counted
from calls import hooks
from calls.exceptions import TooManySearches
from calls.forms import FOUND, FindForm, asking
from calls.services import searching
from calls.services.searching import Found, Query
from calls.views.listing import DAMAGED, agents_of, rows_of, times_in
from contacts import masking
from contacts.details import Details
from contacts.hooks import destruction, period_in_force
from contacts.life import Life, life_of
from contacts.models import Contact
from contacts.services import details_of


@dataclass(frozen=True, slots=True)
class Known:
    """A contact as the results show it; `name` "" when its key is lost."""

    contact: Contact
    name: str
    numbers: list[str]
    emails: list[str]
    life: Life


@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """The empty page with what can be found; a POST searches, writes it down and leads to the results."""
    context = require(request, "calls.read")
    form = FindForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return _private(render(request, "calls/search.html", {"form": form, "asked": False}, status=status))
    organization_id = context.organization.pk
    try:
        searching.count_in(organization_id, context.actor)
    except TooManySearches:
        page = render(request, "calls/search.html", {"form": form, "asked": False, "too_many": True}, status=429)
        page["Retry-After"] = str(searching.WINDOW_SECONDS)
        return _private(page)
    query = searching.read(organization_id, form.cleaned_data["value"], context.organization.country or None)
    found, things = searching.find(organization_id, query), _things(organization_id, query)
    searching.note(organization_id, query, found, things=len(things), by=context.actor)
    handle = searching.keep(organization_id, query, by=context.actor)
    if handle:
        return redirect("calls:found", context.organization.slug, handle)
    return _results(request, context, query, found, things, handle="")


@require_GET
def found(request: HttpRequest, handle: str) -> HttpResponse:
    """Results, page by page, for whoever searched and for a quarter of an hour."""
    context = require(request, "calls.read")
    organization_id = context.organization.pk
    query = searching.kept(organization_id, handle, by=context.actor)
    if query is None:
        page = render(request, "calls/search.html", {"form": FindForm(), "asked": False, "over": True}, status=410)
        return _private(page)
    return _results(
        request, context, query, searching.find(organization_id, query), _things(organization_id, query), handle=handle
    )


def _results(
    request: HttpRequest,
    context: OrganizationContext,
    query: Query,
    found: Found,
    things: list[hooks.Thing],
    *,
    handle: str,
) -> HttpResponse:
    organization_id = context.organization.pk
    agents = agents_of(organization_id)
    shown = lists.read(asking(agents, FOUND), request.GET).show(found.calls)
    shown.note = times_in()
    response = render(
        request,
        "calls/search.html",
        {
            "form": FindForm(),
            "asked": True,
            "query": query,
            "country": context.organization.country,
            "kinds": set(query.kinds),
            "things": [(thing, _address(context, thing)) for thing in things],
            "contacts": _known(organization_id, found.contacts),
            "more_contacts": found.more_contacts,
            "rows": rows_of(organization_id, shown.rows, agents),
            "shown": shown,
            "handle": handle,
            "count": found.count,
            "counted": counted(found.count),
            "nothing": not (things or found.contacts or found.count),
            "zone": timezone.localtime().tzname(),
        },
    )
    return _private(response)


def _things(organization_id: UUID, query: Query) -> list[hooks.Thing]:
    return hooks.things_with(organization_id, query.identifier) if query.identifier else []


def _address(context: OrganizationContext, thing: hooks.Thing) -> str:
    return reverse(thing.view, kwargs={"slug": context.organization.slug, thing.argument: thing.id})


def _known(organization_id: UUID, contacts: list[Contact]) -> list[Known]:
    opened, period, now = _details(organization_id, contacts), period_in_force(organization_id), timezone.now()
    endings = destruction.endings_of(organization_id, [contact.id for contact in contacts])
    return [
        Known(
            contact,
            masking.name(opened[contact.id].name),
            [masking.phone(number) for number in opened[contact.id].phones],
            [masking.email(address) for address in opened[contact.id].emails],
            life_of(contact, period, now, endings.get(contact.id)),
        )
        for contact in contacts
    ]


def _details(organization_id: UUID, contacts: list[Contact]) -> dict[UUID, Details]:
    """One whose key is lost or whose seal is broken shows nothing; the rest show."""
    try:
        return details_of(organization_id, contacts)
    except DAMAGED:
        if len(contacts) == 1:
            return {contacts[0].id: Details()}
        return {key: shown for each in contacts for key, shown in _details(organization_id, [each]).items()}


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-cache"
    return response
