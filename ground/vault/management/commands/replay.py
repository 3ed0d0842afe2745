"""After a restore by other means (point-in-time recovery, failover): replay the erasure journal and open the gate."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ground.vault import gate
from ground.vault.exceptions import VaultError


class Command(BaseCommand):
    help = "Replays the erasure journal into both databases and opens the gate. Run it when the restore is complete."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accept-lost-journal", action="store_true", help="see the restore runbook")
        parser.add_argument("--status", action="store_true", help="say whether the gate is open and do nothing")
        parser.add_argument("--even-if-open", action="store_true", help="replay although nothing asks for it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            trouble = gate.why_closed()
            if options["status"] or not (trouble or options["even_if_open"]):
                self.stdout.write(f"The gate is {'shut: ' + trouble if trouble else 'open.'}")
                return
            replayed = gate.open_again(accept_lost_journal=options["accept_lost_journal"])
        except VaultError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        self.stdout.write(f"{replayed} journal entries replayed; the gate is open.")
