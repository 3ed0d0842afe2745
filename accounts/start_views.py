"""From a fresh account to an organization, and putting its first steps away."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts import start
from accounts.access import require
from accounts.forms import OpeningForm
from accounts.services import opening
from accounts.views import signed_in


@require_http_methods(["GET", "POST"])
def open_organization(request: HttpRequest) -> HttpResponse:
    """Where the operator lets people open organizations by themselves; 403 elsewhere."""
    user = signed_in(request)
    if not opening.may_open(user):
        raise PermissionDenied
    form = OpeningForm(request.POST or None, initial={"time_zone": "UTC"})
    if request.method == "POST" and form.is_valid():
        made = opening.open_own(
            name=form.cleaned_data["name"],
            time_zone=form.cleaned_data["time_zone"],
            country=form.cleaned_data["country"],
            user=user,
            at=timezone.now(),
        )
        return redirect("accounts:overview", slug=made.slug)
    return render(request, "accounts/organization_new.html", {"form": form})


@require_POST
def put_away(request: HttpRequest) -> HttpResponse:
    """Hide the first steps in this browser, or show them again."""
    context = require(request, "overview.read")
    response = redirect("accounts:overview", slug=context.organization.slug)
    start.put_away(request, response, context.organization.pk, away=request.POST.get("away") == "1")
    return response
