"""Signatures that anyone verifies offline, with a history of public keys that never loses one."""

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ground.vault import keystore, signing
from ground.vault.canonical import canonical_json, read_canonical
from ground.vault.exceptions import BadSignature, KeyLost, NotCanonical
from ground.vault.statements import SignedStatement, key_id_of, verify_offline
from tests.ground.vault.conftest import flipped

BODY = {"kind": "destruction", "counts": {"recording": 3}, "at": "2026-11-22T10:00:00Z", "note": "Zoë €"}


@pytest.fixture
def signed(db, vault_home):
    return signing.sign(BODY)


@pytest.fixture
def public_key(signed):
    return signing.public_keys()[0].public_key


pytestmark = pytest.mark.django_db(databases=["default", "keyring"])


def test_a_statement_verifies_with_nothing_but_the_public_key(signed, public_key):
    assert signed.content() == BODY
    assert verify_offline(signed, public_key) == BODY
    assert signing.verify(signed) == BODY
    downloaded = signed.to_json()
    assert verify_offline(SignedStatement.from_json(downloaded), public_key) == BODY
    pretty = json.dumps(json.loads(downloaded), indent=4).encode()
    assert SignedStatement.from_json(pretty) == signed
    assert len(signed.digest) == 64


def test_offline_verification_needs_no_django(signed, public_key):
    code = (
        "import sys; from ground.vault.statements import *\n"
        "statement = SignedStatement.from_json(sys.stdin.buffer.read())\n"
        "print(verify_offline(statement, bytes.fromhex(sys.argv[1]))['kind'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, public_key.hex()],
        input=signed.to_json(),
        capture_output=True,
        env={"PYTHONPATH": "."},
    )
    assert done.stdout == b"destruction\n", done.stderr


def test_every_change_is_noticed(signed, public_key):
    for place in range(len(signed.body)):
        with pytest.raises(BadSignature):
            verify_offline(SignedStatement(flipped(signed.body, place), signed.signature, signed.key_id), public_key)
    for place in range(64):
        with pytest.raises(BadSignature):
            verify_offline(SignedStatement(signed.body, flipped(signed.signature, place), signed.key_id), public_key)
    with pytest.raises(BadSignature):
        verify_offline(SignedStatement(signed.body, b"", signed.key_id), public_key)
    with pytest.raises(BadSignature):
        signing.verify(SignedStatement(signed.body, signed.signature, "0" * 32))
    with pytest.raises(BadSignature):
        verify_offline(signed, bytes(32))


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b'{"statement":1,"signature":{}}', b"\xff", b'{"statement":{}}'])
def test_a_file_that_is_no_statement_is_refused(raw):
    with pytest.raises(BadSignature):
        SignedStatement.from_json(raw)


def test_replacing_the_key_keeps_old_statements_verifiable(signed):
    fresh = signing.replace_key()
    later = signing.sign(BODY)
    assert later.key_id == fresh.key_id != signed.key_id
    assert signing.verify(signed) == signing.verify(later) == BODY
    old, new = signing.public_keys()
    assert (old.key_id, new.key_id) == (signed.key_id, fresh.key_id)
    assert old.valid_until == new.valid_from
    assert new.valid_until is None
    assert old.to_dict()["valid_until"]
    assert keystore.store().ids(signing.OPERATOR, "signing") == [fresh.key_id]


def test_the_same_key_signs_after_a_restart(signed):
    signing.forget()
    assert signing.sign(BODY) == signed


def test_a_lost_private_key_is_an_alarm_and_not_replaced_silently(signed):
    keystore.store().destroy(signing.OPERATOR, "signing", [signed.key_id])
    signing.forget()
    with pytest.raises(KeyLost):
        signing.sign(BODY)
    assert signing.verify(signed) == BODY
    assert signing.replace_key().key_id != signed.key_id
    signing.sign(BODY)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, {1: 2}, object(), "\ud800"])
def test_what_has_no_exact_spelling_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical_json({"value": value})


def test_canonical_json_is_the_standards_example():
    value = {"numbers": [333333333.33333329, 1e30, 4.5, 0.002, 1e-27], "literals": [None, True, False], "€": "ö"}
    written = '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"€":"ö"}'
    assert canonical_json(value) == written.encode()
    assert read_canonical(written.encode()) == value
    for other in (b'{"a": 1}', b'{"b":1,"a":2}', b"{", b"\xff", b'{"a":1.0}'):
        with pytest.raises(NotCanonical):
            read_canonical(other)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), st.integers(-(2**53) + 1, 2**53 - 1)))
def test_canonical_json_reads_back(value):
    assert read_canonical(canonical_json(value)) == value


def test_a_process_that_comes_second_takes_the_key_the_first_has_made(signed):
    assert signing._create()[0] == signed.key_id
    assert len(signing.public_keys()) == 1


def test_another_algorithm_and_content_that_is_no_object_are_no_statement(signed, public_key):
    outer = json.loads(signed.to_json())
    for changed in ({"signature": outer["signature"] | {"algorithm": "RS256"}}, {"statement": [1]}):
        with pytest.raises(BadSignature):
            SignedStatement.from_json(json.dumps(outer | changed).encode())
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    listed = SignedStatement(b"[1]", key.sign(b"[1]"), key_id_of(public))
    with pytest.raises(BadSignature, match="JSON object"):
        verify_offline(listed, public)
