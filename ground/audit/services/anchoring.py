"""The heads of all chains as one signed statement, for safekeeping outside this machine."""

from hashlib import sha256
from typing import Any

from django.utils import timezone

from ground.audit import anchors, signatures
from ground.audit.payload import moment
from ground.audit.services.blocks import heads
from ground.audit.services.epochs import current_epoch
from ground.vault.canonical import canonical_json


def export_anchor() -> dict[str, Any]:
    """All heads with their digest (SHA-256 over the canonical JSON of `heads`) and a signature over everything.

    The heads are also anchored in this machine's own log.
    """
    current = heads()
    anchors.write(current)
    listed = [head.as_json() for head in current]
    body = {
        "type": anchors.EXPORT_TYPE,
        "version": 1,
        "at": moment(timezone.now()),
        "epoch": current_epoch(),
        "heads": listed,
        "digest": sha256(canonical_json(listed)).hexdigest(),
    }
    signature, key_id = signatures.sign(body)
    return {**body, "signature": signature.hex(), "signing_key": key_id}
