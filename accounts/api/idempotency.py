"""`Idempotency-Key`: the same request sent twice is carried out once and answered twice.

Order of steps
  1. claim     a committed row (organization, key) with a fingerprint of the request and a lease
  2. work      the view's transaction; its last statement writes the answer into the row, so work and answer commit
               together or not at all, and only if the claim is still ours
  3. release   a refusal or failure deletes the row: nothing happened, the key may be used again

A process killed between 1 and 2 leaves a lease that runs out; the next request takes the claim over. A process that
was merely slow finds its claim taken when it writes the answer, and rolls back.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework import status
from rest_framework.utils.encoders import JSONEncoder

from accounts.api.problems import Problem
from accounts.models import IdempotentRequest
from ground import tenancy
from ground.tenancy import uuid7

HEADER = "Idempotency-Key"
LONGEST = 255
REMEMBERED_FOR = timedelta(hours=24)
LEASE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Claim:
    """Ours until the lease runs out."""

    organization_id: UUID
    key: str
    attempt: UUID


@dataclass(frozen=True, slots=True)
class Replay:
    """The answer that was given the first time."""

    status: int
    body: Any


class ClaimLost(Problem):
    """Somebody else took the claim over while we worked; our transaction rolls back."""

    def __init__(self) -> None:
        super().__init__(status.HTTP_409_CONFLICT, "idempotency-in-flight", "Another request took this key over.")


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).digest()


def claim(*, organization_id: UUID, key: str, print_: bytes) -> Claim | Replay:
    """Ours to work on, or the answer of the first time. The key itself is not kept: programs build it from numbers.

    Raises Problem: 400 for a bad key, 409 while the first is in flight, 422 for a key used with another body.
    """
    if not 1 <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise Problem(400, "idempotency-key-invalid", f"{HEADER} takes 1 to {LONGEST} printable ASCII characters.")
    now = timezone.now()
    key = salted_hmac("idempotency", f"{organization_id}:{key}", algorithm="sha256").hexdigest()
    mine = Claim(organization_id, key, uuid7())
    fresh = {"fingerprint": print_, "attempt": mine.attempt, "lease_until": now + LEASE, "created_at": now}
    with tenancy.acting_for(organization_id):
        rows = IdempotentRequest.objects.filter(organization_id=organization_id, key=key)
        rows.filter(created_at__lte=now - REMEMBERED_FOR).delete()
        IdempotentRequest.objects.bulk_create(
            [IdempotentRequest(organization_id=organization_id, key=key, **fresh)], ignore_conflicts=True
        )
        row = rows.select_for_update().first()
        if row is None:
            raise _in_flight()
        if row.attempt == mine.attempt:
            return mine
        if bytes(row.fingerprint) != print_:
            raise Problem(422, "idempotency-key-reused", f"This {HEADER} was used with another request.")
        if row.status is not None:
            return Replay(row.status, json.loads(row.answer or "null"))
        if row.lease_until > now:
            raise _in_flight()
        rows.update(attempt=mine.attempt, lease_until=now + LEASE)
        return mine


def remember(mine: Claim, *, status_code: int, answer: Any) -> None:
    """Write the answer, in the transaction of the work. Raises ClaimLost."""
    written = json.dumps(answer, cls=JSONEncoder)
    changed = _rows(mine).filter(status=None).update(status=status_code, answer=written)
    if changed != 1:
        raise ClaimLost


def release(mine: Claim) -> None:
    """Nothing happened: the key may be used again."""
    with tenancy.acting_for(mine.organization_id):
        _rows(mine).filter(status=None).delete()


def forget(organization_id: UUID, *, limit: int = 5_000) -> int:
    """Drop what is older than 24 hours; how many rows. Safe to repeat; the nightly sweep calls it."""
    with tenancy.acting_for(organization_id):
        over = IdempotentRequest.objects.filter(
            organization_id=organization_id, created_at__lte=timezone.now() - REMEMBERED_FOR
        )
        return IdempotentRequest.objects.filter(pk__in=over.values("pk")[:limit]).delete()[0]


def _rows(mine: Claim) -> Any:
    return IdempotentRequest.objects.filter(organization_id=mine.organization_id, key=mine.key, attempt=mine.attempt)


def _in_flight() -> Problem:
    return Problem(409, "idempotency-in-flight", "The first request with this key is still being carried out.")
