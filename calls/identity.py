"""Blind digests of calls and of the people on them: 16 bytes that say nothing without the organization's key."""

import hashlib
import json
from dataclasses import dataclass, fields
from uuid import UUID

from calls.record import Direction
from calls.record.merging import Told
from ground import vault

RECORDING, TRANSCRIPT, REPORT = "recording", "transcript", "report"
API = "api"
"""The provider word of calls that came through our own API."""


@dataclass(frozen=True, slots=True)
class People:
    """The find digests of the person on a call, by the columns they stand in."""

    phone_index: bytes | None = None
    second_phone_index: bytes | None = None
    email_index: bytes | None = None
    external_index: bytes | None = None
    name_index: bytes | None = None

    def columns(self) -> dict[str, bytes | None]:
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS = tuple(each.name for each in fields(People))


def call_digests(organization_id: UUID, provider: str, scope: str, call_id: str, part: str = "") -> list[bytes]:
    """The identity of a call (or of one part of it): the first is stored, all are looked up while keys change."""
    value = _short(json.dumps([provider, scope, call_id, part]))
    return vault.blind.candidates(organization_id, "tombstone", "external_id", value)


def event_digest(organization_id: UUID, connection_id: UUID, event_id: str) -> bytes:
    """The identity of one message of one connection."""
    value = _short(json.dumps([str(connection_id), event_id]))
    return vault.blind.digest(organization_id, "tombstone", "external_id", value)


def _short(value: str) -> str:
    """What a blind index takes: an id of many unusual letters, escaped, may be longer than that."""
    return value if len(value) <= 400 else "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def people_of(organization_id: UUID, told: Told) -> People:
    """Who was on the call, as far as it is an identifier: what is no number or no address is not indexed."""
    caller, called = told.get("from_number"), told.get("to_number")
    direction = told.get("direction")
    if direction == Direction.OUTBOUND:
        first, second = called, None
    elif direction == Direction.INBOUND:
        first, second = caller, None
    else:
        first, second = caller, called

    def find(kind: str, value: str | None) -> bytes | None:
        if not value:
            return None
        try:
            return vault.blind.digest(organization_id, "find", kind, value)
        except vault.blind.NotAnIdentifier:
            return None

    return People(
        phone_index=find("phone", first),
        second_phone_index=find("phone", second),
        email_index=find("email", told.get("customer_email")),
        external_index=find("external_id", told.get("customer_external_id")),
        name_index=find("name", told.get("customer_name")),
    )
