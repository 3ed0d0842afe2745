"""Connections and their secrets.

A secret leaves here in two ways only: once, as the answer to the person who made it, and as bytes to the code that
verifies a delivery or calls the provider. All secrets of a connection are sealed together under one data key; a change
seals them anew under another key and has the old key destroyed (by a job that is written in the same transaction).
"""

import base64
import binascii
import ipaddress
import secrets as randomness
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.utils import timezone

from agents import hooks
from agents.exceptions import (
    InvalidAddress,
    InvalidSecret,
    InvalidSettings,
    RotationUnderway,
    UnfitProof,
    UnknownConnection,
)
from agents.models import AuthMode, ConnectionState, Provider, ProviderConnection
from agents.providers import facts_of
from ground import audit, vault
from ground.inventory import superseded
from ground.profiles import Category
from ground.tenancy import Actor, acting_for, uuid7

CATEGORY = Category.AGENT_CONFIGURATION
OVERLAP_HOURS = 24
_PREFIX = "whsec_"
_SHORTEST_SECRET = 8  # characters


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an ingest address leads to, before any context exists."""

    id: UUID
    organization_id: UUID
    provider: str
    state: str


def connection_of(public_id: str) -> Endpoint | None:
    """The connection behind an ingest address, through the named crossing; None when there is none."""
    if len(public_id) > 64 or not public_id.isascii() or not public_id.isalnum():
        public_id = ""
    with database.cursor() as cursor:
        cursor.execute("SELECT id, organization_id, provider, state FROM agents_connection_of(%s)", [public_id])
        row = cursor.fetchone()
    return Endpoint(*row) if row else None


def find(organization_id: UUID, connection_id: UUID, *, lock: bool = False) -> ProviderConnection:
    """The connection; raises UnknownConnection. The caller acts for the organization."""
    connections = ProviderConnection.objects.select_for_update() if lock else ProviderConnection.objects
    found: ProviderConnection | None = connections.filter(organization_id=organization_id, id=connection_id).first()
    if found is None:
        raise UnknownConnection(str(connection_id))
    return found


# ------------------------------------------------------------------ opening
def _open(connection: ProviderConnection) -> dict[str, Any]:
    key = vault.keys.open(connection.organization_id, [connection.key_id])[connection.key_id]
    value: dict[str, Any] = vault.unseal_json(
        key, bytes(connection.sealed), category=CATEGORY, object_id=connection.id, version=connection.sealed_version
    )
    return value


def secrets_of(connection: ProviderConnection, at: datetime | None = None) -> list[bytes]:
    """The signing secrets that count now, newest first, as the bytes an HMAC takes. Raises a VaultError."""
    if not connection.signing_secrets:
        return []
    texts = _open(connection)["signing"]
    if connection.overlap_ends_at is not None and connection.overlap_ends_at <= (at or timezone.now()):
        texts = texts[:1]
    return [secret_bytes(connection.auth_mode, text) for text in texts]


def api_key_of(connection: ProviderConnection) -> str:
    """The key for the provider's API, "" when none was given. Raises a VaultError."""
    return str(_open(connection)["api_key"]) if connection.has_api_key else ""


def secret_bytes(auth_mode: str, text: str) -> bytes:
    """Standard Webhooks secrets are base64 after `whsec_`; others are the text itself. Raises InvalidSecret."""
    if auth_mode != AuthMode.STANDARD_WEBHOOKS:
        return text.encode()
    try:
        value = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSecret("A Standard Webhooks secret is base64 after whsec_.") from error
    if not 24 <= len(value) <= 64:
        raise InvalidSecret("A Standard Webhooks secret has 24 to 64 bytes.")
    return value


