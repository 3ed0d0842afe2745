"""Create the application's database role and grant it what it needs, in both databases."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ground.tenancy.provision import CannotProvision, provision


class Command(BaseCommand):
    help = "Run after migrate: creates the restricted role of web and worker and grants it exactly what it needs."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        pairs = {
            "main": (settings.DATABASE_OWNER_URL, os.environ["DATABASE_URL"]),
            "keyring": (settings.KEYRING_DATABASE_OWNER_URL, os.environ["KEYRING_DATABASE_URL"]),
        }
        for name, (owner_url, app_url) in pairs.items():
            if not owner_url:
                raise CommandError(
                    "DATABASE_OWNER_URL and KEYRING_DATABASE_OWNER_URL must name the owner's connections."
                )
            try:
                grants = provision(owner_url=owner_url, app_url=app_url)
            except CannotProvision as error:
                raise CommandError(str(error)) from error
            self.stdout.write(
                f"{name}: role {grants.role} {'created' if grants.created else 'kept'}, {grants.tables} tables "
                f"({grants.append_only} append-only), {grants.functions} crossings"
            )
