"""Write where every chain stands as one signed statement, to be kept away from this machine."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from ground.audit.services.anchoring import export_anchor


class Command(BaseCommand):
    help = "Prints (or writes to --output) the signed heads of all audit chains; verify_audit --anchor reads it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", metavar="FILE", type=Path, help="write here instead of printing")

    def handle(self, *args: Any, **options: Any) -> None:
        document = json.dumps(export_anchor(), indent=2, sort_keys=True)
        if options["output"]:
            options["output"].write_text(document + "\n", encoding="utf-8")
            self.stderr.write(f"anchor written to {options['output']}")
        else:
            self.stdout.write(document)
