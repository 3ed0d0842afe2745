"""The doors that belong to a person: home, colours, an invitation's link; and the overview."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from accounts.access import require
from accounts.context import THEME_COOKIE, THEMES
from accounts.exceptions import AlreadyMember, InvitationSpent
from accounts.middleware import LAST
from accounts.models import User
from accounts.services import invitations, opening

YEAR = 365 * 24 * 60 * 60  # seconds


def signed_in(request: HttpRequest) -> User:
    """The person signed in; login is required for every view that does not say otherwise."""
    if not isinstance(request.user, User):
        raise TypeError("this view needs a login")
    return request.user


def back(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """To `next`, when it is an address of ours."""
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(target if allowed else fallback)


def remember_language(response: HttpResponse, request: HttpRequest, language: str) -> None:
    """The language of a person, where LocaleMiddleware looks for it."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, samesite="Lax", secure=request.is_secure()
    )


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """To the organization of the last visit; else the first; else a page that says what to do."""
    user = signed_in(request)
    organizations = access.organizations_of(user)
    last = request.session.get(LAST)
    chosen = next((each for each in organizations if str(each.pk) == last), next(iter(organizations), None))
    if chosen is not None:
        return redirect("accounts:overview", slug=chosen.slug)
    if user.is_staff:
        return redirect("desk:home")
    return render(request, "accounts/no_organization.html", {"may_open": opening.may_open(user)})


@require_POST
@login_not_required
def theme(request: HttpRequest) -> HttpResponse:
    """The toggle without script; theme.js does the same in place."""
    response = back(request, reverse("home"))
    choice = request.POST.get("theme", "")
    if choice in THEMES:
        response.set_cookie(THEME_COOKIE, choice, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(THEME_COOKIE)
    return response


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link and is signed in with the invited address joins by pressing a button."""
    user = signed_in(request)
    try:
        organization, found = invitations.find(token, at=timezone.now())
        if request.method == "POST":
            invitations.accept(token=token, user=user, at=timezone.now())
            return redirect("accounts:overview", slug=organization.slug)
    except InvitationSpent:
        return render(request, "accounts/invitation_spent.html", status=404)
    except AlreadyMember:
        return redirect("accounts:overview", slug=organization.slug)
    return render(request, "accounts/invitation.html", {"inviting": organization, "invitation": found})


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The shell; the app that knows the figures takes this address over in config/urls.py."""
    require(request, "overview.read")
    return render(request, "accounts/overview.html")
