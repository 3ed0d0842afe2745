"""Back both databases up now."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ground.vault import backup, backup_check, gate, owner
from ground.vault.exceptions import VaultError


class Command(BaseCommand):
    help = "Backs both databases up into BACKUP_PATH, sealed under the root key. Works as the owner of the databases."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", choices=owner.PARTS, help="one of the two databases")
        parser.add_argument("--test", action="store_true", help="restore it into a scratch database and look at it all")
        parser.add_argument("--list", action="store_true", help="list what there is, take nothing")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        parts = [options["only"]] if options["only"] else list(owner.PARTS)
        try:
            found = self._list(parts) if options["list"] else [self._take(part, test=options["test"]) for part in parts]
        except VaultError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(found))
        for one in [] if options["json"] else found:
            self.stdout.write(" ".join(f"{name}={value}" for name, value in one.items()))

    def _list(self, parts: list[str]) -> list[dict[str, Any]]:
        return [_words(manifest) for part in parts for manifest in backup.manifests(part)]

    def _take(self, part: str, *, test: bool) -> dict[str, Any]:
        gate.require_open()
        with owner.alone():
            manifest = backup.take(part)
        if not test:
            return _words(manifest)
        checked = backup_check.verify(manifest)
        return _words(manifest) | {"tested_rows": checked.rows, "tested_keys": checked.keys}


def _words(manifest: backup.Manifest) -> dict[str, Any]:
    return {
        "part": manifest.part,
        "taken_at": manifest.body["taken_at"],
        "bytes": manifest.body["stored_bytes"],
        "manifest": str(manifest.path),
    }
