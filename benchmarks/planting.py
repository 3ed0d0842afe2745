"""Many rows at once. Planting is never measured, so it goes through SQL as the owner; keys are minted as in production.

`due` rows ended long before the shortest period of any profile, spread over four weekly shelves; `kept` ones ended
within the last days, and nothing under test destroys them.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from benchmarks import world
from ground import vault
from ground.inventory import tally
from ground.tenancy import acting_for

SEALED_BYTES = 1_800  # what a transcript of forty turns takes, compressed and sealed
WEEKS = 4
DUE_DAYS = 400

_WITH_KEYS = """
    INSERT INTO calls_transcript (id, organization_id, call_id, ended_at, key_id, sealed, stored_bytes, tombstone,
        phone_index, created_at, turn_count, stamp)
    SELECT gen_random_uuid(), %(organization)s, gen_random_uuid(), %(at)s + number * interval '1 second',
        encode(substring(packed.ids FROM number * 16 + 1 FOR 16), 'hex')::uuid, %(sealed)s, %(size)s,
        uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), now(), 40, '1'
    FROM (SELECT %(ids)s::bytea AS ids) AS packed, generate_series(0, %(count)s - 1) AS number
"""
_WITHOUT_KEYS = """
    INSERT INTO calls_transcript (id, organization_id, call_id, ended_at, key_id, sealed, stored_bytes, tombstone,
        phone_index, created_at, turn_count, stamp)
    SELECT gen_random_uuid(), %(organization)s, gen_random_uuid(), %(at)s - number * interval '10 milliseconds',
        gen_random_uuid(), '\\x00', 100, uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), now(), 1, '1'
    FROM generate_series(%(first)s, %(last)s - 1) AS number
"""


def due_transcripts(organization_id: UUID, rows: int) -> None:
    """`rows` transcripts that every period has passed, each with its own live data key, counted in the tally."""
    days: dict = {}
    for week, count in enumerate(_shares(rows, WEEKS)):
        at = datetime.now(UTC).replace(hour=2) - timedelta(days=DUE_DAYS + 7 * week)
        keys = vault.keys.mint(organization_id, "transcript", at, count=count)
        vault.keys.confirm(organization_id, [key.id for key in keys])
        with world.owner() as connection:
            connection.execute(
                _WITH_KEYS,
                {
                    "organization": organization_id,
                    "at": at,
                    "ids": b"".join(key.id.bytes for key in keys),
                    "count": count,
                    "sealed": os.urandom(SEALED_BYTES),
                    "size": SEALED_BYTES,
                },
            )
        for number in range(count):
            day = (at + timedelta(seconds=number)).date()
            days[day] = days.get(day, tally.NOTHING) + tally.Amount(1, SEALED_BYTES)
    with acting_for(organization_id):
        tally.add_many(organization_id, "transcript", days)


def kept_transcripts(organization_id: UUID, rows: int, *, already: int = 0) -> None:
    """Grow what is kept from `already` to `rows` small transcripts of the last days. They have no keys: nothing that is
    measured opens or destroys them; they only fill tables and indexes."""
    at = datetime.now(UTC)
    with world.owner() as connection:
        for first in range(already, rows, 500_000):
            last = min(rows, first + 500_000)
            connection.execute(_WITHOUT_KEYS, {"organization": organization_id, "at": at, "first": first, "last": last})
    with acting_for(organization_id):
        tally.add_many(organization_id, "transcript", {at.date(): tally.Amount(rows - already, 100 * (rows - already))})
    world.settle("calls_transcript")


def _shares(total: int, parts: int) -> Iterator[int]:
    for part in range(parts):
        yield total // parts + (part < total % parts)
