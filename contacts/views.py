"""Contacts: the list, one person, adding, changing, merging, destroying. Importing has its own views."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import lists
from accounts.access import OrganizationContext, own_transactions, require
from accounts.bands import leaves_at
from contacts import hooks, masking
from contacts.details import Details
from contacts.exceptions import ChangedMeanwhile, NothingToMerge, OnLegalHold, ReferenceTaken, UnknownContact
from contacts.forms import ContactForm, asking
from contacts.hooks import period_in_force
from contacts.life import Life, life_of
from contacts.models import Contact, Source
from contacts.querysets import lists_of_contact
from contacts.services import add, details_of, find, get, lists_of, merge, reveal, update
from ground import vault

_SIMILAR_AT_MOST = 10


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """All contacts. Finding one is the search's: numbers and names never stand in an address."""
    context = require(request, "contacts.read")
    organization = context.organization
    named = list(lists_of(organization.pk))
    asked = lists.read(asking(organization.pk, named), request.GET)
    shown = asked.show(Contact.objects.filter(organization_id=organization.pk))
    return render(
        request,
        "contacts/contact_list.html",
        {
            "rows": _shown(organization.pk, shown.rows),
            "shown": shown,
        },
    )


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    context = require(request, "contacts.manage")
    form = ContactForm(request.POST or None, country=context.organization.country)
    if request.method == "POST" and form.is_valid():
        try:
            row = add(
                organization_id=context.organization.pk,
                details=form.details,
                legal_basis=form.cleaned_data["legal_basis"],
                language=form.cleaned_data["language"],
                source=Source.MEMBER,
                by=context.actor,
                at=timezone.now(),
            )
        except ReferenceTaken:
            form.add_error("external_id", _("Another contact already has this reference."))
        else:
            messages.success(request, _("The contact is stored, sealed under a key of its own."))
            return redirect("contacts:contact", context.organization.slug, row.id)
    return render(request, "contacts/contact_edit.html", {"form": form, "contact": None})


