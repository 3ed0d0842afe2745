"""A signed statement: exact bytes, verified with nothing but the public key (RFC 8032)."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ground.vault.canonical import canonical_json
from ground.vault.exceptions import BadSignature
from ground.vault.statements import SignedStatement, key_id_of, verify_offline

# RFC 8032, section 7.1, test 1
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KEY_ID = "21fe31dfa154a261626bf854046fd227"  # first half of SHA-256 of PUBLIC
CONTENT = {"moment": "unreadable", "n": 3, "note": "Zoë"}
BODY = '{"moment":"unreadable","n":3,"note":"Zoë"}'.encode()


def signed(body=BODY, key_id=KEY_ID):
    return SignedStatement(body, Ed25519PrivateKey.from_private_bytes(SECRET).sign(body), key_id)


def test_the_id_of_a_key_is_half_of_its_digest():
    assert key_id_of(PUBLIC) == KEY_ID


def test_a_statement_says_what_was_signed_and_is_known_by_its_digest():
    statement = signed()
    assert statement.content() == CONTENT
    assert verify_offline(statement, PUBLIC) == CONTENT
    assert SignedStatement(b"", b"", "").digest == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert len(statement.digest) == 64


def test_the_file_people_download_reads_back_in_any_spelling():
    statement = signed()
    raw = statement.to_json()
    assert json.loads(raw) == {
        "statement": CONTENT,
        "signature": {
            "algorithm": "Ed25519",
            "key_id": KEY_ID,
            "value": base64.b64encode(statement.signature).decode(),
        },
    }
    assert raw == canonical_json(json.loads(raw))
    assert SignedStatement.from_json(raw) == statement
    assert SignedStatement.from_json(json.dumps(json.loads(raw), indent=2).encode()) == statement


def changed(**members):
    whole = json.loads(signed().to_json())
    for path, value in members.items():
        outer, _, inner = path.partition("__")
        if inner:
            whole[outer][inner] = value
        else:
            whole[outer] = value
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"7",
        b"[" * 100_000,
        changed(signature__algorithm="RSA"),
        changed(signature__value="no base64!"),
        changed(statement=[1]),
        changed(statement="text"),
        changed(signature=None),
        changed(statement={"n": 2**60}),
    ],
)
def test_what_is_no_statement_is_refused(raw):
    with pytest.raises(BadSignature):
        SignedStatement.from_json(raw)


@pytest.mark.parametrize(
    "statement",
    [
        signed(key_id="0" * 32),
        SignedStatement(BODY, bytes(64), KEY_ID),
        SignedStatement(BODY, b"short", KEY_ID),
        SignedStatement(BODY + b" ", signed().signature, KEY_ID),
        signed(b'{"n": 3}'),  # signed, but not in its one spelling
        signed(b"[3]"),  # signed, but no object
        signed(b"no json"),
    ],
)
def test_what_was_not_signed_as_it_stands_does_not_verify(statement):
    with pytest.raises(BadSignature):
        verify_offline(statement, PUBLIC)


def test_another_key_does_not_verify():
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(BadSignature):
        verify_offline(signed(), other)
    with pytest.raises(BadSignature):
        verify_offline(signed(key_id=key_id_of(other)), other)
    with pytest.raises(BadSignature):
        verify_offline(signed(key_id=key_id_of(b"")), b"")
