"""Finding a person without storing who it is: blind indexes.

A digest is 16 bytes of HMAC-SHA256 over (kind, normalised value) under a random key of one organization and one
purpose; so the same person in two organizations never matches, and a leaked database says nothing without the key
store. Purposes: `find` (beside sealed contact details), `suppress` (who must not be contacted), `tombstone` (what must
not come back).

Re-keying. What `find` digests stand beside is sealed plaintext: open and digest again under a new key. Suppressions
and tombstones have no plaintext any more; they are re-keyed by an *outer* HMAC: the new digest is the HMAC of the old
one under a further key. `digest` applies the whole chain. `begin_rekey` adds a key that `candidates` already knows,
`rekey_outer` maps each stored digest, `finish_rekey` makes the longer chain the only one. The earlier keys stay part
of the chain; a leak of them alone opens no re-keyed digest.
"""

import os
from uuid import UUID

from ground.vault import digests, keystore, shelves
from ground.vault.brief_memory import BriefMemory
from ground.vault.digests import DIGEST_BYTES
from ground.vault.exceptions import KeyLost, NotAnIdentifier
from ground.vault.identifiers import KINDS, PHONE_METADATA_VERSION, normalise
from ground.vault.sealing import KEY_BYTES

__all__ = [
    "DIGEST_BYTES",
    "KINDS",
    "PHONE_METADATA_VERSION",
    "PURPOSES",
    "NotAnIdentifier",
    "begin_rekey",
    "candidates",
    "digest",
    "finish_rekey",
    "normalise",
    "rekey_outer",
]

PURPOSES = ("find", "suppress", "tombstone")
_KIND = "blind"
_NEXT = "next"
_memory: BriefMemory[tuple[UUID, str], tuple[list[bytes], bytes | None]] = BriefMemory(shelves.CACHE_SECONDS)


def digest(organization_id: UUID, purpose: str, kind: str, value: str, region: str | None = None) -> bytes:
    """16 bytes that stand for this identifier in this organization and purpose. Raises NotAnIdentifier."""
    return candidates(organization_id, purpose, kind, value, region)[0]


def candidates(organization_id: UUID, purpose: str, kind: str, value: str, region: str | None = None) -> list[bytes]:
    """The digest, and while a re-keying runs also the one under the longer chain: search for all of them."""
    normalised = normalise(kind, value, region)
    chain, upcoming = _keys(organization_id, purpose)
    found = digests.digest_of(chain, kind, normalised)
    return [found] if upcoming is None else [found, digests.under(upcoming, found)]


def begin_rekey(organization_id: UUID, purpose: str) -> None:
    """Add the next outer key. Other processes know it after `CACHE_SECONDS`; wait that long before mapping digests."""
    if purpose == "find":
        raise ValueError("find digests are made again from the sealed plaintext, not re-keyed from outside")
    _keys(organization_id, purpose)
    with shelves.locked(organization_id):
        keystore.store().add(organization_id, _KIND, f"{purpose}.{_NEXT}", os.urandom(KEY_BYTES))
    forget(organization_id)


def rekey_outer(organization_id: UUID, purpose: str, old: bytes) -> bytes:
    """The digest that replaces `old` in storage while a re-keying runs."""
    _, upcoming = _keys(organization_id, purpose)
    if upcoming is None:
        raise ValueError(f"no re-keying of {purpose} runs for this organization")
    return digests.under(upcoming, bytes(old))


def finish_rekey(organization_id: UUID, purpose: str) -> None:
    """Every stored digest has been replaced: only the longer chain counts from now on. Safe to repeat."""
    store = keystore.store()
    with shelves.locked(organization_id):
        upcoming = store.get(organization_id, _KIND, f"{purpose}.{_NEXT}")
        if upcoming is not None:
            links = _links(organization_id, purpose)
            if not links or store.get(organization_id, _KIND, links[-1]) != upcoming:
                store.add(organization_id, _KIND, f"{purpose}.{len(links)}", upcoming)
            store.destroy(organization_id, _KIND, [f"{purpose}.{_NEXT}"])
    forget(organization_id)


def forget(organization_id: UUID | None = None) -> None:
    """Forget blind keys of one organization, or of all, in this process."""
    _memory.forget(lambda place: organization_id in (None, place[0]))


def _keys(organization_id: UUID, purpose: str) -> tuple[list[bytes], bytes | None]:
    if purpose not in PURPOSES:
        raise ValueError(f"purpose is one of {', '.join(PURPOSES)}, not {purpose!r}")
    known = _memory.get((organization_id, purpose))
    if known is None:
        known = _load(organization_id, purpose)
        _memory.put((organization_id, purpose), known)
    return known


def _load(organization_id: UUID, purpose: str) -> tuple[list[bytes], bytes | None]:
    store = keystore.store()
    links = _links(organization_id, purpose)
    if not links:
        if store.note(organization_id, _KIND, f"{purpose}.0"):
            raise KeyLost(f"the {purpose} blind key of organization {organization_id} was destroyed")
        with shelves.locked(organization_id):
            store.add(organization_id, _KIND, f"{purpose}.0", os.urandom(KEY_BYTES))
        links = _links(organization_id, purpose)
    chain = [store.get(organization_id, _KIND, link) for link in links]
    upcoming = store.get(organization_id, _KIND, f"{purpose}.{_NEXT}")
    if chain and chain[-1] == upcoming:
        upcoming = None  # `finish_rekey` died between its two steps
    return [key for key in chain if key is not None], upcoming


def _links(organization_id: UUID, purpose: str) -> list[str]:
    """The ids of the chain's keys, innermost first; KeyLost when one in the middle is missing."""
    found = digests.links(keystore.store().ids(organization_id, _KIND), purpose, _NEXT)
    if found is None:
        raise KeyLost(f"a {purpose} blind key of organization {organization_id} is missing")
    return found
