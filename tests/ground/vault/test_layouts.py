"""Bytes at rest, by known answers: what is sealed today must open in ten years, whatever the code becomes meanwhile.

A round trip would not notice a change that both directions share (a nonce that counts otherwise, another context).
Here each layout is built anew from the primitives, as its description says.
"""

from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ground.vault import stream
from ground.vault.exceptions import Tampered, Truncated
from ground.vault.sealing import DataKey, bound_context, seal, seal_json, unseal, unseal_json, unwrap_key
from ground.vault.stream import CHUNK_BYTES, SEALED_CHUNK_BYTES, SealedReader, seal_stream, sealed_length

KEY_ID, ORGANIZATION, OBJECT = UUID(int=1), UUID(int=2), UUID(int=3)
SECRET = bytes(range(32))
KEY = DataKey(KEY_ID, ORGANIZATION, SECRET)


def fresh():
    return DataKey(KEY_ID, ORGANIZATION, SECRET, fresh=True)


def slot(name):
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=b"sottovoce/slot/" + name).derive(SECRET))


def bound(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_a_context_is_each_part_behind_its_length():
    assert bound_context("seal", ORGANIZATION, 7) == (
        b"\0\0\0\4seal" + b"\0\0\0\x2400000000-0000-0000-0000-000000000002" + b"\0\0\0\0017"
    )
    assert bound_context() == b""


def test_a_sealed_value_of_the_first_version_opens():
    nonce = bytes(range(12))
    context = bound(b"seal", str(ORGANIZATION).encode(), b"recording", str(OBJECT).encode(), b"body", b"1")
    sealed = b"\x01" + nonce + slot(b"body").encrypt(nonce, b"words", context)
    assert unseal(KEY, sealed, category="recording", object_id=OBJECT) == b"words"
    assert unseal(KEY, memoryview(sealed), category="recording", object_id=OBJECT, slot="body", version=1) == b"words"


def test_the_first_version_is_one():
    sealed = seal(fresh(), b"words", category="recording", object_id=OBJECT)
    assert unseal(KEY, sealed, category="recording", object_id=OBJECT, slot="body", version=1) == b"words"


def test_json_is_sealed_compact_in_utf_8_under_version_one():
    value = {"a": [1, "ü"], "b": None}
    sealed = seal_json(fresh(), value, category="recording", object_id=OBJECT)
    written = unseal(KEY, sealed, category="recording", object_id=OBJECT)
    assert written == '{"a":[1,"ü"],"b":null}'.encode()
    assert unseal_json(KEY, sealed, category="recording", object_id=OBJECT) == value
    assert len(sealed) == len(written) + 29


def test_a_number_that_json_does_not_know_is_not_sealed():
    with pytest.raises(ValueError, match="JSON"):
        seal_json(fresh(), {"n": float("nan")}, category="recording", object_id=OBJECT)


def test_a_wrapped_key_is_nonce_key_and_tag_under_the_shelf():
    shelf, nonce = AESGCM(bytes(32)), bytes(range(12))
    wrapped = nonce + shelf.encrypt(nonce, SECRET, b"data key" + ORGANIZATION.bytes + KEY_ID.bytes)
    assert len(wrapped) == 60
    assert unwrap_key(shelf, wrapped, ORGANIZATION, KEY_ID) == KEY


def by_hand(chunks, context=None, last=None):
    """A sealed object as the module's description says; `last`: what the last chunk claims of count and length."""
    cipher, prefix = slot(b"object"), b"prefix!"
    context = context or bound(
        b"stream", str(ORGANIZATION).encode(), b"recording", str(OBJECT).encode(), b"object", b"1"
    )
    count, total = last or (len(chunks), sum(map(len, chunks)))
    sealed = b"\x02" + prefix
    for number, chunk in enumerate(chunks):
        is_last = number == len(chunks) - 1
        nonce = prefix + number.to_bytes(4, "big") + bytes([is_last])
        end = bound(b"end", str(count).encode(), str(total).encode()) if is_last else b""
        sealed += cipher.encrypt(nonce, chunk, context + end)
    return sealed


def reader(sealed):
    return SealedReader(
        KEY, lambda start, length: [sealed[start : start + length]], len(sealed), category="recording", object_id=OBJECT
    )


@pytest.mark.parametrize("sizes", [[0], [1], [CHUNK_BYTES], [CHUNK_BYTES, 1], [CHUNK_BYTES, CHUNK_BYTES, 77]])
def test_a_sealed_object_of_the_first_version_opens(sizes):
    chunks = [bytes([number]) * size for number, size in enumerate(sizes)]
    sealed = by_hand(chunks)
    opened = reader(sealed)
    assert opened.plaintext_bytes == sum(sizes)
    assert b"".join(opened.read()) == b"".join(chunks)
    assert sealed_length(sum(sizes)) == len(sealed)


@pytest.mark.parametrize("last", [(2, 65_537), (3, 65_536), (1, 65_537), (3, 0)])
def test_the_last_chunk_must_tell_the_true_count_and_length(last):
    chunks = [bytes(CHUNK_BYTES), b"x"]
    if last == (2, 65_537):
        assert b"".join(reader(by_hand(chunks, last=last)).read()) == b"".join(chunks)
    else:
        with pytest.raises(Tampered):
            reader(by_hand(chunks, last=last))


def test_each_chunk_of_a_written_stream_has_its_own_nonce(monkeypatch):
    monkeypatch.setattr(stream.os, "urandom", lambda size: b"prefix!"[:size])
    chunks = [bytes(CHUNK_BYTES), bytes(CHUNK_BYTES), b"end"]
    pieces = [b"".join(chunks)[start : start + 40_000] for start in range(0, 2 * CHUNK_BYTES + 3, 40_000)]
    written = b"".join(seal_stream(fresh(), pieces, category="recording", object_id=OBJECT))
    assert written == by_hand(chunks)


def test_an_object_has_no_more_chunks_than_its_counter_can_count(monkeypatch):
    monkeypatch.setattr(stream, "MAX_CHUNKS", 2)
    two = list(seal_stream(fresh(), [bytes(2 * CHUNK_BYTES)], category="recording", object_id=OBJECT))
    assert sum(map(len, two)) == sealed_length(2 * CHUNK_BYTES)
    with pytest.raises(OverflowError):
        list(seal_stream(fresh(), [bytes(2 * CHUNK_BYTES + 1)], category="recording", object_id=OBJECT))


@pytest.mark.parametrize(
    "length",
    [
        *(8 + rest for rest in range(16)),  # not even a tag
        *(8 + SEALED_CHUNK_BYTES + rest for rest in range(1, 17)),  # a second chunk of nothing
        8 + 2 * SEALED_CHUNK_BYTES + 16,
    ],
)
def test_a_length_that_no_sealed_object_has_is_refused_before_anything_is_read(length):
    def read(start, size):
        raise AssertionError("read")

    with pytest.raises(Truncated):
        SealedReader(KEY, read, length, category="recording", object_id=OBJECT)


def test_nothing_is_read_for_an_empty_range():
    sealed = by_hand([bytes(CHUNK_BYTES), b"x"])
    opened = reader(sealed)
    opened._read = None
    for start, length in [(0, 0), (5, 0), (65_537, 1), (65_537, None), (10**9, 5)]:
        assert list(opened.read(start, length)) == []
    assert list(opened.read(65_536, 1)) == [b"x"]  # the last chunk is open already


def test_a_store_that_gives_more_than_it_was_asked_is_not_believed():
    chunks = [bytes(CHUNK_BYTES), bytes(CHUNK_BYTES), b"end"]
    sealed = by_hand(chunks)
    opened = reader(sealed)
    opened._read = lambda start, length: [sealed[start:]]
    with pytest.raises(Truncated):
        b"".join(opened.read())
