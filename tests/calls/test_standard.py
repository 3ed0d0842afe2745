"""Standard Webhooks at their bounds, by the secret of the published example."""

import base64
import hmac
from datetime import UTC, datetime

import pytest

from calls.providers import standard
from calls.providers.base import NotVerified

SECRET, BODY, STAMP = b"0123456789abcdef", b'{"a":1}', "1767225600"
NOW = datetime.fromtimestamp(int(STAMP), UTC)


def signature(event_id="msg_1", stamp=STAMP, secret=SECRET, body=BODY):
    signed = hmac.digest(secret, f"{event_id}.{stamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(signed).decode()


def verify(event_id="msg_1", stamp=STAMP, signed=None, secrets=(SECRET,)):
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(event_id) if signed is None else signed,
    }
    return standard.verify(headers, BODY, secrets, NOW)


def code(**changes):
    with pytest.raises(NotVerified) as refusal:
        verify(**changes)
    return refusal.value.code


def test_what_was_signed_is_verified_with_its_id():
    assert verify().event_id == "msg_1"


def test_a_request_says_that_it_is_signed():
    assert standard.is_signed({"webhook-signature": ""}) is True
    assert standard.is_signed({"signature": "x"}) is False


def test_an_id_has_at_most_256_characters():
    assert verify("x" * 256).event_id == "x" * 256
    assert code(event_id="x" * 257) == "headers_malformed"


def test_a_moment_has_at_most_twelve_digits():
    assert verify(stamp="00" + STAMP), "the same moment"
    assert code(stamp="000" + STAMP) == "headers_malformed"


def test_ten_signatures_are_read():
    others = ["v1," + base64.b64encode(bytes([number]) * 32).decode() for number in range(10)]
    assert verify(signed=" ".join([*others[:9], signature()]))
    assert code(signed=" ".join([*others, signature()])) == "signature_wrong"


@pytest.mark.parametrize("secrets", [(b"new", SECRET), (SECRET, b"old")])
def test_each_active_secret_counts(secrets):
    assert verify(secrets=secrets)


@pytest.mark.parametrize("signed", ["v1,A-_=", "v1,AAA", "v2,AAAA", " "])
def test_what_is_no_signature_is_malformed(signed):
    assert code(signed=signed) == "signature_malformed"


def test_letters_that_base64_does_not_know_are_not_passed_over():
    assert code(signed=signature().replace(",", ",!")) == "signature_malformed"
