"""The contacts as a file: exactly what the list shows."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import lists
from accounts.access import own_transactions, require
from contacts.forms import asking
from contacts.models import Contact
from contacts.services import exporting, lists_of


@require_GET
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Exactly what the list shows, with details in the clear: written down, streamed, safe in a spreadsheet."""
    context = require(request, "contacts.export")
    organization = context.organization
    with context.acting():
        asked = lists.read(asking(organization.pk, lists_of(organization.pk)), request.GET)
        rows = asked.narrow(Contact.objects.filter(organization_id=organization.pk))
    if not asked.is_exact:
        return redirect(f"{reverse('contacts:list', args=[organization.slug])}?{request.GET.urlencode()}")
    lines = exporting.as_csv(organization_id=organization.pk, rows=rows, order=asked.order, by=context.actor)
    return lists.csv_answer(lines, f"contacts-{organization.slug}")
