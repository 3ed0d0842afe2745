"""Verify the audit trail; exit code 1 and the first bad block when it does not hold."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from ground.audit.services.verify import verify
from ground.audit.verification import Report


class Command(BaseCommand):
    help = "Reads every event and block again and holds the chains against the anchors written outside the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this organization (slug or id)")
        parser.add_argument(
            "--anchor", metavar="FILE", type=Path, action="append", default=[], help="an exported anchor, in addition"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        for path in options["anchor"]:
            if not path.is_file():
                raise CommandError(f"there is no anchor file {path}")
        organization_id = _organization(options["organization"]) if options["organization"] else None
        report = verify(organization_id, exports=options["anchor"])
        self.stdout.write(json.dumps(_as_json(report), indent=2) if options["json"] else _as_text(report))
        if not report.ok:
            raise SystemExit(1)


def _organization(slug_or_id: str) -> UUID:
    try:
        return UUID(slug_or_id)
    except ValueError:
        pass
    found = apps.get_model("accounts", "Organization")._default_manager.filter(slug=slug_or_id).first()
    if found is None:
        raise CommandError(f"there is no organization {slug_or_id}")
    return UUID(str(found.pk))


def _as_text(report: Report) -> str:
    lines = [f"{problem}" for problem in report.problems]
    lines += [f"anchor file {path}: its signature does not hold" for path in report.forged_anchor_files]
    lost = sum(chain.declared_losses for chain in report.chains)
    if lost:
        lines.append(f"{lost} anchored blocks were lost in declared restores")
    if report.unreadable_anchor_lines:
        lines.append(f"{report.unreadable_anchor_lines} anchor lines could not be read")
    unsealed = sum(chain.unsealed for chain in report.chains)
    lines.append(
        f"{'The audit trail holds' if report.ok else 'THE AUDIT TRAIL DOES NOT HOLD'}: {len(report.chains)} chains, "
        f"{report.blocks} blocks, {report.events} sealed events, {unsealed} not sealed yet, {report.anchors} anchors"
    )
    return "\n".join(lines)


def _as_json(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(asdict(report), default=str))
    document["ok"] = report.ok
    return document
