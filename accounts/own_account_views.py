"""A person's own account: profile, what is held about them as a file, and closing it."""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.exceptions import OnlyOwner
from accounts.forms import ProfileForm, TypedWordForm
from accounts.services import members, own_account
from accounts.views import remember_language, signed_in


@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    known = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = ProfileForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        members.change_profile(user=user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        response = redirect("profile")
        remember_language(response, request, user.language)
        return response
    return render(
        request,
        "accounts/profile.html",
        {
            "form": form,
            "factors": Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).count(),
            "devices": UserSession.objects.filter(user=user).count(),
        },
        status=422 if form.errors else 200,
    )


@require_GET
@reauthentication_required
def own_data(request: HttpRequest) -> JsonResponse:
    """What is held about the person, as a JSON file. Asked for the password first, when it was typed long ago."""
    now = timezone.now()
    response = JsonResponse(
        own_account.taken_along(signed_in(request), at=now), json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    response["Content-Disposition"] = f'attachment; filename="my-account-{timezone.localdate(now).isoformat()}.json"'
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@reauthentication_required
def close_account(request: HttpRequest) -> HttpResponse:
    """What goes and what stays, then the own address as the typed word. It happens at once."""
    user = signed_in(request)
    form = TypedWordForm(request.POST or None, word=user.email)
    left = own_account.only_owner_of(user)
    if request.method == "POST" and not left and form.is_valid():
        try:
            own_account.close(user=user, at=timezone.now())
        except OnlyOwner:
            return redirect("account_close")
        logout(request)
        response = redirect("account_closed")
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return response
    return render(
        request,
        "accounts/account_close.html",
        {"form": form, "left": left},
        status=422 if form.errors or (request.method == "POST" and left) else 200,
    )


@require_GET
@login_not_required
def account_closed(request: HttpRequest) -> HttpResponse:
    """Says that it is done, to whoever comes by."""
    return render(request, "accounts/account_closed.html")
