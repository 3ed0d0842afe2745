"""Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`, verified by the project's own library."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from calls.providers.base import NotVerified, Verified, require_recent

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_LONGEST_ID = 256


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether the request claims to be signed in this way."""
    return "webhook-signature" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime) -> Verified:
    """Verified with the message id; raises NotVerified. Header names in lower case.

    The library signs; we compare. Its own `verify` reads the machine's clock and raises whatever a malformed header
    makes come up; here every refusal has its code, and each active secret is tried.
    """
    if any(not headers.get(name) for name in _HEADERS):
        raise NotVerified("signature_missing")
    event_id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12 or len(event_id) > _LONGEST_ID:
        raise NotVerified("headers_malformed")
    moment = datetime.fromtimestamp(int(stamp), UTC)
    require_recent(moment, now)
    given = _signatures(headers["webhook-signature"])
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise NotVerified("body_not_text") from None
    signed = [Webhook(secret).sign(event_id, moment, text) for secret in secrets]
    if not _any_equal(signed, given):
        raise NotVerified("signature_wrong")
    return Verified(event_id)


def _signatures(header: str) -> list[bytes]:
    found = []
    for part in header.split()[:10]:
        version, _comma, encoded = part.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(encoded, validate=True))
            except (binascii.Error, ValueError):
                raise NotVerified("signature_malformed") from None
    if not found:
        raise NotVerified("signature_malformed")
    return found


def _any_equal(signed: Sequence[str], given: Sequence[bytes]) -> bool:
    expected = [base64.b64decode(each.split(",", 1)[1]) for each in signed]
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    return any(matches)
