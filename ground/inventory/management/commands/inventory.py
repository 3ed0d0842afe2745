"""Print what is held about whom, from the declarations."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ground.inventory.declarations import declarations, reasons_without

_SHOWN = ("category", "subjects", "holds", "purpose", "legal_basis", "recipients", "clock", "key", "objects")


class Command(BaseCommand):
    help = "Prints every declared model with what it holds, and every model that holds nothing with the reason."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="machine-readable")

    def handle(self, *args: Any, **options: Any) -> None:
        declared = [
            {"model": declaration.label} | {name: getattr(declaration, name) for name in _SHOWN}
            for declaration in declarations()
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"declared": declared, "without": reasons_without()}, indent=2))
            return
        for entry in declared:
            self.stdout.write(self.style.MIGRATE_HEADING(f"{entry['model']}  ({entry['category']})"))
            self.stdout.write(f"  holds       {entry['holds']}; {entry['subjects']}")
            self.stdout.write(f"  purpose     {entry['purpose']}")
            self.stdout.write(f"  basis       {entry['legal_basis']}")
            self.stdout.write(f"  recipients  {', '.join(entry['recipients']) or 'none'}")
            sealed = "sealed under its own key" if entry["key"] else "not sealed"
            kept = f"counted from {entry['clock']}" if entry["clock"] else "as long as what it belongs to"
            self.stdout.write(f"  kept        {kept}, {sealed}")
        self.stdout.write(self.style.MIGRATE_HEADING("No personal data"))
        for label, reason in reasons_without().items():
            self.stdout.write(f"  {label}: {reason}")
