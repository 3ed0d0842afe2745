"""Verifying an organization's audit chains on request, and remembering what came out: the result is evidence too."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ground import audit
from ground.audit.models import Event
from ground.audit.verification import Report
from ground.tenancy import Actor, acting_for

_ABOUT = "verification"  # events about an object are found by an index
MOST_EVENTS_ON_A_PAGE = 100_000  # some seconds; beyond that a job does it


@dataclass(frozen=True, slots=True)
class Verification:
    """What the last verification said."""

    at: datetime
    ok: bool
    events: int
    blocks: int
    bad_block: int | None
    stream: str


def verify(organization_id: UUID, *, by: Actor) -> Report:
    """Read both chains of the organization again. The result is an audit event; a fault is an alert."""
    report = audit.verify(organization_id)
    bad = next(iter(report.problems), None)
    with acting_for(organization_id):
        audit.append(
            "audit.verified",
            organization_id=organization_id,
            actor=by,
            object_type="audit.chain",
            object_id=_ABOUT,
            ok=report.ok,
            events=report.events,
            blocks=report.blocks,
            bad_block=bad.number if bad else None,
            fault=str(bad.fault) if bad else "",
            stream_of_fault=bad.stream if bad else "",
        )
        if report.ok:
            audit.alerts.resolve(organization_id, "audit.chain_broken", by=by)
        else:
            audit.alerts.raise_alert(organization_id, "audit.chain_broken", blocks=report.blocks)
    return report


def last_verification(organization_id: UUID) -> Verification | None:
    """The newest result. Needs the organization's context."""
    about = Event.objects.filter(organization_id=organization_id, object_id=_ABOUT, kind="audit.verified")
    event = about.order_by("-id").first()
    if event is None:
        return None
    said = json.loads(event.payload)
    return Verification(
        event.occurred_at, said["ok"], said["events"], said["blocks"], said["bad_block"], said["stream_of_fault"]
    )
