"""Run the purge by hand: the same service as the schedule."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Organization
from ground.tenancy import Actor
from ground.vault import VaultError
from retention.exceptions import PurgeUnderway
from retention.services.plan import LineReport
from retention.services.sweep import Report, purge_expired


class Command(BaseCommand):
    help = "Destroys everything whose time is over. --dry-run only says what would go."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this organization")
        parser.add_argument("--dry-run", action="store_true", help="destroy nothing, say what would go")
        parser.add_argument("--json", action="store_true", help="machine-readable")

    def handle(self, *args: Any, **options: Any) -> None:
        organizations = Organization.objects.order_by("slug")
        if options["organization"]:
            organizations = organizations.filter(slug=options["organization"])
            if not organizations:
                raise CommandError(f"No organization has the address {options['organization']}.")
        answers, refused = [], False
        for organization in organizations:
            try:
                report = purge_expired(
                    organization_id=organization.id,
                    by=Actor.system("purge_command"),
                    trigger="command",
                    dry_run=options["dry_run"],
                )
            except PurgeUnderway:
                refused = True
                self.stderr.write(f"{organization.slug}: another purge is at work; try again in a minute.")
                continue
            except VaultError as error:
                raise CommandError(f"{organization.slug}: nothing was destroyed. {error}") from error
            answers.append(_answer(organization.slug, report))
            if not options["json"]:
                self._print(organization.slug, report, dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(answers, indent=2, default=str))
        if refused:
            raise CommandError("Not every organization was purged.")

    def _print(self, slug: str, report: Report, *, dry_run: bool) -> None:
        if not report.lines:
            self.stdout.write(f"{slug}: nothing is due")
        for line in report.lines:
            did = f"{line.due} would go" if dry_run else f"{line.outcome.rows} destroyed of {line.due} due"
            more = f", {line.outcome.kept} held" if line.outcome.kept else ""
            more += f", {line.outcome.set_aside} set aside" if line.outcome.set_aside else ""
            more += f" [{line.state}{': ' + line.error if line.error else ''}]" if line.state != "done" else ""
            self.stdout.write(f"{slug}: {line.category} kept {line.period or '?'} ({line.origin}): {did}{more}")


def _answer(slug: str, report: Report) -> dict[str, Any]:
    return {
        "organization": slug,
        "run": str(report.run_id) if report.run_id else None,
        "lines": [_line(line) for line in report.lines],
    }


def _line(line: LineReport) -> dict[str, Any]:
    return {
        "category": str(line.category),
        "period": line.period,
        "origin": line.origin,
        "due": line.due,
        "oldest": line.oldest,
        "state": str(line.state),
        "error": line.error,
        **{name: value for name, value in asdict(line.outcome).items() if name != "batches"},
    }
