"""What signing in adds to allauth: a person's language, and nobody signs up where the operator says no."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import SignupForm as AllauthSignupForm
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.views import remember_language


class AccountAdapter(DefaultAccountAdapter):
    """`ACCOUNT_ADAPTER`."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """An invitation is answered by signing up, so the door is open; without one there is nothing behind it."""
        return bool(settings.ACCOUNT_SIGNUP_OPEN)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User):
            remember_language(response, request, user.language)
        return response


class SignupForm(AllauthSignupForm):
    """`ACCOUNT_FORMS["signup"]`: allauth's trap for robots, hidden by a class instead of an inline style."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        trap = self.fields[settings.ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD]
        trap.widget.attrs.pop("style", None)
        trap.widget.attrs.update({"class": "honey", "autocomplete": "off", "aria-label": _("Leave this empty")})
        trap.label = ""
