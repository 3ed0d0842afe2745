"""`manage.py demo`: three invented organizations with months of calls. Run once by `make up`; safe to repeat."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.demo import people
from config.demo.load import NotEmpty, load


class Command(BaseCommand):
    help = "Load demo data: organizations, people, agents, contacts, and calls with recordings. Nobody in it exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", type=float, default=1.0, help="0.1 makes a tenth of the calls")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["scale"] <= 20:
            raise CommandError("--scale is above 0 and at most 20")
        if people.logins_file().exists():
            self.stdout.write(f"The demo is here already; its logins stand in {people.logins_file()}")
            return
        began = time.monotonic()
        try:
            loaded = load(now=timezone.now(), scale=options["scale"], tell=self.stdout.write)
        except NotEmpty:
            self.stdout.write("Organizations of your own are here: no demo data was loaded.")
            return
        self.stdout.write(
            f"{loaded.calls} calls of {loaded.organizations} organizations, {loaded.recordings} recordings, "
            f"in {time.monotonic() - began:.0f} s. Logins: {people.logins_file()}"
        )
