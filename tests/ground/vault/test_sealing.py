"""Every mutation of a sealed value ends in a named error."""

import os
import pickle
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.vault.exceptions import SealedTwice, Tampered, Truncated, UnknownFormat, WrongKey
from ground.vault.sealing import (
    OVERHEAD_BYTES,
    WRAPPED_BYTES,
    DataKey,
    bound_context,
    seal,
    seal_json,
    unseal,
    unseal_json,
    unwrap_key,
    wrap_keys,
)
from tests.ground.vault.conftest import flipped

ORGANIZATION, ROW = UUID(int=11), UUID(int=12)
PLACE = {"category": "call_metadata", "object_id": ROW, "slot": "numbers", "version": 3}


def fresh(organization_id=ORGANIZATION):
    return DataKey(uuid4(), organization_id, os.urandom(32), fresh=True)


def opened(key, **changes):
    return DataKey(key.id, changes.get("organization_id", key.organization_id), changes.get("secret", key.secret))


@given(st.binary(max_size=2_000))
def test_what_was_sealed_comes_back(plaintext):
    key = fresh()
    sealed = seal(key, plaintext, **PLACE)
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert unseal(opened(key), sealed, **PLACE) == plaintext


def test_every_flipped_bit_is_noticed():
    key = fresh()
    sealed = seal(key, b"+49 151 23456789", **PLACE)
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(UnknownFormat if place == 0 else Tampered):
                unseal(key, bytes(changed), **PLACE)


def test_every_truncation_and_extension_is_noticed():
    key = fresh()
    sealed = seal(key, b"words", **PLACE)
    for length in range(len(sealed)):
        with pytest.raises(Truncated if length < OVERHEAD_BYTES else Tampered):
            unseal(key, sealed[:length], **PLACE)
    with pytest.raises(Tampered):
        unseal(key, sealed + b"\0", **PLACE)


@pytest.mark.parametrize(
    "change",
    [
        {"category": "recording"},
        {"object_id": UUID(int=13)},
        {"slot": "waveform"},
        {"version": 4},
    ],
)
def test_a_value_moved_to_another_place_does_not_open(change):
    key = fresh()
    sealed = seal(key, b"words", **PLACE)
    with pytest.raises(Tampered):
        unseal(key, sealed, **(PLACE | change))


def test_a_value_of_another_organization_or_key_does_not_open():
    key = fresh()
    sealed = seal(key, b"words", **PLACE)
    for other in (opened(key, organization_id=uuid4()), opened(key, secret=os.urandom(32))):
        with pytest.raises(Tampered):
            unseal(other, sealed, **PLACE)


def test_swapped_rows_do_not_open():
    one, other = fresh(), fresh()
    sealed = [seal(one, b"of one", **PLACE), seal(other, b"of other", **PLACE)]
    for key, wrong in zip((one, other), reversed(sealed), strict=True):
        with pytest.raises(Tampered):
            unseal(key, wrong, **PLACE)


def test_a_slot_is_sealed_once_and_slots_do_not_share_a_key():
    key = fresh()
    seal(key, b"1", **PLACE)
    seal(key, b"2", **(PLACE | {"slot": "waveform"}))
    with pytest.raises(SealedTwice):
        seal(key, b"3", **PLACE)
    with pytest.raises(SealedTwice):
        seal(key, b"3", **(PLACE | {"version": 4}))
    assert key.slot_secret("numbers") != key.slot_secret("waveform")


def test_an_opened_key_does_not_seal():
    with pytest.raises(SealedTwice):
        seal(opened(fresh()), b"again", **PLACE)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_two_contexts_never_give_the_same_bytes(one, other):
    assert (bound_context(*one) == bound_context(*other)) == (one == other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200)
@given(JSON)
def test_json_comes_back_as_it_was(value):
    key = fresh()
    assert unseal_json(key, seal_json(key, value, **PLACE), **PLACE) == value


def test_json_with_half_a_surrogate_pair_comes_back():
    key = fresh()
    assert unseal_json(key, seal_json(key, "a\ud800b", **PLACE), **PLACE) == "a\ud800b"


def test_wrapped_keys_are_bound_to_organization_and_id():
    shelf = AESGCM(os.urandom(32))
    keys = [fresh(), fresh()]
    wrapped = wrap_keys(shelf, keys)
    assert len(wrapped) == 2 * WRAPPED_BYTES
    one, other = wrapped[:WRAPPED_BYTES], wrapped[WRAPPED_BYTES:]
    assert unwrap_key(shelf, one, ORGANIZATION, keys[0].id).secret == keys[0].secret
    for arguments in (
        (shelf, other, ORGANIZATION, keys[0].id),
        (shelf, one, uuid4(), keys[0].id),
        (AESGCM(os.urandom(32)), one, ORGANIZATION, keys[0].id),
        (shelf, one[:-1], ORGANIZATION, keys[0].id),
        (shelf, b"", ORGANIZATION, keys[0].id),
        *((shelf, flipped(one, place), ORGANIZATION, keys[0].id) for place in range(WRAPPED_BYTES)),
    ):
        with pytest.raises(WrongKey):
            unwrap_key(*arguments)


def test_ten_thousand_nonces_do_not_repeat():
    shelf = AESGCM(os.urandom(32))
    wrapped = wrap_keys(shelf, [DataKey(uuid4(), ORGANIZATION, bytes(32)) for _ in range(10_000)])
    assert len({wrapped[start : start + 12] for start in range(0, len(wrapped), WRAPPED_BYTES)}) == 10_000


def test_a_data_key_shows_no_secret_and_is_not_pickled():
    key = fresh()
    shown = f"{key!r} {key} {[key]}"
    assert key.secret.hex() not in shown
    assert repr(key.secret) not in shown
    with pytest.raises(TypeError):
        pickle.dumps(key)
