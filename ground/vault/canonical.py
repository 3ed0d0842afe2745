"""JSON with exactly one spelling (RFC 8785), for everything that is signed, hashed, journalled or authenticated."""

import json
from typing import Any

import rfc8785

from ground.vault.exceptions import NotCanonical


def canonical_json(value: Any) -> bytes:
    """UTF-8 bytes of `value` by RFC 8785; raises NotCanonical where the standard has no exact spelling."""
    try:
        written: bytes = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError) as error:
        raise NotCanonical(str(error)) from error
    return written


def read_canonical(raw: bytes) -> Any:
    """Parse `raw`, refusing anything that is not the canonical spelling of what it says."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("not JSON") from error
    if canonical_json(value) != raw:
        raise NotCanonical("JSON, but not in its canonical spelling")
    return value
