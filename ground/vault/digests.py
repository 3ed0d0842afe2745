"""Blind digests as arithmetic: from keys and a normalised identifier to 16 bytes. No key store, no disk."""

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives import hashes, hmac

from ground.vault.sealing import bound_context

DIGEST_BYTES = 16


def digest_of(chain: Sequence[bytes], kind: str, normalised: str) -> bytes:
    """The digest under the whole chain of keys, the innermost first."""
    first, *outer = chain
    digest = under(first, bound_context("blind", kind, normalised))
    for key in outer:
        digest = under(key, digest)
    return digest


def under(key: bytes, message: bytes) -> bytes:
    """The first 16 bytes of HMAC-SHA256."""
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(message)
    return mac.finalize()[:DIGEST_BYTES]


def links(ids: Iterable[str], purpose: str, following: str) -> list[str] | None:
    """The ids of a purpose's keys (`find.0`, `find.1`, …), innermost first, without the `following` one.

    None when one in the middle is missing.
    """
    parts = (each.partition(".")[::2] for each in ids)
    numbers = sorted(int(number) for name, number in parts if name == purpose and number != following)
    return [f"{purpose}.{number}" for number in numbers] if numbers == list(range(len(numbers))) else None
