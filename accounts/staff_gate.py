"""The gate before everything that belongs to staff: staff rights and a second factor in this very session.

allauth's own gates ask for a login, not for a second factor. Nobody else learns that there is anything behind it.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.models import User

P = ParamSpec("P")
StaffViewFunction = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def second_factor_at(request: HttpRequest) -> float | None:
    """When this session last saw a second factor or a passkey, in seconds since 1970; None: never."""
    user = request.user
    if isinstance(user, AnonymousUser):
        return None
    # Without the user argument allauth answers with an empty list.
    records = get_authentication_records(request, user)
    return max((float(record["at"]) for record in records if record.get("method") == "mfa"), default=None)


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session was opened (or confirmed) with a second factor or a passkey."""
    return second_factor_at(request) is not None


def has_recent_second_factor(request: HttpRequest) -> bool:
    """Whether that was within STAFF_ACCESS_CONFIRMED_SECONDS."""
    seen = second_factor_at(request)
    return seen is not None and time.time() - seen < settings.STAFF_ACCESS_CONFIRMED_SECONDS


def to_second_factor(request: HttpRequest, target: str) -> HttpResponse:
    """To confirming the second factor and back, or to setting one up."""
    if isinstance(request.user, User) and is_mfa_enabled(request.user):
        return redirect_to_login(target, reverse("mfa_reauthenticate"), REDIRECT_FIELD_NAME)
    return redirect("mfa_index")


def staff_only(view: StaffViewFunction[P]) -> StaffViewFunction[P]:
    """For a view outside /o/: 404 for everybody who is not staff, the second factor for staff."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            raise Http404
        if not has_second_factor(request):
            return to_second_factor(
                request, request.get_full_path() if request.method == "GET" else reverse("desk:home")
            )
        return view(request, *args, **kwargs)

    return guarded
