"""What may stand in evidence: ids, counts, moments and words of our own. Nothing a person could be known by.

The guard cannot recognise a name that looks like a slug. It refuses the shapes in which personal data arrives by
mistake: free text, addresses, telephone numbers, network addresses.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from ground.audit.exceptions import NotCanonical, PersonalDataInAudit

TOKEN_LENGTH = 128
PAYLOAD_BYTES = 16_384
_DEPTH = 4
_LARGEST_INTEGER = 2**53 - 1  # RFC 8785, section 3.2.2.3: beyond it readers disagree

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/=-]*", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_MOSTLY_DIGITS = re.compile(r"[0-9.:/=-]{7,}", re.ASCII)
_UUID_OR_DATE = re.compile(r"[0-9]{8}-([0-9]{4}-){3}[0-9]{12}|[0-9]{4}-[0-9]{2}(-[0-9]{2})?", re.ASCII)


def token(value: str, where: str) -> str:
    """`value` when it is an id, slug or enum word; PersonalDataInAudit otherwise."""
    if len(value) > TOKEN_LENGTH or not _TOKEN.fullmatch(value):
        raise PersonalDataInAudit(f"{where}: only ids, slugs and enum words (at most {TOKEN_LENGTH} characters)")
    if _MOSTLY_DIGITS.fullmatch(value) and not _UUID_OR_DATE.fullmatch(value):
        raise PersonalDataInAudit(f"{where}: looks like a telephone number or a network address")
    if value.count(":") > 1 and _is_network_address(value):
        raise PersonalDataInAudit(f"{where}: looks like a network address")
    return value


def kind(value: str) -> str:
    """`value` when it has the form `app.what_happened`."""
    if len(value) > TOKEN_LENGTH or not _KIND.fullmatch(value):
        raise PersonalDataInAudit("kind: must have the form app.what_happened")
    return value


def canonical(payload: Mapping[str, Any], where: str = "payload") -> str:
    """`payload` as canonical JSON (RFC 8785: sorted keys, no spaces), after every value has passed the guard."""
    text = json.dumps(_plain_mapping(payload, where, _DEPTH), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if len(text) > PAYLOAD_BYTES:
        raise NotCanonical(f"{where}: longer than {PAYLOAD_BYTES} bytes")
    return text


def moment(value: datetime) -> str:
    """An aware moment as UTC text with microseconds, the one spelling used in evidence."""
    if value.tzinfo is None:
        raise NotCanonical("moments in evidence carry a time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain_mapping(value: Mapping[str, Any], where: str, depth: int) -> dict[str, Any]:
    if depth == 0:
        raise NotCanonical(f"{where}: nested too deeply")
    plain = {}
    for key, item in value.items():
        if not isinstance(key, str) or len(key) > TOKEN_LENGTH or not (_NAME.fullmatch(key) or _is_uuid(key)):
            raise PersonalDataInAudit(f"{where}: keys are lower-case names or ids")
        plain[key] = _plain(item, f"{where}.{key}", depth)
    return plain


def _plain(value: Any, where: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _plain(value.value, where, depth)
    if isinstance(value, str):
        return token(value, where) if value else ""
    if isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise NotCanonical(f"{where}: integer beyond 2^53")
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _plain_mapping(value, where, depth - 1)
    if isinstance(value, list | tuple):
        if depth == 1:
            raise NotCanonical(f"{where}: nested too deeply")
        return [_plain(item, f"{where}[{position}]", depth - 1) for position, item in enumerate(value)]
    raise NotCanonical(f"{where}: {type(value).__name__} has no place in evidence")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _is_network_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
