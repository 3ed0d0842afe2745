"""Destroying one call before its time: what exactly, the number typed, then the certificate."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import own_transactions, require
from ground.inventory.exceptions import OnLegalHold
from retention.exceptions import RetentionError
from retention.forms import TypedForm
from retention.models import Certificate
from retention.services import destroy as service
from retention.views.refusals import sentence


@require_http_methods(["GET", "POST"])
@own_transactions
def destroy(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """No grace window: this is the one destruction that happens at once, so the page says so before."""
    context = require(request, "calls.destroy")
    organization_id = context.organization.pk
    selection = service.selection_of_call(organization_id, call_id)
    if not selection:
        raise Http404
    free = sum(part.rows - part.held for part in selection)
    held = sum(part.held for part in selection)
    refused = ""
    form = TypedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            run = service.destroy(
                organization_id=organization_id,
                selection=selection,
                by=context.actor,
                confirmed_rows=form.cleaned_data["typed"] or 0,
            )
        except (RetentionError, OnLegalHold) as error:
            refused = sentence(error)
        else:
            messages.success(request, _("Destroyed. The certificate is below; its later moments follow by themselves."))
            with context.acting():
                made = Certificate.objects.filter(organization_id=organization_id, run_id=run.pk).first()
            if made is None:
                return redirect("retention:purge", slug=context.organization.slug, run_id=run.pk)
            return redirect("retention:certificate", slug=context.organization.slug, certificate_id=made.pk)
    with context.acting():
        return render(
            request,
            "retention/destroy_call.html",
            {"form": form, "call_id": call_id, "selection": selection, "free": free, "held": held, "refused": refused},
            status=422 if request.method == "POST" else 200,
        )
