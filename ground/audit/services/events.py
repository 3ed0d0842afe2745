"""Appending. An event is written in the caller's transaction: both happen or neither does.

No lock is taken that another append waits for: the row gets the number of its transaction, and the sealer later takes
the events whose transactions are surely over.
"""

from typing import Any
from uuid import UUID

from django.db import connection

from ground.audit import payload as guard
from ground.tenancy import Actor, uuid7
from ground.tenancy.context import require_context

EVIDENCE = "evidence"
ACCESS = "access"

_INSERT = (
    "INSERT INTO audit_event (id, organization_id, stream, kind, actor_kind, actor_id, object_type, object_id, payload)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def append(
    kind: str,
    *,
    organization_id: UUID,
    actor: Actor,
    object_type: str = "",
    object_id: UUID | str | None = None,
    stream: str = EVIDENCE,
    **payload: Any,
) -> UUID:
    """Record that something happened; returns the event's id.

    The caller must act for `organization_id` (else ContextMismatch). `kind` reads `app.what_happened`; payload values
    are ids, counts, moments and enum words: anything else raises PersonalDataInAudit or NotCanonical.
    """
    require_context(organization_id)
    if stream not in (EVIDENCE, ACCESS):
        raise ValueError("stream is evidence or access")
    event_id = uuid7()
    values = (
        event_id,
        organization_id,
        stream,
        guard.kind(kind),
        actor.kind.value,
        guard.token(actor.id, "actor"),
        guard.token(object_type, "object_type") if object_type else "",
        guard.token(str(object_id), "object_id") if object_id is not None else "",
        guard.canonical(payload) if payload else "{}",
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
    return event_id
