"""Django registration."""

from django.apps import AppConfig
from django.db.models.signals import post_delete


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.models.organizations import operator_id
        from accounts.second_factor import forget_with
        from ground.vault import hooks

        hooks.operator_is(operator_id)
        post_delete.connect(forget_with, sender="mfa.Authenticator", dispatch_uid="accounts.second_factor")
