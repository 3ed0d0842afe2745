"""Contacts in great number, some of whom are asked for. Never measured itself.

Those nobody asks for go into the tables as they are; they carry no keys, as nothing opens them. Those who are asked for
are added by the product.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from benchmarks import world
from contacts import services
from contacts.details import Details
from ground.tenancy import Actor, acting_for

BY = Actor.system("benchmark")

_STRANGERS = """
    WITH people AS (
        INSERT INTO contacts_contact (id, organization_id, key_id, sealed, sealed_version, legal_basis, source,
            has_consent_reference, language, state, last_contact_at, created_at, updated_at)
        SELECT gen_random_uuid(), %(organization)s::uuid, gen_random_uuid(), %(sealed)s, 1, 'unstated', 'import', false,
            'en', 'active', now() - number * interval '1 second', now(), now()
        FROM generate_series(1, %(count)s) AS number
        RETURNING id
    )
    INSERT INTO contacts_contactidentifier (organization_id, contact_id, kind, digest)
    SELECT %(organization)s::uuid, id, kind, substring(uuid_send(gen_random_uuid()) FROM 1 FOR 16)
    FROM people, (VALUES ('phone'), ('name')) AS one(kind)
"""


def strangers(organization_id: UUID, count: int) -> None:
    """So many more contacts with a number and a name each."""
    if count > 0:
        with world.owner() as connection:
            connection.execute(
                _STRANGERS, {"organization": str(organization_id), "count": count, "sealed": os.urandom(200)}
            )
        world.settle("contacts_contact", "contacts_contactidentifier")


def people(organization_id: UUID, numbers: Sequence[str]) -> None:
    """A contact for each number."""
    with acting_for(organization_id):
        for place, number in enumerate(numbers):
            services.add(
                organization_id=organization_id,
                details=Details(name=f"Somebody {place}", phones=(number,)),
                by=BY,
                at=datetime.now(UTC),
            )
    world.settle("contacts_contact", "contacts_contactidentifier")
