"""Putting work into the queue, in the caller's transaction: the work exists exactly when its cause was committed."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ground.audit.payload import canonical, token
from ground.jobs.broker import wake
from ground.jobs.registry import handler_of
from ground.tenancy import acting_for, uuid7
from ground.tenancy.context import require_context

_INSERT = """
    INSERT INTO jobs_job (id, organization_id, kind, arguments, unique_key, state, attempts, deaths, lease_token,
                          last_error, run_at, woken_at)
    VALUES (%(id)s, %(organization_id)s, %(kind)s, %(arguments)s::jsonb, %(unique)s, 'ready', 0, 0, 0, '',
            coalesce(%(run_at)s::timestamptz, statement_timestamp()),
            CASE WHEN coalesce(%(run_at)s::timestamptz, statement_timestamp()) <= statement_timestamp()
                 THEN statement_timestamp() END)
    ON CONFLICT (organization_id, kind, unique_key) WHERE state IN ('ready', 'running') AND unique_key <> ''
    DO NOTHING RETURNING id, woken_at IS NOT NULL
"""
_INSERT_MANY = """
    INSERT INTO jobs_job (id, organization_id, kind, arguments, unique_key, state, attempts, deaths, lease_token,
                          last_error, run_at)
    SELECT (one->>'id')::uuid, %(organization_id)s, %(kind)s, one->'arguments', one->>'unique', 'ready', 0, 0, 0, '',
           statement_timestamp()
    FROM jsonb_array_elements(%(each)s::jsonb) AS one
    ON CONFLICT (organization_id, kind, unique_key) WHERE state IN ('ready', 'running') AND unique_key <> ''
    DO NOTHING
"""
WAKE_AT_ONCE = 20
_EXISTING = """
    SELECT id FROM jobs_job WHERE organization_id = %s AND kind = %s AND unique_key = %s
    AND state IN ('ready', 'running')
"""


def enqueue(
    kind: str,
    *,
    organization_id: UUID,
    arguments: Mapping[str, Any] | None = None,
    unique: str = "",
    run_at: datetime | None = None,
) -> UUID:
    """Enqueue one job and wake a worker after the commit; returns its id.

    With `unique`, the id of the unfinished job of the same organization, kind and key when there is one. The caller
    acts for the organization. `arguments` are ids, counts and words of ours (PersonalDataInAudit otherwise).
    """
    return _enqueue(uuid7(), kind, organization_id, arguments, unique, run_at)


def enqueue_many(kind: str, *, organization_id: UUID, each: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Enqueue a job for each (unique key, arguments), as `enqueue` would, in one statement.

    A few are woken after the commit; many are left to the sweep, which tells the workers in steps: telling them all
    at once would keep the caller waiting and push everybody else's work back.
    """
    if len(each) <= WAKE_AT_ONCE:
        for unique, arguments in each:
            enqueue(kind, organization_id=organization_id, arguments=arguments, unique=unique)
        return
    require_context(organization_id)
    handler_of(kind)
    told = [
        {
            "id": str(uuid7()),
            "unique": token(unique, "unique"),
            "arguments": json.loads(canonical(arguments, "arguments")),
        }
        for unique, arguments in each
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_MANY, {"organization_id": organization_id, "kind": kind, "each": json.dumps(told)})


def _enqueue(
    job_id: UUID,
    kind: str,
    organization_id: UUID,
    arguments: Mapping[str, Any] | None,
    unique: str = "",
    run_at: datetime | None = None,
) -> UUID:
    require_context(organization_id)
    handler_of(kind)
    values: dict[str, Any] = {
        "id": job_id,
        "organization_id": organization_id,
        "kind": kind,
        "arguments": canonical(arguments or {}, "arguments"),
        "unique": token(unique, "unique") if unique else "",
        "run_at": run_at,
    }
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, values)
            if created := cursor.fetchone():
                if created[1]:  # due by the database's clock; ours may be wrong
                    transaction.on_commit(partial(wake, created[0], organization_id), robust=True)
                return UUID(str(created[0]))
            cursor.execute(_EXISTING, [organization_id, kind, unique])
            if existing := cursor.fetchone():
                return UUID(str(existing[0]))
        # The other one finished between the two statements: ours is wanted after all.


def slot(kind: str, organization_id: UUID, slot: str, *, arguments: Mapping[str, Any] | None = None) -> UUID | None:
    """Enqueue the run of one scheduled moment ("2026-11-22T10:15"); None when another beat already did."""
    with acting_for(organization_id):
        job_id = uuid7()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jobs_slot (id, organization_id, kind, slot, job_id) VALUES (%s, %s, %s, %s, %s) "
                "ON CONFLICT (organization_id, kind, slot) DO NOTHING",
                [uuid7(), organization_id, kind, token(slot, "slot"), job_id],
            )
            if not cursor.rowcount:
                return None
        return _enqueue(job_id, kind, organization_id, arguments)
