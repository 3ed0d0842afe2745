"""Evidence of looking: one access event for one look, however many requests a player or a page makes of it.

Order: the event commits first, then the mark goes into the cache. A lost mark means one event too many, never one
too few.
"""

from functools import partial
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from ground import audit
from ground.tenancy import Actor, acting_for

log = structlog.get_logger(__name__)

LISTEN_SECONDS = 30 * 60


def note(
    kind: str, *, organization_id: UUID, object_type: str, object_id: UUID, call_id: UUID, by: Actor, once_in: int = 0
) -> None:
    """Record in the access stream that `by` looked. `once_in` seconds: further looks at the same are the same look."""
    mark = f"look:{kind}:{organization_id}:{object_id}:{by}"
    if once_in and _marked(mark):
        return
    with acting_for(organization_id):
        audit.append(
            kind,
            organization_id=organization_id,
            actor=by,
            object_type=object_type,
            object_id=object_id,
            stream="access",
            call=call_id,
        )
        if once_in:
            transaction.on_commit(partial(_mark, mark, once_in), robust=True)


def _mark(mark: str, seconds: int) -> None:
    try:
        cache.set(mark, 1, seconds)
    except RedisError as outage:
        log.warning("calls.look_not_marked", cause=type(outage).__name__)


def _marked(mark: str) -> bool:
    try:
        return cache.get(mark) is not None
    except RedisError:
        return False
