"""`Idempotency-Key`: the same request sent twice is carried out once and answered twice.

Order of steps
  1. claim     a committed row (organization, key) with a fingerprint of the request and a lease
  2. work      the view's transaction; its last statement writes the answer into the row, so work and answer commit
               together or not at all, and only if the claim is still ours
  3. release   a refusal or failure deletes the row: nothing happened, the key may be used again

A process killed between 1 and 2 leaves a lease that runs out; the next request takes the claim over. A process that
was merely slow finds its claim taken when it writes the answer, and rolls back.

Work that is one transaction needs no claim of its own: `begin` first in it, `keep` last. While it runs, a lock that
ends with it holds the key (409); a crash or a refusal leaves nothing; the answer is one row, written once. The unique
key of the table decides, whatever else happens.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
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
CODES = {400: ("idempotency-key-invalid",), 409: ("idempotency-in-flight",), 422: ("idempotency-key-reused",)}
"""How a request with this header may be refused, by status."""
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


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose work is one transaction: the key as it is kept, and what was asked under it."""

    organization_id: UUID
    key: str
    fingerprint: bytes


class Answered(Exception):
    """Raised by `begin`: this was carried out before, and here is what was answered."""

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self.replay = replay


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
    key = _kept_form(organization_id, key)
    now = timezone.now()
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
            raise _reused()
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


# ------------------------------------------------------------------ work that is one transaction
_BEGIN = """
    SELECT pg_try_advisory_xact_lock(hashtextextended(%(key)s, 0));
    SELECT fingerprint, status, answer FROM accounts_idempotentrequest
    WHERE organization_id = %(organization)s AND key = %(key)s AND created_at > %(over)s
    AND (status IS NOT NULL OR lease_until > %(now)s)
"""  # the look comes after the lock, as a statement with a view of its own
_KEEP = """
    INSERT INTO accounts_idempotentrequest AS kept
        (id, organization_id, key, fingerprint, attempt, lease_until, status, answer, created_at)
    VALUES (%(id)s, %(organization)s, %(key)s, %(fingerprint)s, %(id)s, %(now)s, %(status)s, %(answer)s, %(now)s)
    ON CONFLICT (organization_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, attempt = excluded.attempt, lease_until = excluded.lease_until,
        status = excluded.status, answer = excluded.answer, created_at = excluded.created_at
    WHERE kept.created_at <= %(over)s OR (kept.status IS NULL AND kept.lease_until <= %(now)s)
"""


def asked(*, organization_id: UUID, key: str, print_: bytes) -> Asked:
    """What `begin` and `keep` go by. Raises Problem: 400 for a bad key."""
    return Asked(organization_id, _kept_form(organization_id, key), print_)


def begin(mine: Asked) -> None:
    """First in the transaction of the work. Raises Answered, or Problem as `claim` does."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, {"organization": mine.organization_id, "key": mine.key, **_moments()})
        [is_free] = cursor.fetchone()
        cursor.nextset()
        row = cursor.fetchone()
    if row is None:
        if not is_free:
            raise _in_flight()
        return
    fingerprint_, status_code, answer = row
    if bytes(fingerprint_) != mine.fingerprint:
        raise _reused()
    if status_code is None:
        raise _in_flight()
    raise Answered(Replay(status_code, json.loads(answer or "null")))


def keep(mine: Asked, *, status_code: int, answer: Any) -> None:
    """Last in the transaction of the work: the answer stands or falls with it. Raises ClaimLost."""
    row: dict[str, Any] = {
        "id": uuid7(),
        "organization": mine.organization_id,
        "key": mine.key,
        "fingerprint": mine.fingerprint,
        "status": status_code,
        "answer": json.dumps(answer, cls=JSONEncoder),
        **_moments(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, row)
        if cursor.rowcount != 1:
            raise ClaimLost


def _moments() -> dict[str, datetime]:
    now = timezone.now()
    return {"now": now, "over": now - REMEMBERED_FOR}


def _kept_form(organization_id: UUID, key: str) -> str:
    if not 1 <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise Problem(400, "idempotency-key-invalid", f"{HEADER} takes 1 to {LONGEST} printable ASCII characters.")
    return salted_hmac("idempotency", f"{organization_id}:{key}", algorithm="sha256").hexdigest()


def forget(organization_id: UUID, *, limit: int = 5_000) -> int:
    """Drop what is older than 24 hours; how many rows. Safe to repeat; the nightly sweep calls it."""
    with tenancy.acting_for(organization_id):
        over = IdempotentRequest.objects.filter(
            organization_id=organization_id, created_at__lte=timezone.now() - REMEMBERED_FOR
        )
        return IdempotentRequest.objects.filter(pk__in=over.values("pk")[:limit]).delete()[0]


def _rows(mine: Claim) -> Any:
    return IdempotentRequest.objects.filter(organization_id=mine.organization_id, key=mine.key, attempt=mine.attempt)


def _reused() -> Problem:
    return Problem(422, "idempotency-key-reused", f"This {HEADER} was used with another request.")


def _in_flight() -> Problem:
    return Problem(409, "idempotency-in-flight", "The first request with this key is still being carried out.")
