"""The chunked stream: any range opens alone, and every cut, swap, flip and move is noticed."""

import os
import tracemalloc
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.vault import stream
from ground.vault.exceptions import SealedTwice, Tampered, Truncated, UnknownFormat, VaultError
from ground.vault.sealing import DataKey
from ground.vault.stream import (
    CHUNK_BYTES,
    HEADER_BYTES,
    SEALED_CHUNK_BYTES,
    SealedReader,
    regroup,
    seal_stream,
    sealed_length,
)
from tests.ground.vault.conftest import flipped

ORGANIZATION, OBJECT = UUID(int=21), UUID(int=22)
PLACE = {"category": "recording", "object_id": OBJECT}
CONTENT = os.urandom(3 * CHUNK_BYTES + 1_000)
KEY = DataKey(uuid4(), ORGANIZATION, os.urandom(32))


def sealed_by(key, content, piece=50_000, **place):
    fresh = DataKey(key.id, key.organization_id, key.secret, fresh=True)
    pieces = (content[start : start + piece] for start in range(0, len(content), piece))
    return b"".join(seal_stream(fresh, pieces, **(PLACE | place)))


def reader(sealed, key=KEY, piece=30_000, **place):
    def read(start, length):
        for at in range(start, min(start + length, len(sealed)), piece):
            yield sealed[at : min(at + piece, start + length)]

    return SealedReader(key, read, len(sealed), **(PLACE | place))


def unsealed(sealed, start=0, length=None, **options):
    return b"".join(reader(sealed, **options).read(start, length))


SEALED = sealed_by(KEY, CONTENT)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 150_001])
def test_every_size_comes_back_and_is_known_beforehand(size):
    content = CONTENT[:size]
    sealed = sealed_by(KEY, content)
    assert len(sealed) == sealed_length(size)
    assert reader(sealed).plaintext_bytes == size
    assert unsealed(sealed) == content


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, len(CONTENT) + 10),
    st.none() | st.integers(0, len(CONTENT) + 10),
    st.sampled_from([1_000, 65_536, 65_552, 10**6]),
)
def test_any_byte_range_is_what_slicing_gives(start, length, piece):
    end = None if length is None else start + length
    assert unsealed(SEALED, start, length, piece=piece) == CONTENT[start:end]


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(1, 60))
def test_regrouping_changes_no_byte(pieces, size):
    groups = list(regroup(pieces, size))
    assert b"".join(groups) == b"".join(pieces)
    assert all(len(group) == size for group in groups[:-1])
    assert all(groups)


@pytest.mark.parametrize("start,length", [(-1, 5), (0, -1)])
def test_a_negative_range_is_refused(start, length):
    with pytest.raises(ValueError, match="range"):
        reader(SEALED).read(start, length)


def test_a_flip_in_any_region_is_noticed_by_whoever_reads_it():
    regions = [0, 3, HEADER_BYTES, HEADER_BYTES + 70, HEADER_BYTES + SEALED_CHUNK_BYTES - 1]
    regions += [HEADER_BYTES + 2 * SEALED_CHUNK_BYTES + 5, len(SEALED) - 1, len(SEALED) - 20]
    for place in regions:
        with pytest.raises(UnknownFormat if place == 0 else Tampered):
            unsealed(flipped(SEALED, place))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SEALED) - 1))
def test_a_cut_anywhere_is_noticed_even_by_a_reader_of_the_first_byte(length):
    with pytest.raises(Tampered):
        unsealed(SEALED[:length], 0, 1)


@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
def test_a_cut_between_chunks_is_called_truncated(chunks):
    with pytest.raises(Truncated):
        unsealed(SEALED[: HEADER_BYTES + chunks * SEALED_CHUNK_BYTES], 0, 1)


def test_an_extension_is_noticed():
    for more in (b"\0", bytes(16), bytes(SEALED_CHUNK_BYTES)):
        with pytest.raises(VaultError):
            unsealed(SEALED + more, 0, 1)


