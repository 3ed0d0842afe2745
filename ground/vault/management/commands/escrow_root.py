"""Print the root key sealed under a passphrase, or bring it back from what was printed."""

import getpass
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ground.vault import escrow
from ground.vault.exceptions import VaultError


class Command(BaseCommand):
    help = "Prints the root key sealed under a passphrase. Keep paper and passphrase in different places."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restore", type=Path, metavar="FILE", help="write the root key back from FILE (- is stdin)"
        )
        parser.add_argument("--passphrase-file", type=Path, help="first line is the passphrase; else it is asked for")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["restore"]:
                source = options["restore"]
                text = sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8")
                root = escrow.import_root(text, self._passphrase(options), Path(settings.ROOT_KEY_FILE))
                self.stdout.write(f"{root.name} is back at {settings.ROOT_KEY_FILE}.")
            else:
                self.stdout.write(escrow.export(self._passphrase(options, twice=True)))
        except (VaultError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _passphrase(self, options: dict[str, Any], *, twice: bool = False) -> str:
        if settings.KMS_KEY_ID and twice:
            return ""  # refused before it would be used
        if options["passphrase_file"]:
            return str(options["passphrase_file"].read_text(encoding="utf-8").splitlines()[0])
        first = getpass.getpass("Passphrase: ")
        if twice and getpass.getpass("Once more: ") != first:
            raise CommandError("The two are not the same.")
        return first
