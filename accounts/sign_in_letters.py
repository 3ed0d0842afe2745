"""What allauth's e-mails say, in our words. Those about security are sent whatever a person chose to hear of."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import dates
from accounts.letters import Letter, address

Context = Mapping[str, Any]
_IGNORE = gettext_lazy("If this was not you, do nothing: without it nobody gets in.")
_WHY = gettext_lazy("You get this e-mail because it concerns your account. It cannot be switched off.")


def _code(context: Context, subject: str, text: str) -> Letter:
    return Letter(subject, subject, (text,), code=str(context.get("code", "")), closing=(str(_IGNORE),), why=str(_WHY))


def _confirm(context: Context) -> Letter:
    subject = _("Confirm your e-mail address")
    if context.get("code"):
        return _code(
            context, subject, _("Type this code into the page that asked for it. It is valid for some minutes.")
        )
    return Letter(
        subject,
        subject,
        (_("Press the button to say that this address is yours."),),
        action=(_("Confirm the address"), str(context.get("activate_url", ""))),
        closing=(str(_IGNORE),),
        why=str(_WHY),
    )


def _sign_in_code(context: Context) -> Letter:
    return _code(context, _("Your code for signing in"), _("Type this code into the page that asked for it."))


def _reset_code(context: Context) -> Letter:
    return _code(context, _("Your code for a new password"), _("Type this code into the page that asked for it."))


def _reset_link(context: Context) -> Letter:
    subject = _("Choose a new password")
    return Letter(
        subject,
        subject,
        (_("Somebody, probably you, asked for a new password for this address."),),
        action=(subject, str(context.get("password_reset_url", ""))),
        closing=(_("If this was not you, do nothing: your password stays as it is."),),
        why=str(_WHY),
    )


def _exists(context: Context) -> Letter:
    return Letter(
        _("You have an account already"),
        _("You have an account already"),
        (_("Somebody, probably you, tried to open an account with this address. There is one already: sign in."),),
        action=(_("Choose a new password"), str(context.get("password_reset_url", ""))),
        closing=(_("If this was not you, do nothing: nothing was changed."),),
        why=str(_WHY),
    )


def _unknown(context: Context) -> Letter:
    return Letter(
        _("No account with this address"),
        _("No account with this address"),
        (_("Somebody, probably you, tried to sign in with this address. There is no account with it."),),
        action=(_("Open an account"), str(context.get("signup_url", ""))),
        closing=(_("If this was not you, do nothing."),),
    )


def _told(subject: str | Promise, text: str | Promise) -> Callable[[Context], Letter]:
    """Something about the account changed: what, when, from where, and what to do if it was somebody else."""

    def letter(context: Context) -> Letter:
        changed = [
            (_("Address before"), context.get("from_email")),
            (_("Address now"), context.get("to_email")),
            (_("Address removed"), context.get("deleted_email")),
        ]
        circumstances = [
            (_("When"), dates.moment(context.get("timestamp") or timezone.now())),
            (_("Network address"), context.get("ip")),
            (_("Browser"), context.get("user_agent")),
        ]
        return Letter(
            str(subject),
            str(subject),
            (str(text),),
            facts=tuple((name, str(value)) for name, value in (*changed, *circumstances) if value),
            action=(_("See where you are signed in"), address(reverse("usersessions_list"))),
            closing=(_("If this was not you, choose a new password at once and end the sessions you do not know."),),
            second=(_("Choose a new password"), address(reverse("account_reset_password"))),
            why=str(_WHY),
        )

    return letter


_LETTERS: Mapping[str, Callable[[Context], Letter]] = {
    "account/email/email_confirmation_signup": _confirm,
    "account/email/email_confirmation": _confirm,
    "account/email/login_code": _sign_in_code,
    "account/email/password_reset_code": _reset_code,
    "account/email/password_reset_key": _reset_link,
    "account/email/account_already_exists": _exists,
    "account/email/unknown_account": _unknown,
    "account/email/new_sign_in": _told(
        gettext_lazy("New sign-in to your account"),
        gettext_lazy("Somebody, probably you, signed in from a browser that we have not seen before."),
    ),
    "account/email/password_changed": _told(
        gettext_lazy("Your password was changed"), gettext_lazy("The old password no longer opens your account.")
    ),
    "account/email/password_set": _told(
        gettext_lazy("A password was set"), gettext_lazy("Your account can now be opened with a password.")
    ),
    "account/email/password_reset": _told(
        gettext_lazy("Your password was changed"),
        gettext_lazy("It was chosen anew by somebody who can read your e-mail. The old one no longer works."),
    ),
    "account/email/email_changed": _told(
        gettext_lazy("Your e-mail address was changed"), gettext_lazy("From now on you sign in with the new address.")
    ),
    "account/email/email_confirm": _told(
        gettext_lazy("Your e-mail address is confirmed"), gettext_lazy("It belongs to your account from now on.")
    ),
    "account/email/email_deleted": _told(
        gettext_lazy("An e-mail address was removed"), gettext_lazy("It no longer belongs to your account.")
    ),
    "mfa/email/totp_activated": _told(
        gettext_lazy("Two-step sign-in is on"), gettext_lazy("An authenticator app was added to your account.")
    ),
    "mfa/email/totp_deactivated": _told(
        gettext_lazy("The authenticator app was removed"),
        gettext_lazy("Its codes no longer open your account. If nothing else is set up, the password alone does."),
    ),
    "mfa/email/recovery_codes_generated": _told(
        gettext_lazy("New recovery codes"), gettext_lazy("Recovery codes were made anew. The old ones no longer work.")
    ),
    "mfa/email/webauthn_added": _told(
        gettext_lazy("A passkey was added"), gettext_lazy("A passkey or security key can now open your account.")
    ),
    "mfa/email/webauthn_removed": _told(
        gettext_lazy("A passkey was removed"), gettext_lazy("It no longer opens your account.")
    ),
    "socialaccount/email/account_connected": _told(
        gettext_lazy("Another account was connected"), gettext_lazy("It can now be used to sign in here.")
    ),
    "socialaccount/email/account_disconnected": _told(
        gettext_lazy("Another account was disconnected"), gettext_lazy("It can no longer be used to sign in here.")
    ),
}


def find(prefix: str) -> Callable[[Context], Letter]:
    """The letter for one of allauth's template prefixes; for one of a later release, that something changed."""
    return _LETTERS.get(prefix) or _told(
        gettext_lazy("Your account was changed"), gettext_lazy("Something about how you sign in was changed.")
    )


def known() -> list[str]:
    return sorted(_LETTERS)


def language_for(context: Context, fallback: str) -> str:
    """The recipient's, where allauth says who it is; else that of the page they are looking at."""
    user = context.get("user") or getattr(context.get("request"), "user", None)
    return str(getattr(user, "language", "") or fallback or settings.LANGUAGE_CODE)
