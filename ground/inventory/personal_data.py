"""What the ground itself holds. Vault, audit and jobs lie below the inventory, so they are declared here.

The reason of a hold is somebody's words; everything else is ids, counts, keyed digests and sealed keys.
"""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from ground.inventory import holds
from ground.inventory.declarations import PersonalData, declare, no_personal_data
from ground.inventory.models import DestructionBatch, Hold, ObjectRemoval, Tally, TallyDelta, Tombstone
from ground.jobs.models import Job, Slot
from ground.profiles import Category


def _export(organization_id: UUID, rows: list[Any]) -> list[dict[str, Any]]:
    return [{"placed_at": row.placed_at.isoformat(), "reason": holds.reason_of(row)} for row in rows]


declare(
    PersonalData(
        model=Hold,
        category=Category.DSAR_REGISTER,
        subjects="people whose data must be kept for a dispute or at their own wish",
        holds="what is kept, by whom, why, until which review",
        purpose="keeping evidence, and storage only where a person asked for restriction",
        legal_basis="legal claims, GDPR Art. 17(3)(e); restriction, Art. 18",
        recipients=("the organization",),
        clock="released_at",
        key="key_id",
        find=lambda subject: None,
        export=_export,
        expirable=Q(released_at__isnull=False),
        holdable=False,
        tallied=False,
    )
)
declare(
    PersonalData(
        model=Job,
        category=Category.PLATFORM_LOG,
        subjects="nobody directly: opaque ids",
        holds="what the platform did when, with opaque ids",
        purpose="work that must not be lost, and finding out why it failed",
        legal_basis="legitimate interest in secure operation, GDPR Art. 6(1)(f)",
        recipients=("the operator",),
        clock="finished_at",
        find=lambda subject: None,
        export=lambda organization_id, rows: [],
        expirable=Q(finished_at__isnull=False),
        holdable=False,
        tallied=False,
    )
)
declare(
    PersonalData(
        model=Slot,
        category=Category.PLATFORM_LOG,
        subjects="nobody",
        holds="which scheduled slot was taken",
        purpose="scheduled work runs once",
        legal_basis="legitimate interest in secure operation, GDPR Art. 6(1)(f)",
        recipients=("the operator",),
        clock="created_at",
        find=lambda subject: None,
        export=lambda organization_id, rows: [],
        holdable=False,
        tallied=False,
    )
)
for _model in apps.get_app_config("vault").get_models():
    no_personal_data(_model, "wrapped keys, versions and counts; nothing a person could be known by")
for _model in apps.get_app_config("audit").get_models():
    no_personal_data(_model, "ids and counts by rule of the log; the access stream expires by whole sealed blocks")
no_personal_data(DestructionBatch, "opaque ids, counts and moments of a destruction")
no_personal_data(ObjectRemoval, "opaque object names that still have to leave the store")
no_personal_data(Tombstone, "keyed digests without plaintext; they expire by themselves")
no_personal_data(Tally, "counts by day")
no_personal_data(TallyDelta, "counts by day")
