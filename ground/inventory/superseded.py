"""Keys of what was sealed anew: the row lives on under another key, and the old version becomes unreadable.

The job is written in the transaction that stores the new version, so a crash loses nothing; it journals the old keys
before it destroys them, so that a restored keyring forgets them again. Until it has run (seconds), the old version is
unreachable from the row but its key still exists.
"""

import uuid
from collections.abc import Sequence
from uuid import UUID

from ground import audit, jobs, vault
from ground.inventory.journalled import pack
from ground.tenancy import Actor, acting_for

_JOB_KEYS = 300  # a job's arguments have at most 16 KB


def retire_keys(organization_id: UUID, key_ids: Sequence[UUID], *, category: str) -> None:
    """Have these keys destroyed after the caller's transaction, in which no row refers to them any more."""
    for start in range(0, len(key_ids), _JOB_KEYS):
        arguments = {
            "batch": str(uuid.uuid4()),
            "category": str(category),
            "keys": [str(key_id) for key_id in key_ids[start : start + _JOB_KEYS]],
        }
        jobs.enqueue("inventory.retire_keys", organization_id=organization_id, arguments=arguments)


@jobs.handler("inventory.retire_keys", lease_seconds=120, attempts=20)
def destroy_retired(lease: jobs.Lease) -> None:
    """Journal, destroy, record; safe to repeat."""
    key_ids = [UUID(text) for text in lease.arguments["keys"]]
    category = str(lease.arguments["category"])
    vault.journal.append(
        lease.organization_id,
        "destroy",
        {
            "batch": lease.arguments["batch"],
            "table": "superseded",
            "category": category,
            "rows": pack([]),
            "keys": pack([key_id.bytes for key_id in key_ids]),
            "objects": pack([]),
            "tombstones": pack([]),
        },
    )
    vault.keys.destroy(lease.organization_id, key_ids)
    with acting_for(lease.organization_id):
        audit.append(
            "inventory.superseded",
            organization_id=lease.organization_id,
            actor=Actor.system("inventory.retire_keys"),
            object_type="key_batch",
            object_id=lease.arguments["batch"],
            category=category,
            keys=len(key_ids),
        )
