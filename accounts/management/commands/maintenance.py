"""`manage.py maintenance on [--minutes 30]`, `off`, `status`: close the doors to people and programs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import maintenance


class Command(BaseCommand):
    help = "Answer 503 with a page (or a problem for programs) while work is done. Health keeps answering."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=["on", "off", "status"])
        parser.add_argument("--minutes", type=int, help="how long it will take, as visitors and programs are told")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["do"] == "on":
            maintenance.begin(minutes=options["minutes"])
        elif options["do"] == "off":
            maintenance.end()
        closed = maintenance.state()
        until = f", until about {closed.until:%H:%M} UTC" if closed and closed.until else ""
        self.stdout.write(f"closed for maintenance{until}" if closed else "open")