# ------------------------------------------------------------------ changing
def create(
    *,
    organization_id: UUID,
    provider: str,
    name: str,
    auth_mode: str = "",
    secret: str = "",
    api_key: str = "",
    base_url: str = "",
    by: Actor,
    at: datetime,
) -> tuple[ProviderConnection, str]:
    """A new connection and the signing secret we made for it ("" when the provider's own was given): show it once."""
    facts = _facts(provider)
    mode = _mode(facts.provider, auth_mode)
    name = " ".join(name.split())
    if not name or len(name) > 120 or not name.isprintable():
        raise InvalidSettings("the name is missing, longer than 120 characters or unprintable")
    if not secret and not facts.secret_made_here:
        raise InvalidSecret(f"{facts.name} makes the secret; copy it from there.")
    signing = _given(mode, secret) if secret else _made(mode)
    connection = ProviderConnection(
        id=uuid7(),
        organization_id=organization_id,
        provider=facts.provider,
        name=name,
        auth_mode=mode,
        base_url=checked_base_url(base_url),
        sealed_version=0,
        created_at=at,
    )
    _seal(connection, {"signing": [signing], "api_key": api_key.strip()}, at=at)
    with acting_for(organization_id):
        vault.keys.still_pending_ok(organization_id, [connection.key_id])
        connection.save(force_insert=True)
        _record("agents.connection_created", connection, by)
    vault.keys.confirm(organization_id, [connection.key_id])
    return connection, "" if secret else signing


def rotate_secret(
    *,
    organization_id: UUID,
    connection_id: UUID,
    secret: str = "",
    overlap_hours: int = OVERLAP_HOURS,
    by: Actor,
    at: datetime,
) -> tuple[ProviderConnection, str]:
    """A new signing secret beside the old one, which is accepted for `overlap_hours` more. Shown once when made here.

    Raises RotationUnderway while two secrets still count: two are the most a delivery is checked against.
    """
    if not 0 <= overlap_hours <= 24 * 30:
        raise InvalidSettings("the overlap is between 0 and 720 hours")
    with acting_for(organization_id):
        seen = find(organization_id, connection_id)
        facts = _facts(seen.provider)
        if not secret and not facts.secret_made_here:
            raise InvalidSecret(f"{facts.name} makes the secret; copy it from there.")
        new = _given(seen.auth_mode, secret) if secret else _made(seen.auth_mode)
        if seen.overlap_ends_at is not None and seen.overlap_ends_at > at:
            raise RotationUnderway("Two secrets are in use. End the older one first.")
        kept = _open(seen)
        keep = kept["signing"][:1] if overlap_hours else []
        ends = at + timedelta(hours=overlap_hours) if keep else None
    changed = _reseal(
        seen,
        {**kept, "signing": [new, *keep]},
        overlap_ends_at=ends,
        kind="agents.connection_secret_rotated",
        by=by,
        at=at,
    )
    return changed, "" if secret else new


def end_overlap(*, organization_id: UUID, connection_id: UUID, by: Actor, at: datetime) -> ProviderConnection:
    """Forget the older signing secret now; nothing changes when there is only one."""
    with acting_for(organization_id):
        seen = find(organization_id, connection_id)
        if seen.signing_secrets < 2:
            return seen
        kept = _open(seen)
    return _reseal(
        seen,
        {**kept, "signing": kept["signing"][:1]},
        overlap_ends_at=None,
        kind="agents.connection_overlap_ended",
        by=by,
        at=at,
    )


def set_api_key(
    *, organization_id: UUID, connection_id: UUID, api_key: str, by: Actor, at: datetime
) -> ProviderConnection:
    """The key for the provider's API, sealed; "" removes it. Whoever waits for a new key is told at once."""
    with acting_for(organization_id):
        seen = find(organization_id, connection_id)
        kept = _open(seen)
    return _reseal(
        seen,
        {**kept, "api_key": api_key.strip()},
        overlap_ends_at=seen.overlap_ends_at,
        kind="agents.connection_api_key_set",
        by=by,
        at=at,
        tell=bool(api_key.strip()),
    )


def set_state(*, organization_id: UUID, connection_id: UUID, state: str, by: Actor, at: datetime) -> ProviderConnection:
    """Switch receiving on or off; a delivery to a switched-off connection is answered 410."""
    with acting_for(organization_id):
        connection = find(organization_id, connection_id, lock=True)
        connection.state, connection.changed_at = ConnectionState(state), at
        connection.save(update_fields=["state", "changed_at"])
        _record("agents.connection_state_set", connection, by, state=state)
    return connection


