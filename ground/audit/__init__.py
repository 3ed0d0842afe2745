"""Evidence: events appended in the caller's transaction, sealed into signed blocks, verified from first to last.

The verbs are re-exported here; they load on first use, because Django imports this package before its models.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ground.audit import alerts as alerts
    from ground.audit.payload import canonical as canonical
    from ground.audit.payload import token as token
    from ground.audit.services.anchoring import export_anchor as export_anchor
    from ground.audit.services.blocks import heads as heads
    from ground.audit.services.blocks import seal_due as seal_due
    from ground.audit.services.epochs import begin_epoch as begin_epoch
    from ground.audit.services.epochs import current_epoch as current_epoch
    from ground.audit.services.events import append as append
    from ground.audit.services.expiry import expire_block as expire_block
    from ground.audit.services.expiry import expire_blocks as expire_blocks
    from ground.audit.services.figures import events as events
    from ground.audit.services.figures import stats as stats
    from ground.audit.services.proofs import MerkleProof as MerkleProof
    from ground.audit.services.proofs import check_proof as check_proof
    from ground.audit.services.proofs import event_digest as event_digest
    from ground.audit.services.proofs import proof as proof
    from ground.audit.services.verify import verify as verify

EVIDENCE, ACCESS = "evidence", "access"

_HOMES = {
    "append": "services.events",
    "begin_epoch": "services.epochs",
    "canonical": "payload",
    "check_proof": "services.proofs",
    "current_epoch": "services.epochs",
    "event_digest": "services.proofs",
    "events": "services.figures",
    "expire_block": "services.expiry",
    "expire_blocks": "services.expiry",
    "export_anchor": "services.anchoring",
    "heads": "services.blocks",
    "MerkleProof": "services.proofs",
    "proof": "services.proofs",
    "seal_due": "services.blocks",
    "stats": "services.figures",
    "token": "payload",
    "verify": "services.verify",
}


def __getattr__(name: str) -> Any:
    if name == "alerts":
        return import_module("ground.audit.alerts")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