@require_GET
def contact(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """The page, masked. Where a contact was destroyed, what remains of it stands instead."""
    context = require(request, "contacts.read")
    row = Contact.objects.filter(organization_id=context.organization.pk, id=contact_id).first()
    if row is None:
        return hooks.destruction.remains_of(request, context, contact_id)
    details = details_of(context.organization.pk, [row])[row.id]
    return render(request, "contacts/contact_detail.html", _page(request, context, row, details, revealed=False))


@require_POST
def revealed(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """The same page in the clear; the look is recorded before anything is shown."""
    context = require(request, "calls.reveal")
    row = _row(context, contact_id)
    details = reveal(organization_id=context.organization.pk, contact=row, by=context.actor)
    return _private(
        render(request, "contacts/contact_detail.html", _page(request, context, row, details, revealed=True))
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Opening the form is a look in the clear and recorded as one."""
    context = require(request, "contacts.manage")
    row = _row(context, contact_id)
    organization_id = context.organization.pk
    if request.method == "GET":
        details = reveal(organization_id=organization_id, contact=row, by=context.actor)
        initial: dict[str, Any] = {
            **ContactForm.initial_of(details),
            "legal_basis": row.legal_basis,
            "language": row.language,
            "version": row.sealed_version,
        }
        form = ContactForm(initial=initial, country=context.organization.country)
        return _private(render(request, "contacts/contact_edit.html", {"form": form, "contact": row}))
    form = ContactForm(request.POST, country=context.organization.country)
    if form.is_valid():
        try:
            update(
                organization_id=organization_id,
                contact_id=row.id,
                details=form.details,
                legal_basis=form.cleaned_data["legal_basis"],
                language=form.cleaned_data["language"],
                seen_version=form.cleaned_data["version"],
                by=context.actor,
                at=timezone.now(),
            )
        except ReferenceTaken:
            form.add_error("external_id", _("Another contact already has this reference."))
        except OnLegalHold:
            form.add_error(None, _("A legal hold keeps these details as they are. Nothing was stored."))
        except ChangedMeanwhile:
            form.add_error(None, _("Somebody changed this contact meanwhile. Nothing of yours was stored; look again."))
        else:
            messages.success(request, _("Stored under a new key. The old version is being destroyed."))
            return redirect("contacts:contact", context.organization.slug, row.id)
    return _private(render(request, "contacts/contact_edit.html", {"form": form, "contact": row}))


@require_POST
@own_transactions
def join(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Merge the chosen contacts into this one."""
    context = require(request, "contacts.manage")
    try:
        others = [UUID(text) for text in request.POST.getlist("other")]
        merge(
            organization_id=context.organization.pk,
            keep_id=contact_id,
            other_ids=others,
            by=context.actor,
            at=timezone.now(),
        )
    except (ValueError, UnknownContact) as error:
        raise Http404 from error
    except NothingToMerge:
        messages.error(request, _("Choose which other contacts to merge. Nothing was merged."))
    except OnLegalHold:
        messages.error(request, _("A legal hold keeps one of these contacts. Nothing was merged."))
    else:
        messages.success(request, _("Merged. What the others added is kept here; the others are destroyed."))
    return redirect("contacts:contact", context.organization.slug, contact_id)


# ------------------------------------------------------------------ inside
def _row(context: OrganizationContext, contact_id: UUID) -> Contact:
    try:
        return get(context.organization.pk, contact_id)
    except UnknownContact as error:
        raise Http404 from error


def _shown(organization_id: UUID, rows: list[Contact]) -> list[dict[str, Any]]:
    opened = details_of(organization_id, rows)
    period, now = period_in_force(organization_id), timezone.now()
    endings = hooks.destruction.endings_of(organization_id, [row.id for row in rows])
    return [
        {"row": row, "masked": _masked(opened[row.id]), "life": life_of(row, period, now, endings.get(row.id))}
        for row in rows
    ]


def _masked(details: Details) -> dict[str, Any]:
    return {
        "name": masking.name(details.name),
        "phones": [masking.phone(phone) for phone in details.phones],
        "emails": [masking.email(email) for email in details.emails],
        "external_id": masking.external_id(details.external_id),
        "note": "••••" if details.note else "",
        "consent_reference": "••••" if details.consent_reference else "",
    }


def _page(
    request: HttpRequest, context: OrganizationContext, row: Contact, details: Details, *, revealed: bool
) -> dict[str, Any]:
    organization_id = context.organization.pk
    similar = _similar(organization_id, row, details)
    opened = details_of(organization_id, similar)
    return {
        "contact": row,
        "life": _life(organization_id, row),
        "bands": [band.render(request) for band in hooks.destruction.bands_of(context, row.id)],
        "shown": details.to_json() if revealed else _masked(details),
        "revealed": revealed,
        "lists": lists_of_contact(organization_id, row.id),
        "similar": [{"row": other, "masked": _masked(opened[other.id])} for other in similar],
    }


def _life(organization_id: UUID, row: Contact) -> Life:
    """With the hour of a confirmed destruction, for the page may stay open."""
    now, ends_at = timezone.now(), hooks.destruction.endings_of(organization_id, [row.id]).get(row.id)
    life = life_of(row, period_in_force(organization_id), now, ends_at)
    return replace(life, words=leaves_at(ends_at, now)) if ends_at and not row.held else life


def _similar(organization_id: UUID, row: Contact, details: Details) -> list[Contact]:
    """Other contacts that share a number, an address or a name: perhaps the same person."""
    found: dict[UUID, Contact] = {}
    for value in (*details.phones, *details.emails, details.name):
        if value and len(found) < _SIMILAR_AT_MOST:
            try:
                others = find(organization_id, value).exclude(id=row.id)[:_SIMILAR_AT_MOST]
            except vault.blind.NotAnIdentifier:
                continue
            found |= {other.id: other for other in others}
    return list(found.values())[:_SIMILAR_AT_MOST]


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
