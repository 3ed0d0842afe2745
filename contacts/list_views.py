"""Lists of contacts: the list of them, making one, removing one, putting somebody on one or taking them off."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import lists, toasts
from accounts.access import own_transactions, require
from contacts.exceptions import InvalidDetails, ListNameTaken, UnknownList
from contacts.models import ContactList, ListMembership
from contacts.querysets import how_many_on
from contacts.services import create_list, put_on_list, remove_list, take_off_list

# Lists are made by hand, one at a time: few enough to be sorted without an index of their own.
LISTS = lists.Declaration(
    named=lists.Named(
        rows=gettext_lazy("Lists of contacts"),
        ask=gettext_lazy("Filter lists"),
        count=ngettext_lazy("%(n)s list", "%(n)s lists", "counter"),
        csv="contacts:lists_csv",
    ),
    sorts=(
        lists.Sort("name", gettext_lazy("Name"), "name", "text"),
        lists.Sort("made", gettext_lazy("Made"), kind="id"),
    ),
    filters=(
        lists.yes_no(
            "people", gettext_lazy("People"), "has_people", yes=gettext_lazy("somebody"), no=gettext_lazy("nobody")
        ),
    ),
    rising=True,
)


def _rows(organization_id: UUID) -> QuerySet[ContactList]:
    members = ListMembership.objects.filter(organization_id=organization_id, contact_list_id=OuterRef("id"))
    return ContactList.objects.filter(organization_id=organization_id).annotate(has_people=Exists(members))


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    context = require(request, "contacts.read")
    organization_id = context.organization.pk
    shown = lists.read(LISTS, request.GET).show(_rows(organization_id))
    people = how_many_on(organization_id, [each.id for each in shown.rows])
    shown.rows = [(each, people.get(each.id, 0)) for each in shown.rows]
    return render(request, "contacts/list_list.html", {"shown": shown})


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """The lists as filtered, with how many are on each; who they are is the file of the contacts."""
    context = require(request, "contacts.read")
    organization = context.organization

    def cells(found: Sequence[ContactList]) -> list[list[object]]:
        people = how_many_on(organization.pk, [each.id for each in found])
        return [[each.id, each.name, people.get(each.id, 0), each.created_at] for each in found]

    return lists.csv_file(
        request,
        lists.read(LISTS, request.GET),
        _rows(organization.pk),
        page=reverse("contacts:lists", args=[organization.slug]),
        name=f"lists-{organization.slug}",
        organization_id=organization.pk,
        kind="contacts.lists_exported",
        by=context.actor,
        columns=["list", "name", "people", "made_at"],
        cells=cells,
    )


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    context = require(request, "contacts.manage")
    try:
        made = create_list(
            organization_id=context.organization.pk,
            name=request.POST.get("name", ""),
            by=context.actor,
            at=timezone.now(),
        )
    except InvalidDetails:
        messages.error(request, _("A list needs a name of at most 120 characters. Nothing was made."))
    except ListNameTaken:
        messages.error(request, _("Another list has this name. Nothing was made."))
    else:
        address = reverse("contacts:list_remove", args=[context.organization.slug, made.id])
        toasts.undoable(request, _("The list is made."), address)
    return redirect("contacts:lists", context.organization.slug)


@require_POST
def destroy(request: HttpRequest, list_id: UUID) -> HttpResponse:
    context = require(request, "contacts.manage")
    try:
        remove_list(organization_id=context.organization.pk, list_id=list_id, by=context.actor)
    except UnknownList as error:
        raise Http404 from error
    messages.success(request, _("The list is gone; the contacts on it stay."))
    return redirect("contacts:lists", context.organization.slug)


@require_POST
def place(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Put a contact on a list, or take it off (`off=1`)."""
    context = require(request, "contacts.manage")
    organization_id = context.organization.pk
    try:
        list_id = UUID(request.POST.get("list", ""))
        if request.POST.get("off"):
            take_off_list(organization_id=organization_id, list_id=list_id, contact_ids=[contact_id], by=context.actor)
        else:
            put_on_list(
                organization_id=organization_id,
                list_id=list_id,
                contact_ids=[contact_id],
                by=context.actor,
                at=timezone.now(),
            )
    except (ValueError, UnknownList) as error:
        raise Http404 from error
    address = reverse("contacts:place", args=[context.organization.slug, contact_id])
    if request.POST.get("off"):
        toasts.undoable(request, _("Taken off the list."), address, list=str(list_id))
    else:
        toasts.undoable(request, _("Put on the list."), address, list=str(list_id), off="1")
    return redirect("contacts:contact", context.organization.slug, contact_id)
