"""Make the key store and its mirror equal again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ground.vault import keystore, rotation
from ground.vault.exceptions import VaultError


class Command(BaseCommand):
    help = "Copies what is missing or older between the key store and its mirror; also refills a lost place."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--accept-loss",
            action="store_true",
            help="shelf keys that neither place has are lost: let new things be kept under new ones. Destroys nothing.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = keystore.store().repair()
            self.stdout.write(f"{written} files written; {keystore.store().describe()}")
            if options["accept_loss"]:
                self.stdout.write(f"{rotation.set_lost_shelves_aside()} lost shelf versions set aside.")
        except VaultError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
