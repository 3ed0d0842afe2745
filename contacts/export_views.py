"""The contacts as a file. What somebody was found by comes as a POST: it never stands in an address."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import own_transactions, require
from contacts.exceptions import UnknownList
from contacts.forms import FindForm
from contacts.services import exporting
from contacts.services.lists import get_list
from ground.tenancy import acting_for
from ground.vault.blind import NotAnIdentifier


@require_http_methods(["GET", "POST"])
@own_transactions
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Exactly what the list shows, with details in the clear: written down, streamed, safe in a spreadsheet."""
    context = require(request, "contacts.export")
    organization = context.organization
    value = ""
    if request.method == "POST":
        form = FindForm(request.POST)
        if not form.is_valid():
            return redirect("contacts:list", organization.slug)
        value = form.cleaned_data["value"]
    try:
        with acting_for(organization.pk):
            wanted = request.GET.get("list")
            on_list = get_list(organization.pk, UUID(wanted)) if wanted else None
        lines = exporting.as_csv(
            organization_id=organization.pk,
            on_list=on_list,
            value=value,
            region=organization.country or None,
            by=context.actor,
        )
    except (ValueError, UnknownList) as error:
        if isinstance(error, NotAnIdentifier):
            return redirect("contacts:list", organization.slug)
        raise Http404 from error
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="contacts-{organization.slug}-{day}.csv"'
    response["Cache-Control"] = "no-store"
    return response
