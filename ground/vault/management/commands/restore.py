"""Restore both databases, or one, from a backup; then replay the erasure journal and open the gate."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ground.tenancy.provision import CannotProvision
from ground.vault import owner, restore
from ground.vault.exceptions import VaultError


class Command(BaseCommand):
    help = "Replaces the contents of the configured databases by a backup's. Everything stored since is lost."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", type=Path, help="a main manifest also brings the keyring backup that fits it")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--main-only", action="store_const", dest="only", const=owner.MAIN)
        which.add_argument("--keyring-only", action="store_const", dest="only", const=owner.KEYRING)
        parser.add_argument("--yes", action="store_true", help="do it; without it the plan is shown")
        parser.add_argument("--accept-lost-journal", action="store_true", help="see the restore runbook")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = restore.plan(options["manifest"], only=options["only"])
            for manifest in wanted:
                self.stdout.write(
                    f"{manifest.part}: {manifest.path.name}, taken {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
                )
            if not options["yes"]:
                raise CommandError("Nothing was done. Add --yes to replace what the databases hold now.")
            replayed = restore.restore(
                wanted, tell=self.stdout.write, accept_lost_journal=options["accept_lost_journal"]
            )
        except (VaultError, CannotProvision) as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        self.stdout.write(f"Restored. {replayed} journal entries replayed; the gate is open.")
