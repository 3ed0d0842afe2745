"""Which audit block anchors a statement: the signed chain in which its digest stands."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ground import audit
from ground.audit.exceptions import AuditError
from ground.audit.models import Event
from ground.tenancy import acting_for
from retention.models import Statement


@dataclass(frozen=True, slots=True)
class Anchor:
    """The block: its number in the organization's chain, and the key that signed it."""

    number: int
    signing_key: str


def anchor_of(statement: Statement) -> Anchor | None:
    """The block of a stored statement; None until the sealer was there. Needs the organization's context."""
    event = Event.objects.filter(
        organization_id=statement.organization_id, object_id=str(statement.id), kind="retention.statement_issued"
    ).first()
    if event is None:
        return None
    try:
        proof = audit.proof(event.id, organization_id=statement.organization_id)
    except AuditError:
        return None
    return Anchor(int(proof.block["number"]), proof.signing_key)


def anchor_of_content(content: dict[str, Any]) -> Anchor | None:
    """The block of a statement whose signature has been verified; None when this platform no longer holds it.

    The organization's context is opened by the id that our own signature covers: nothing else leads here.
    """
    try:
        organization_id = UUID(str(content["organization"]))
        certificate_id = UUID(str(content["certificate"]["id"]))
        moment = str(content["moment"])
    except (KeyError, TypeError, ValueError):
        return None
    with acting_for(organization_id):
        found = Statement.objects.filter(
            organization_id=organization_id, certificate_id=certificate_id, moment=moment
        ).first()
        return anchor_of(found) if found is not None else None
