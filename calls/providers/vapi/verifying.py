"""Who sent this: Vapi's HMAC (default form), its Standard Webhooks form, or a shared token, which proves too little."""

import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from calls.providers import standard
from calls.providers.base import NotVerified, Proof, Strength, Verified, require_recent, signature_matches

_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138, as milliseconds it is 1973


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime, proof: Proof) -> Verified:
    """Raises NotVerified. Header names in lower case. Only the proof the connection was set up for counts."""
    if proof is Proof.STANDARD_WEBHOOKS:
        return standard.verify(headers, body, secrets, now)
    if proof is Proof.HMAC:
        return _by_hmac(headers, body, secrets, now)
    return _by_token(headers, secrets)


def _by_hmac(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: datetime) -> Verified:
    """`payloadFormat` as it is unless changed: `{timestamp}.{body}`, HMAC-SHA256, hexadecimal."""
    stamp, signature = headers.get("x-timestamp", ""), headers.get("x-signature", "")
    if not stamp or not signature:
        raise NotVerified("signature_missing")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 14):
        raise NotVerified("headers_malformed")
    require_recent(_moment(int(stamp)), now)
    try:
        given = binascii.unhexlify(signature.removeprefix("sha256="))
    except (binascii.Error, ValueError):
        raise NotVerified("signature_malformed") from None
    if not signature_matches(secrets, stamp.encode() + b"." + body, given):
        raise NotVerified("signature_wrong")
    return Verified("")


def _by_token(headers: Mapping[str, str], secrets: Sequence[bytes]) -> Verified:
    """A token anyone could replay with another body: the body is then only a hint, and the call is asked for."""
    scheme, _space, bearer = headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else headers.get("x-vapi-secret", "").strip()
    if not token:
        raise NotVerified("signature_missing")
    given = token.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(secret, given) for secret in secrets]
    if not any(matches):
        raise NotVerified("signature_wrong")
    return Verified("", Strength.WEAK)


def _moment(stamp: int) -> datetime:
    """Vapi does not document the unit; both are taken, since neither can be mistaken for the other."""
    return datetime.fromtimestamp(stamp / 1000 if stamp >= _MILLISECONDS_FROM else stamp, UTC)
