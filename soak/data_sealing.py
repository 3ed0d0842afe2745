"""A30: whatever is changed about something sealed, it does not open; and no key seals two things under one nonce.

Every turn seals anew and damages one thing: a bit, the length, or the place (row, organization, field, version,
category). Small values, wrapped data keys and chunked streams take their turns.
"""

import os
import random
from collections.abc import Callable
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ground.vault.exceptions import SealedTwice, VaultError
from ground.vault.sealing import NONCE_BYTES, WRAPPED_BYTES, DataKey, seal, unseal, unwrap_key, wrap_keys
from ground.vault.stream import CHUNK_BYTES, HEADER_BYTES, SEALED_CHUNK_BYTES, SealedReader, seal_stream
from soak.harness import Run, figure

PLACE = {"category": "transcript", "slot": "turns", "version": 1}
OTHER_PLACES = {
    "category": lambda chance: chance.choice(["provider_event", "call_report", "transcripts", ""]),
    "slot": lambda chance: chance.choice(["turn", "turns ", "details", "waveform"]),
    "version": lambda chance: chance.randrange(2, 2**31),
    "object_id": lambda chance: _id(chance),
}
Damage = Callable[[random.Random], bool]


def _id(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def _key(chance: random.Random, organization_id: UUID | None = None) -> DataKey:
    return DataKey(_id(chance), organization_id or _id(chance), os.urandom(32), fresh=True)


def _opened(key: DataKey, organization_id: UUID | None = None) -> DataKey:
    return DataKey(key.id, organization_id or key.organization_id, key.secret)


def _turned(content: bytes, chance: random.Random) -> bytes:
    """`content` with one bit turned."""
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut_or_longer(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))] if chance.random() < 0.7 else content + os.urandom(1)


def _refused(open_it: Callable[[], object]) -> bool:
    try:
        open_it()
    except VaultError:
        return True
    return False


# ------------------------------------------------------------------ small values
class _Value:
    """One sealed value, with a neighbour of the same organization."""

    def __init__(self, chance: random.Random) -> None:
        self.key, self.row = _key(chance), _id(chance)
        self.sealed = seal(self.key, os.urandom(chance.randrange(80)), object_id=self.row, **PLACE)
        other = _key(chance, self.key.organization_id)
        self.neighbour = seal(other, os.urandom(20), object_id=self.row, **PLACE)

    def refuses(self, sealed: bytes, *, key: DataKey | None = None, **changed: object) -> bool:
        where = {"object_id": self.row, **PLACE, **changed}
        return _refused(lambda: unseal(key or _opened(self.key), sealed, **where))


def value_bit(chance: random.Random) -> bool:
    value = _Value(chance)
    return value.refuses(_turned(value.sealed, chance))


def value_length(chance: random.Random) -> bool:
    value = _Value(chance)
    return value.refuses(_cut_or_longer(value.sealed, chance))


def value_of_another_row_of_the_same_field(chance: random.Random) -> bool:
    value = _Value(chance)
    return value.refuses(value.neighbour)


def value_in_another_place(chance: random.Random) -> bool:
    value = _Value(chance)
    what = chance.choice(list(OTHER_PLACES))
    return value.refuses(value.sealed, **{what: OTHER_PLACES[what](chance)})


def value_of_another_organization(chance: random.Random) -> bool:
    value = _Value(chance)
    return value.refuses(value.sealed, key=_opened(value.key, _id(chance)))


# ------------------------------------------------------------------ wrapped keys
def _wrapped(chance: random.Random) -> tuple[AESGCM, DataKey, bytes, bytes]:
    shelf, one = AESGCM(os.urandom(32)), _key(chance)
    both = wrap_keys(shelf, [one, _key(chance, one.organization_id)])
    return shelf, one, both[:WRAPPED_BYTES], both[WRAPPED_BYTES:]


def key_bit(chance: random.Random) -> bool:
    shelf, key, wrapped, _ = _wrapped(chance)
    return _refused(lambda: unwrap_key(shelf, _turned(wrapped, chance), key.organization_id, key.id))


def key_length(chance: random.Random) -> bool:
    shelf, key, wrapped, _ = _wrapped(chance)
    return _refused(lambda: unwrap_key(shelf, _cut_or_longer(wrapped, chance), key.organization_id, key.id))


def key_of_another_row_organization_or_shelf(chance: random.Random) -> bool:
    shelf, key, wrapped, other = _wrapped(chance)
    arguments = chance.choice(
        [
            (shelf, other, key.organization_id, key.id),
            (shelf, wrapped, _id(chance), key.id),
            (shelf, wrapped, key.organization_id, _id(chance)),
            (AESGCM(os.urandom(32)), wrapped, key.organization_id, key.id),
        ]
    )
    return _refused(lambda: unwrap_key(*arguments))


