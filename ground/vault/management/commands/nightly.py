"""The night's work on keys and backups: now, or every night for as long as this process lives."""

import json
import signal
from datetime import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ground.vault import nights
from ground.vault.exceptions import VaultError


class Command(BaseCommand):
    help = "Backup, rotation of shelf keys, pruning, weekly trial restore. Works as the owner of the databases."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--watch", action="store_true", help="stay, and do every night when its time has come")
        parser.add_argument("--at", type=time.fromisoformat, default=nights.DEFAULT_AT, metavar="HH:MM", help="UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["watch"]:
            self._watch(options["at"])
            return
        try:
            report = nights.run(timezone.now().date())
        except VaultError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        if report is None:
            self.stdout.write("Tonight's work is done already, or another process is at it.")
            return
        self.stdout.write(json.dumps(report, sort_keys=True))
        if report["failed"]:
            raise CommandError(
                f"Not everything was done: {', '.join(report['failed'])}; run it again when that is mended."
            )

    def _watch(self, at: time) -> None:
        stop: list[int] = []

        def note(number: int, frame: FrameType | None) -> None:
            stop.append(number)

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, note)
        nights.watch(at, stopped=lambda: bool(stop))
