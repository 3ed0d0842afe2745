"""Calls in great number, recordings that are due, and a person who looks at them. Never measured itself.

Kept calls go into the table without its secondary indexes, which are built again afterwards; they carry no keys, as
nothing that is measured opens them. Calls that are opened come through the product's own bulk storing.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.test import Client

from accounts.models import Organization, Role
from accounts.services import api_keys
from benchmarks import world
from calls.services import bulk
from ground import vault
from ground.inventory import tally
from ground.tenancy import Actor, acting_for, uuid7
from tests import factories

BY = Actor.system("benchmark")
CALLS_PER_PERSON = 5
DUE = timedelta(days=400)
_numbers = count(1)

_KEPT = """
    INSERT INTO calls_call (id, organization_id, provider, direction, channel, outcome, end_reason, started_at,
        ended_at, duration_ms, language, cost_currency, recording_allowed, transcript_allowed, disclosure_version,
        consent, consent_method, recording_state, has_recording, has_transcript, has_report, key_id, sealed,
        sealed_version, stored_bytes, tombstone, event_at, phone_index)
    SELECT gen_random_uuid(), %(organization)s::uuid, 'api', (ARRAY['inbound','outbound'])[1 + number %% 2], 'pstn',
        (ARRAY['completed','completed','no_answer'])[1 + number %% 3], '', moment - interval '1 minute', moment,
        60000 + number %% 600000, 'en', '', false, true, 0, '', '', 'none', false, false, false, gen_random_uuid(),
        %(sealed)s, 1, 305, uuid_send(gen_random_uuid()), moment,
        decode(md5(%(organization)s::text || (number / %(each)s)), 'hex')
    FROM generate_series(%(first)s, %(last)s - 1) AS number,
        LATERAL (SELECT %(at)s - number * interval '300 milliseconds') AS at(moment)
"""
_RECORDINGS = """
    INSERT INTO calls_recording (id, organization_id, call_id, ended_at, key_id, object_name, kind, media_type,
        plain_bytes, stored_bytes, tombstone)
    SELECT id, %(organization)s::uuid, call_id, %(at)s + place * interval '1 second', key_id,
        %(organization)s::text || '/recording/' || id, 'mono', 'audio/wav', %(size)s, %(size)s,
        uuid_send(gen_random_uuid())
    FROM unnest(%(ids)s::uuid[], %(calls)s::uuid[], %(keys)s::uuid[]) WITH ORDINALITY AS one(id, call_id, key_id, place)
"""
_THEIR_CALLS = """
    INSERT INTO calls_call (id, organization_id, provider, direction, channel, outcome, end_reason, ended_at, language,
        cost_currency, recording_allowed, transcript_allowed, disclosure_version, consent, consent_method,
        recording_state, has_recording, has_transcript, has_report, key_id, sealed, sealed_version, stored_bytes,
        tombstone, event_at)
    SELECT id, %(organization)s::uuid, 'api', 'inbound', 'pstn', 'completed', '', %(at)s, 'en', '', true, true, 0, '',
        '', 'stored', true, false, false, gen_random_uuid(), '\\x00', 1, 305, uuid_send(gen_random_uuid()), %(at)s
    FROM unnest(%(calls)s::uuid[]) AS id
