"""API keys: made, rotated, revoked. The secret leaves this module once, in what `create` and `rotate` return."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts import hooks
from accounts.exceptions import KeyOver, OrganizationClosed, UnknownScope
from accounts.models import ApiKey, Organization
from accounts.permissions import SCOPES
from ground import audit, tenancy
from ground.tenancy import Actor
from ground.tenancy.actors import ActorKind
from ground.vault.brief_memory import BriefMemory

BRAND = "sv_live"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that looks like another
SEEN_EVERY = timedelta(hours=1)
_noted: BriefMemory[UUID, int] = BriefMemory(600)  # keys whose use in this hour was written, by this process


@dataclass(frozen=True, slots=True)
class NewKey:
    """The row, and the text to show once."""

    row: ApiKey
    text: str

    def __repr__(self) -> str:
        return f"NewKey({self.row})"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What the API knows about a caller: `request.auth`."""

    id: UUID
    organization_id: UUID
    scopes: frozenset[str]
    opens: bool = True

    @property
    def actor(self) -> Actor:
        return Actor.api_key(self.id)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def in_state(state: str) -> Q:
    """Keys that are live, over, revoked or unused, now."""
    now = timezone.now()
    live = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    return {
        "live": live,
        "over": Q(revoked_at=None, expires_at__lte=now),
        "revoked": Q(revoked_at__isnull=False),
        "unused": live & Q(last_used_at=None),
    }[state]


def create(
    *,
    organization_id: UUID,
    name: str,
    scopes: list[str],
    by: Actor,
    at: datetime,
    expires_at: datetime | None = None,
) -> NewKey:
    """A new key. Raises UnknownScope for a scope that keys may not have, OrganizationClosed."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise UnknownScope(", ".join(sorted(set(scopes) - set(SCOPES))) or "no scope")
    with tenancy.acting_for(organization_id):
        if not Organization.objects.get(pk=organization_id).is_open:
            raise OrganizationClosed
        made = _make(organization_id, name, sorted(set(scopes)), by, at, expires_at)
        _record("accounts.api_key_created", made.row, by, scopes=made.row.scopes)
        hooks.api_key_created(organization_id, made.row.pk, by)
    return made


def rotate(*, organization_id: UUID, key_id: UUID, by: Actor, at: datetime, overlap: timedelta) -> NewKey:
    """A second key like the first; the first runs out after `overlap`. Raises KeyOver, ApiKey.DoesNotExist."""
    with tenancy.acting_for(organization_id):
        old = ApiKey.objects.select_for_update().get(organization_id=organization_id, pk=key_id)
        if not old.is_live(at) or old.replaced_by_id is not None:
            raise KeyOver(str(key_id))
        made = _make(organization_id, old.name, list(old.scopes), by, at, old.expires_at)
        ends = at + overlap if overlap else at
        old.replaced_by = made.row
        if overlap:
            old.expires_at = min(old.expires_at, ends) if old.expires_at else ends
        else:
            old.revoked_at = at
        old.save(update_fields=["replaced_by", "expires_at", "revoked_at"])
        _record("accounts.api_key_rotated", made.row, by, replaces=old.pk, old_ends_at=ends)
        hooks.api_key_created(organization_id, made.row.pk, by)
    return made


def revoke(*, organization_id: UUID, key_id: UUID, by: Actor, at: datetime) -> ApiKey:
    """The key opens nothing from now on. Safe to repeat."""
    with tenancy.acting_for(organization_id):
        key = ApiKey.objects.select_for_update().get(organization_id=organization_id, pk=key_id)
        if key.revoked_at is None:
            key.revoked_at = at
            key.save(update_fields=["revoked_at"])
            _record("accounts.api_key_revoked", key, by)
    return key


def revoke_all(*, organization_id: UUID, at: datetime) -> int:
    """Every key of an organization that closes; how many there were. The caller writes the event."""
    with tenancy.acting_for(organization_id):
        return ApiKey.objects.filter(organization_id=organization_id, revoked_at=None).update(revoked_at=at)


def recognise(text: str, *, at: datetime) -> KnownKey | None:
    """The key behind an Authorization value, or None: malformed, unknown, wrong, revoked, over, or closed alike."""
    found = look_up(text, at=at)
    return found if found is not None and found.opens else None


def look_up(text: str, *, at: datetime) -> KnownKey | None:
    """Like `recognise`, but a key that is revoked or over comes back with `opens` False: its owner may be told why."""
    prefix, _, secret = text.removeprefix(f"{BRAND}_").partition("_")
    if not text.startswith(f"{BRAND}_") or len(prefix) != 8 or not secret or len(text) > 200 or not text.isascii():
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, organization_id, secret_digest, scopes, expires_at, revoked_at "
            "FROM accounts_api_key_by_prefix(%s)",
            [prefix],
        )
        row = cursor.fetchone()
    stored = bytes(row[2]) if row else bytes(32)
    right = hmac.compare_digest(stored, digest(secret))
    if row is None or not right:
        return None
    identifier, organization_id, _digest, scopes, expires_at, revoked_at = row
    opens = revoked_at is None and (expires_at is None or expires_at > at)
    return KnownKey(identifier, organization_id, frozenset(scopes), opens)


def note_use(known: KnownKey, *, at: datetime) -> None:
    """Remember the hour, not the moment: a write per key and hour, a look per key, hour and process."""
    if _noted.get(known.id) == at.hour:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - SEEN_EVERY)
    hour = at.replace(minute=0, second=0, microsecond=0)
    with tenancy.acting_for(known.organization_id):
        ApiKey.objects.filter(stale, organization_id=known.organization_id, pk=known.id).update(last_used_at=hour)
    _noted.put(known.id, at.hour)


def _make(
    organization_id: UUID, name: str, scopes: list[str], by: Actor, at: datetime, expires_at: datetime | None
) -> NewKey:
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    secret = secrets.token_hex(32)
    row = ApiKey.objects.create(
        organization_id=organization_id,
        name=name,
        prefix=prefix,
        secret_digest=digest(secret),
        scopes=scopes,
        created_by_id=by.id if by.kind == ActorKind.MEMBER else None,
        created_at=at,
        expires_at=expires_at,
    )
    return NewKey(row, f"{BRAND}_{prefix}_{secret}")


def _record(kind: str, key: ApiKey, by: Actor, **payload: Any) -> None:
    audit.append(
        kind, organization_id=key.organization_id, actor=by, object_type="api_key", object_id=key.pk, **payload
    )
