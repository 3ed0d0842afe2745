"""Proof of origin: the published vectors, and every way to spoil one."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from calls.providers import find
from calls.providers.base import NotVerified, Proof, Strength
from tests.calls.samples import standard_headers

BODY = b'{"event":"call_ended","call":{"call_id":"c_1"}}'
AT = datetime.fromtimestamp(1767225600, UTC)
SECRET = b"test_secret"
VAPI_SIGNATURE = "6bd6412668622597b7910da9e43e3ada2b2e478a9bc0fbe12b0a0477799a6648"
WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
KEY = base64.b64decode(WHSEC.removeprefix("whsec_"))


def vapi(headers, body=BODY, secrets=(SECRET,), now=AT, proof=Proof.HMAC):
    return find("vapi").verify(headers, body, list(secrets), now, proof)


def good():
    return {"x-timestamp": "1767225600", "x-signature": VAPI_SIGNATURE}


def test_the_published_vapi_vector_is_accepted():
    assert vapi(good()).strength is Strength.STRONG


def test_milliseconds_are_taken_too():
    import hashlib
    import hmac

    stamp = b"1767225600123"
    signature = hmac.new(SECRET, stamp + b"." + BODY, hashlib.sha256).hexdigest()
    assert vapi({"x-timestamp": stamp.decode(), "x-signature": signature})


@pytest.mark.parametrize("secrets", [(b"new", SECRET), (SECRET, b"old")])
def test_either_of_two_active_secrets_counts(secrets):
    assert vapi(good(), secrets=secrets)


@pytest.mark.parametrize(
    "spoil, code",
    [
        (lambda h: {**h, "x-signature": "0" + h["x-signature"][1:]}, "signature_wrong"),
        (lambda h: {**h, "x-signature": h["x-signature"][:-2]}, "signature_wrong"),
        (lambda h: {**h, "x-signature": "zz"}, "signature_malformed"),
        (lambda h: {**h, "x-signature": "ä"}, "signature_malformed"),
        (lambda h: {"x-timestamp": h["x-timestamp"]}, "signature_missing"),
        (lambda h: {"x-signature": h["x-signature"]}, "signature_missing"),
        (lambda h: {}, "signature_missing"),
        (lambda h: {**h, "x-timestamp": "soon"}, "headers_malformed"),
        (lambda h: {**h, "x-timestamp": "-1"}, "headers_malformed"),
        (lambda h: {**h, "x-timestamp": "1" * 40}, "headers_malformed"),
        (lambda h: {**h, "x-timestamp": "1767225601"}, "signature_wrong"),
    ],
)
def test_spoiled_vapi_headers_are_refused(spoil, code):
    with pytest.raises(NotVerified) as refusal:
        vapi(spoil(good()))
    assert refusal.value.code == code


@pytest.mark.parametrize("place", range(0, len(BODY), 5))
def test_a_flipped_byte_is_refused(place):
    spoiled = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    with pytest.raises(NotVerified):
        vapi(good(), body=spoiled)


@pytest.mark.parametrize(
    "distance, code",
    [
        (timedelta(minutes=5, seconds=1), "timestamp_too_old"),
        (-timedelta(minutes=5, seconds=1), "timestamp_in_the_future"),
    ],
)
def test_stale_and_future_deliveries_are_refused(distance, code):
    with pytest.raises(NotVerified) as refusal:
        vapi(good(), now=AT + distance)
    assert refusal.value.code == code


@pytest.mark.parametrize("distance", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_five_minutes_either_side_are_accepted(distance):
    assert vapi(good(), now=AT + distance)


@pytest.mark.parametrize("proof", [Proof.STANDARD_WEBHOOKS, Proof.HMAC])
def test_a_shared_token_does_not_open_a_connection_set_up_for_signatures(proof):
    with pytest.raises(NotVerified):
        vapi({"authorization": "Bearer test_secret", "x-vapi-secret": "test_secret"}, proof=proof)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer test_secret"},
        {"authorization": "bearer test_secret"},
        {"x-vapi-secret": "test_secret"},
    ],
)
def test_a_shared_token_is_weak(headers):
    assert vapi(headers, proof=Proof.BEARER).strength is Strength.WEAK


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic test_secret"}, {"x-vapi-secret": "é"}]
)
def test_a_wrong_token_is_refused(headers):
    with pytest.raises(NotVerified):
        vapi(headers, proof=Proof.BEARER)


@pytest.mark.parametrize("slug", ["generic", "vapi"])
class TestStandardWebhooks:
    def verify(self, slug, headers, body=BODY, now=AT, secrets=(KEY,)):
        return find(slug).verify(headers, body, list(secrets), now, Proof.STANDARD_WEBHOOKS)

    def test_accepted_with_its_id(self, slug):
        assert self.verify(slug, standard_headers(BODY, WHSEC, at=AT)).event_id == "msg_1"

    def test_agrees_with_the_library(self, slug):
        from standardwebhooks import Webhook

        signature = Webhook(WHSEC).sign("msg_ü", AT, BODY.decode())
        headers = {"webhook-id": "msg_ü", "webhook-timestamp": "1767225600", "webhook-signature": f"v1a,xx {signature}"}
        assert self.verify(slug, headers).event_id == "msg_ü"

    def test_second_secret_and_unicode_body(self, slug):
        body = '{"name": "Zoë 🦜"}'.encode()
        assert self.verify(slug, standard_headers(body, WHSEC, at=AT), body=body, secrets=(b"x" * 32, KEY))

    @pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_every_header_is_needed(self, slug, missing):
        headers = standard_headers(BODY, WHSEC, at=AT)
        del headers[missing]
        with pytest.raises(NotVerified):
            self.verify(slug, headers)

    @pytest.mark.parametrize(
        "change",
        [
            {"webhook-id": "msg_2"},
            {"webhook-id": "x" * 300},
            {"webhook-timestamp": "1767225601"},
            {"webhook-timestamp": "1e9"},
            {"webhook-timestamp": "٣"},
            {"webhook-signature": "v1"},
            {"webhook-signature": "v1,%%%"},
            {"webhook-signature": "v2,AAAA"},
            {"webhook-signature": ","},
            {"webhook-signature": "v1,AAAA"},
        ],
    )
    def test_changed_headers_are_refused(self, slug, change):
        with pytest.raises(NotVerified):
            self.verify(slug, {**standard_headers(BODY, WHSEC, at=AT), **change})

    @pytest.mark.parametrize("seconds", [301, -301])
    def test_stale_and_future(self, slug, seconds):
        with pytest.raises(NotVerified):
            self.verify(slug, standard_headers(BODY, WHSEC, at=AT), now=AT + timedelta(seconds=seconds))

    def test_no_secret_opens_nothing(self, slug):
        with pytest.raises(NotVerified):
            self.verify(slug, standard_headers(BODY, WHSEC, at=AT), secrets=())

    def test_body_that_is_no_text(self, slug):
        with pytest.raises(NotVerified):
            self.verify(slug, standard_headers(b"\xff", WHSEC, at=AT), body=b"\xff")