"""


def kept(organization_id: UUID, rows: int, *, already: int = 0) -> None:
    """Grow from `already` to `rows` calls of the last weeks, three a second, five to a person; the tally says so."""
    with _without_indexes("calls_call"), world.owner() as connection:
        for first in range(already, rows, 500_000):
            connection.execute(
                _KEPT,
                {
                    "organization": str(organization_id),
                    "first": first,
                    "last": min(rows, first + 500_000),
                    "at": datetime.now(UTC) - timedelta(minutes=30),
                    "sealed": os.urandom(305),
                    "each": CALLS_PER_PERSON,
                },
            )
    recount(organization_id)
    world.settle("calls_call")


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    with world.owner() as connection:
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexdef NOT LIKE 'CREATE UNIQUE%%'",
            [table],
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        try:
            yield
        finally:
            for _, definition in indexes:
                connection.execute(definition)


def recount(organization_id: UUID) -> None:
    """Put into the tally of calls what is there."""
    with world.owner() as connection:
        for table in ("inventory_tallydelta", "inventory_tally"):
            connection.execute(
                f"DELETE FROM {table} WHERE organization_id = %s AND category = 'call_metadata'", [organization_id]
            )
        connection.execute(
            "INSERT INTO inventory_tally (organization_id, category, day, rows, bytes) SELECT organization_id, "
            "'call_metadata', (ended_at AT TIME ZONE 'UTC')::date, count(*), sum(stored_bytes) FROM calls_call "
            "WHERE organization_id = %s GROUP BY 1, 3",
            [organization_id],
        )


def phones(organization_id: UUID, people: int, *, rows: int) -> list[str]:
    """Numbers of `people` persons with five calls each, spread among the first `rows` kept ones."""
    given = [next(_numbers) for _ in range(people)]
    numbers = [f"+4930{900000 + number}" for number in given]
    with world.owner() as connection:
        for place, number in enumerate(numbers):
            connection.execute(
                "UPDATE calls_call SET phone_index = %s WHERE organization_id = %s "
                "AND phone_index = decode(md5(%s::text || %s::bigint), 'hex')",
                [
                    vault.blind.digest(organization_id, "find", "phone", number),
                    organization_id,
                    str(organization_id),
                    place * (rows // CALLS_PER_PERSON) // people + given[0],  # nobody twice, at whatever size
                ],
            )
    world.settle("calls_call")
    return numbers


def items(calls: int, *, text: bool = False, at: datetime | None = None) -> list[dict[str, Any]]:
    """Bodies for our API: facts and a person; with `text` also forty turns, a summary and an analysis."""
    ended = (at or datetime.now(UTC)) - timedelta(minutes=5)
    return [_item(next(_numbers), ended, text) for _ in range(calls)]


def _item(number: int, ended: datetime, text: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "call_id": f"bench-{number}",
        "direction": "inbound",
        "outcome": "completed",
        "started_at": (ended - timedelta(minutes=4)).isoformat(),
        "ended_at": ended.isoformat(),
        "from": f"+4930{1000000 + number % 8000000}",
        "to": "+4930555000",
    }
    if text:
        body["turns"] = [
            {"speaker": "agent" if turn % 2 else "user", "text": f"What was said in turn {turn} of call {number}."}
            for turn in range(40)
        ]
        body["summary"], body["analysis"] = "Asked about an order that has not arrived.", {"resolved": True}
    return body


def stored(organization_id: UUID, calls: int, *, text: bool = False, at: datetime | None = None) -> None:
    """Calls that open, through the product's own storing."""
    for first in range(0, calls, bulk.AT_MOST):
        bodies = items(min(bulk.AT_MOST, calls - first), text=text, at=at)
        bulk.create(organization_id=organization_id, items=bodies, by=BY, now=datetime.now(UTC))


def due_recordings(organization_id: UUID, rows: int, size: int) -> list[str]:
    """Rows of recordings that every period has passed, with keys and calls; the names of the objects to store."""
    at = datetime.now(UTC) - DUE
    keys = vault.keys.mint(organization_id, "recording", at, count=rows)
    vault.keys.confirm(organization_id, [key.id for key in keys])
    ids, calls = [uuid7() for _ in keys], [uuid7() for _ in keys]
    told = {
        "organization": str(organization_id),
        "at": at,
        "size": size,
        "ids": ids,
        "calls": calls,
        "keys": [key.id for key in keys],
    }
    with world.owner() as connection:
        connection.execute(_THEIR_CALLS, told)
        connection.execute(_RECORDINGS, told)
    with acting_for(organization_id):
        tally.add_many(organization_id, "recording", {at.date(): tally.Amount(rows, rows * size)})
    return [vault.objects.name(organization_id, "recording", each) for each in ids]


def owner_of(organization_id: UUID) -> tuple[Client, str]:
    """A browser of the organization's owner, signed in, and the beginning of its addresses."""
    client = Client()
    client.force_login(factories.member(organization_id, Role.OWNER))
    return client, f"/o/{Organization.objects.get(pk=organization_id).slug}/"


def api_key(organization_id: UUID, scopes: Sequence[str]) -> str:
    """The text of a fresh API key."""
    owner = Actor.member(factories.member(organization_id, Role.OWNER).pk)
    made = api_keys.create(
        organization_id=organization_id, name="bench", scopes=list(scopes), by=owner, at=datetime.now(UTC)
    )
    return made.text