def chunk(sealed, number):
    start = HEADER_BYTES + number * SEALED_CHUNK_BYTES
    return sealed[start : start + SEALED_CHUNK_BYTES]


def test_reordered_repeated_or_dropped_chunks_are_noticed():
    head = SEALED[:HEADER_BYTES]
    first, second, third, last = (chunk(SEALED, number) for number in range(4))
    for wrong in (
        [second, first, third, last],
        [first, third, second, last],
        [first, first, third, last],
        [first, second, last],
        [first, second, third, third, last],
    ):
        with pytest.raises(Tampered):
            unsealed(head + b"".join(wrong))


def test_chunks_of_another_stream_of_the_same_place_are_noticed():
    other = sealed_by(KEY, CONTENT)
    mixed = SEALED[:HEADER_BYTES] + chunk(other, 0) + SEALED[HEADER_BYTES + SEALED_CHUNK_BYTES :]
    with pytest.raises(Tampered):
        unsealed(mixed)


@pytest.mark.parametrize(
    "place", [{"category": "transcript"}, {"object_id": uuid4()}, {"slot": "waveform"}, {"version": 2}]
)
def test_an_object_moved_to_another_place_does_not_open(place):
    with pytest.raises(Tampered):
        unsealed(SEALED, **place)


def test_an_object_of_another_organization_or_key_does_not_open():
    for key in (DataKey(KEY.id, uuid4(), KEY.secret), DataKey(KEY.id, ORGANIZATION, os.urandom(32))):
        with pytest.raises(Tampered):
            unsealed(SEALED, key=key)


def test_a_store_that_gives_fewer_bytes_than_it_says_is_noticed():
    def read(start, length):
        yield SEALED[start : start + length][: 80_000 if length > SEALED_CHUNK_BYTES else length]

    short = SealedReader(KEY, read, len(SEALED), **PLACE)
    with pytest.raises(Truncated):
        b"".join(short.read())


def test_a_stream_uses_its_slot_up_even_before_the_first_chunk():
    fresh = DataKey(uuid4(), ORGANIZATION, os.urandom(32), fresh=True)
    seal_stream(fresh, [b"x"], **PLACE)
    with pytest.raises(SealedTwice):
        seal_stream(fresh, [b"x"], **PLACE)


def test_memory_stays_bounded_while_sealing_and_reading(tmp_path):
    fresh = DataKey(KEY.id, KEY.organization_id, KEY.secret, fresh=True)
    file = tmp_path / "sealed"
    piece = bytes(1_000_000)
    tracemalloc.start()
    with file.open("wb") as out:
        for sealed in seal_stream(fresh, (piece for _ in range(64)), **PLACE):
            out.write(sealed)
    with file.open("rb") as stored:

        def read(start, length):
            stored.seek(start)
            left = length
            while left:
                got = stored.read(min(left, 262_144))
                left -= len(got)
                yield got

        opened = SealedReader(KEY, read, file.stat().st_size, **PLACE)
        assert sum(map(len, opened.read())) == 64_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def test_an_object_has_a_largest_number_of_chunks(monkeypatch):
    monkeypatch.setattr(stream, "MAX_CHUNKS", 2)
    assert unsealed(sealed_by(KEY, bytes(2 * stream.CHUNK_BYTES))) == bytes(2 * stream.CHUNK_BYTES)
    with pytest.raises(OverflowError):
        sealed_by(KEY, bytes(2 * stream.CHUNK_BYTES + 1))


def test_a_store_that_breaks_off_in_the_header_or_the_end_is_noticed():
    def broken(start, length):
        yield SEALED[start : start + length - 1]

    with pytest.raises(Truncated, match="1 bytes early"):
        SealedReader(KEY, broken, len(SEALED), category="recording", object_id=UUID(int=7), slot="object")