# ------------------------------------------------------------------ streams
class _Stream:
    """Two chunks and a bit, sealed; `whole` says whether changed bytes open from the first to the last."""

    def __init__(self, chance: random.Random) -> None:
        self.key, self.object_id = _key(chance), _id(chance)
        content = os.urandom(2 * CHUNK_BYTES + chance.randrange(1, 2_000))
        self.sealed = self._seal(content)
        self.twin = self._seal(content)

    def _seal(self, content: bytes) -> bytes:
        fresh = DataKey(self.key.id, self.key.organization_id, self.key.secret, fresh=True)
        return b"".join(seal_stream(fresh, [content], category="recording", object_id=self.object_id))

    def refuses(self, sealed: bytes, *, key: DataKey | None = None, **changed: object) -> bool:
        def read(start: int, length: int) -> list[bytes]:
            return [sealed[start : start + length]]

        where = {"category": "recording", "object_id": self.object_id, **changed}
        return _refused(lambda: b"".join(SealedReader(key or _opened(self.key), read, len(sealed), **where).read()))

    def chunks(self, sealed: bytes) -> list[bytes]:
        body = sealed[HEADER_BYTES:]
        return [body[at : at + SEALED_CHUNK_BYTES] for at in range(0, len(body), SEALED_CHUNK_BYTES)]


def stream_bit(chance: random.Random) -> bool:
    stream = _Stream(chance)
    return stream.refuses(_turned(stream.sealed, chance))


def stream_length(chance: random.Random) -> bool:
    stream = _Stream(chance)
    return stream.refuses(_cut_or_longer(stream.sealed, chance))


def stream_chunks_swapped_repeated_or_of_a_twin(chance: random.Random) -> bool:
    stream = _Stream(chance)
    head, chunks = stream.sealed[:HEADER_BYTES], stream.chunks(stream.sealed)
    one, other = chance.sample(range(len(chunks)), 2)
    changed = list(chunks)
    match chance.randrange(4):
        case 0:
            changed[one], changed[other] = changed[other], changed[one]
        case 1:
            changed[one] = changed[other]
        case 2:
            del changed[one]
        case _:
            changed[one] = stream.chunks(stream.twin)[one]
    return stream.refuses(head + b"".join(changed))


def stream_in_another_place(chance: random.Random) -> bool:
    stream = _Stream(chance)
    what = chance.choice(["category", "slot", "version", "object_id", "organization"])
    if what == "organization":
        return stream.refuses(stream.sealed, key=_opened(stream.key, _id(chance)))
    return stream.refuses(stream.sealed, **{what: OTHER_PLACES[what](chance)})


_SMALL: list[Damage] = [
    value_bit,
    value_length,
    value_of_another_row_of_the_same_field,
    value_in_another_place,
    value_of_another_organization,
    key_bit,
    key_length,
    key_of_another_row_organization_or_shelf,
]
_STREAMS: list[Damage] = [
    stream_bit,
    stream_length,
    stream_chunks_swapped_repeated_or_of_a_twin,
    stream_in_another_place,
]
TURNS = [*_SMALL * 2, *_STREAMS]


@figure("A30", "Nothing sealed opens after any change to it", full=100_000, small=1_000, unit="changes")
def integrity(run: Run) -> None:
    for turn in run.turns():
        damage = TURNS[turn % len(TURNS)]
        run.check(f"refused: {damage.__name__.replace('_', ' ')}", damage(run.random), f"turn {turn}")
    nonces(run, keys=max(1_000, 100 * run.ran))
    slots(run)


def nonces(run: Run, *, keys: int) -> None:
    """All nonces under one shelf key, the only key that is used more than once. 12 bytes each stay in memory."""
    shelf, organization_id, seen, made = AESGCM(os.urandom(32)), _id(run.random), set(), 0
    batch = [DataKey(_id(run.random), organization_id, bytes(32)) for _ in range(min(keys, 1_000))]
    while made < keys:
        wrapped = wrap_keys(shelf, batch)
        seen.update(wrapped[at : at + NONCE_BYTES] for at in range(0, len(wrapped), WRAPPED_BYTES))
        made += len(batch)
    run.tell(nonces_under_one_shelf_key=made)
    run.same("no nonce twice under one shelf key", len(seen), made)


def slots(run: Run) -> None:
    """A data key seals each of its slots once, and only where it was minted: no second message, so no second nonce."""
    key = _key(run.random)
    seal(key, b"1", object_id=key.id, **PLACE)
    for again in (key, _opened(key)):
        try:
            seal(again, b"2", object_id=key.id, **PLACE)
        except SealedTwice:
            refused = True
        else:
            refused = False
        run.check("a slot is sealed once, by its minter only", refused)
    run.note(
        "The limit of 2^32 messages a key is kept by construction: a slot of a data key seals once, and a shelf key "
        "wraps the data keys of one organization, category and week, until the first night after one of them went."
    )