def checked_base_url(text: str) -> str:
    """`text` when it is an address we would call: https to a named host (plain http to loopback in development)."""
    text = text.strip().rstrip("/")
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidAddress("That is not an address.") from error
    if len(text) > 300 or not text.isascii() or not text.isprintable() or parts.query or parts.fragment or "@" in text:
        raise InvalidAddress("An address is https://host/path and nothing more.")
    loopback = host == "localhost" or _is_loopback(host)
    if loopback and settings.MEDIA_FETCH_ALLOW_LOOPBACK and parts.scheme in ("http", "https"):
        return text
    if parts.scheme != "https" or loopback or _is_literal(host) or "." not in host or port not in (None, 443, 8443):
        raise InvalidAddress("The address must be https and name a public host.")
    return text


# ------------------------------------------------------------------ inside
def _reseal(
    seen: ProviderConnection,
    value: dict[str, Any],
    *,
    overlap_ends_at: datetime | None,
    kind: str,
    by: Actor,
    at: datetime,
    tell: bool = False,
) -> ProviderConnection:
    """Seal `value` under a new key in place of what `seen` held; RotationUnderway when somebody else was faster."""
    organization_id, old_key = seen.organization_id, seen.key_id
    _seal(seen, value, at=at)
    with acting_for(organization_id):
        current = find(organization_id, seen.id, lock=True)
        if current.key_id != old_key:
            raise RotationUnderway("Somebody changed this connection at the same moment. Look again.")
        seen.state, seen.name = current.state, current.name
        seen.overlap_ends_at, seen.changed_at = overlap_ends_at, at
        vault.keys.still_pending_ok(organization_id, [seen.key_id])
        seen.save()
        superseded.retire_keys(organization_id, [old_key], category=CATEGORY)
        _record(kind, seen, by, secrets=seen.signing_secrets)
        if tell:
            hooks.api_key_changed(organization_id, seen.id, by)
    vault.keys.confirm(organization_id, [seen.key_id])
    return seen


def _seal(connection: ProviderConnection, value: dict[str, Any], *, at: datetime) -> None:
    """Mint a key and seal `value` into the unsaved connection; the row must be saved before the key's deadline."""
    [key] = vault.keys.mint(connection.organization_id, CATEGORY, at)
    connection.key_id = key.id
    connection.sealed_version += 1
    connection.signing_secrets = len(value["signing"])
    connection.has_api_key = bool(value["api_key"])
    connection.sealed = vault.seal_json(
        key, value, category=CATEGORY, object_id=connection.id, version=connection.sealed_version
    )


def _facts(provider: str) -> Any:
    try:
        return facts_of(provider)
    except ValueError as error:
        raise InvalidSettings(f"unknown provider; one of {', '.join(Provider.values)}") from error


def _mode(provider: Provider, wanted: str) -> AuthMode:
    modes = facts_of(provider).modes
    if not wanted:
        return modes[0]
    if wanted not in modes:
        raise UnfitProof(f"{provider.label} proves its deliveries by: {', '.join(str(mode.label) for mode in modes)}.")
    return AuthMode(wanted)


def _made(mode: str) -> str:
    if mode == AuthMode.STANDARD_WEBHOOKS:
        return _PREFIX + base64.b64encode(randomness.token_bytes(32)).decode("ascii")
    return randomness.token_urlsafe(32)


def _given(mode: str, text: str) -> str:
    text = text.strip()
    if not _SHORTEST_SECRET <= len(text) <= 500 or not text.isascii() or not text.isprintable():
        raise InvalidSecret("A secret has 8 to 500 plain characters.")
    secret_bytes(mode, text)
    return text


def _record(kind: str, connection: ProviderConnection, by: Actor, **payload: Any) -> None:
    audit.append(
        kind,
        organization_id=connection.organization_id,
        actor=by,
        object_type="connection",
        object_id=connection.id,
        provider=connection.provider,
        **payload,
    )


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_literal(host) and ipaddress.ip_address(host).is_loopback
