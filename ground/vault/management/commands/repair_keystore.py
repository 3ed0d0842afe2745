"""Make the key store and its mirror equal again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ground.vault import keystore
from ground.vault.exceptions import VaultError


class Command(BaseCommand):
    help = "Copies what is missing or older between the key store and its mirror; also refills a lost place."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = keystore.store().repair()
        except VaultError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        self.stdout.write(f"{written} files written; {keystore.store().describe()}")
