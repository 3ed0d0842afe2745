"""What signing in adds to allauth: a person's language, e-mails in our hand, a word about sign-ins from new browsers,
and nobody signs up where the operator says no.

A browser is known by a signed cookie that names the account; it survives signing out, so only a browser that was never
used with this account before makes an e-mail.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts import letters, sign_in_letters
from accounts.models import User
from accounts.views import YEAR, remember_language

_BROWSER = "browser"
_ACCOUNTS_PER_BROWSER = 8


class AccountAdapter(DefaultAccountAdapter):
    """`ACCOUNT_ADAPTER`."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": gettext_lazy("This e-mail address and password do not belong together."),
        "enter_current_password": gettext_lazy("This is not your present password."),
        "incorrect_code": gettext_lazy("This is not the code, or its time is over."),
        "incorrect_password": gettext_lazy("This is not your password."),
        "too_many_login_attempts": gettext_lazy("Too many attempts failed. Wait five minutes, then try again."),
        "email_taken": gettext_lazy("This address has an account already."),
        "duplicate_email": gettext_lazy("This is your address already."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """An invitation is answered by signing up, so the door is open; without one there is nothing behind it."""
        return bool(settings.ACCOUNT_SIGNUP_OPEN)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User):
            remember_language(response, request, user.language)
            self._recognise(request, response, user, is_new_account=bool(kwargs.get("signup")))
        return response

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Whoever signs up reads our pages in some language already."""
        user.language = get_language() or settings.LANGUAGE_CODE
        return super().save_user(request, user, form, commit)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Every e-mail of allauth as a letter of ours, in the recipient's language."""
        to = email if isinstance(email, str) else email[0]
        language = sign_in_letters.language_for(context, get_language() or "")
        letter = sign_in_letters.find(template_prefix)
        message = letters.write(
            lambda: letter(context), to=to, language=language, kind=template_prefix.replace("/email/", ".")
        )
        message.extra_headers.update(headers or {})
        return message

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        super().send_notification_mail(template_prefix, user, {"user": user, **(context or {})}, email)

    def _recognise(self, request: HttpRequest, response: HttpResponse, user: User, *, is_new_account: bool) -> None:
        known = (request.get_signed_cookie(_BROWSER, default="", salt=_BROWSER) or "").split(".")
        if str(user.pk) in known:
            return
        if not is_new_account:
            self.send_notification_mail("account/email/new_sign_in", user)
        accounts = [each for each in known if each][: _ACCOUNTS_PER_BROWSER - 1]
        response.set_signed_cookie(
            _BROWSER,
            ".".join([str(user.pk), *accounts]),
            salt=_BROWSER,
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )


class LoginForm(AllauthLoginForm):
    """`ACCOUNT_FORMS["login"]`: our words beside the fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = gettext_lazy("E-mail address")
        self.fields["remember"].label = gettext_lazy("Stay signed in on this device")


class AddEmailForm(AllauthAddEmailForm):
    """`ACCOUNT_FORMS["add_email"]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = gettext_lazy("New e-mail address")


class ResetPasswordForm(AllauthResetPasswordForm):
    """`ACCOUNT_FORMS["reset_password"]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = gettext_lazy("E-mail address")


class SignupForm(AllauthSignupForm):
    """`ACCOUNT_FORMS["signup"]`: allauth's trap for robots, hidden by a class instead of an inline style."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        trap = self.fields[settings.ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD]
        trap.widget.attrs.pop("style", None)
        trap.widget.attrs.update({"class": "honey", "autocomplete": "off", "aria-label": _("Leave this empty")})
        trap.label = ""
        self.fields["email"].label = gettext_lazy("E-mail address")
