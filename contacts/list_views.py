"""Lists of contacts: making one, removing one, putting somebody on one or taking them off."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import toasts
from accounts.access import require
from contacts.exceptions import InvalidDetails, ListNameTaken, UnknownList
from contacts.services import create_list, put_on_list, remove_list, take_off_list


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
    return redirect("contacts:list", context.organization.slug)


@require_POST
def destroy(request: HttpRequest, list_id: UUID) -> HttpResponse:
    context = require(request, "contacts.manage")
    try:
        remove_list(organization_id=context.organization.pk, list_id=list_id, by=context.actor)
    except UnknownList as error:
        raise Http404 from error
    messages.success(request, _("The list is gone; the contacts on it stay."))
    return redirect("contacts:list", context.organization.slug)


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
