"""Verify a certificate offline: the file and the public key, nothing else."""

import base64
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ground.vault.statements import key_id_of
from retention.services.verifying import LARGEST, Verdict, verify

_PROBLEMS = {
    "no_certificate": "it cannot be read as a certificate",
    "pdf": "this is a PDF; what is signed is the .json file attached to it",
    "unknown_key": "it was signed by a key that was not given",
    "bad_signature": "the signature is not over this text; something was changed",
    "mixed": "the statements belong to different certificates",
    "broken_chain": "it names another text of an earlier statement than the file holds",
}


class Command(BaseCommand):
    help = "Verifies every statement of a certificate file with the published public key. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--public-key",
            required=True,
            help="base64 of the 32-byte Ed25519 key, or a file with it, or the published key list (JSON)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        keys = _public_keys(options["public_key"])
        try:
            with options["file"].open("rb") as file:
                raw = file.read(LARGEST + 1)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read.") from error
        verdict = verify(raw, keys)
        if not verdict.valid:
            raise CommandError(_sentence(verdict))
        for content in verdict.contents:
            self._print(content)
        count = len(verdict.contents)
        self.stdout.write(self.style.SUCCESS(f"valid: {count} statement(s), signature and content agree"))

    def _print(self, content: dict[str, Any]) -> None:
        certificate = content.get("certificate", {})
        self.stdout.write(
            f"certificate {certificate.get('number')}: {content.get('moment')} at {content.get('happened_at')}"
        )
        for entry in content.get("destroyed", []):
            self.stdout.write(
                f"  {entry['category']}: {entry['records']} records, {entry['keys']} keys, {entry['bytes']} bytes"
            )


def _sentence(verdict: Verdict) -> str:
    where = f"statement {verdict.number}: " if verdict.number else ""
    return f"NOT VALID: {where}{_PROBLEMS[verdict.problem]}"


def _public_keys(given: str) -> dict[str, bytes]:
    """Key id -> public key, from base64 text, a file of it, or the published list."""
    text = Path(given).read_text().strip() if Path(given).is_file() else given.strip()
    try:
        if text.startswith(("{", "[")):
            listed = json.loads(text)
            entries = listed["keys"] if isinstance(listed, dict) else listed
            found = [base64.b64decode(entry["public_key"], validate=True) for entry in entries]
        else:
            found = [base64.b64decode(text, validate=True)]
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError("The public key is neither base64 nor a published key list.") from error
    if any(len(key) != 32 for key in found):
        raise CommandError("An Ed25519 public key has 32 bytes.")
    return {key_id_of(key): key for key in found}
