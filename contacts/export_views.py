"""The contacts as a file. What somebody was found by comes as a POST: it never stands in an address."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import lists
from accounts.access import own_transactions, require
from contacts.forms import FindForm, asking
from contacts.models import Contact
from contacts.services import exporting, find, lists_of
from ground import vault


@require_http_methods(["GET", "POST"])
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Exactly what the list shows, with details in the clear: written down, streamed, safe in a spreadsheet."""
    context = require(request, "contacts.export")
    organization = context.organization
    with context.acting():
        asked = lists.read(asking(organization.pk, lists_of(organization.pk)), request.GET)
        rows = asked.narrow(Contact.objects.filter(organization_id=organization.pk))
        form = FindForm(request.POST if request.method == "POST" else None)
        wanted = form.cleaned_data["value"] if form.is_valid() else ""
        if request.method == "POST" and wanted:
            try:
                rows = find(organization.pk, wanted, region=organization.country or None)
            except vault.blind.NotAnIdentifier:
                wanted = ""
    if not asked.is_exact or (request.method == "POST" and not wanted):
        return redirect(f"{reverse('contacts:list', args=[organization.slug])}?{request.GET.urlencode()}")
    lines = exporting.as_csv(
        organization_id=organization.pk, rows=rows, order=asked.order, by=context.actor, found=bool(wanted)
    )
    return lists.csv_answer(lines, f"contacts-{organization.slug}")
