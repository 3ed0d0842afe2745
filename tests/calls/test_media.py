"""Fetching sound from addresses that strangers name."""

import time

import pytest

from calls.media.addresses import AllowedHosts, NotAllowed
from calls.media.download import Download, DownloadFailed, Limits
from calls.media.sniffing import media_type
from calls.media.waveform import WaveformReader
from calls.providers import PROVIDERS
from tests.calls.samples import wav
from tests.calls.stub import Answer, StubServer

LIMITS = Limits(1_000_000, 20)
HOSTS = AllowedHosts(["storage.vapi.ai", ".amazonaws.com"])


@pytest.fixture
def stub():
    server = StubServer()
    yield server
    server.close()


def fetched(url, *, limits=LIMITS, hosts=HOSTS, authorization=""):
    with Download(url, hosts=hosts, limits=limits, authorization=authorization) as download:
        return b"".join(download.pieces())


def failure(url, **more):
    with pytest.raises(DownloadFailed) as error:
        fetched(url, **more)
    assert url not in str(error.value)
    return error.value


# ------------------------------------------------------------------ which addresses
@pytest.mark.parametrize(
    "url",
    [
        "https://storage.vapi.ai/a.wav",
        "https://STORAGE.vapi.ai./a",
        "https://b.s3.us-west-2.amazonaws.com/x?X-Amz-Signature=1",
    ],
)
def test_known_hosts_are_allowed(url):
    assert HOSTS.require(url)


@pytest.mark.parametrize(
    "url, code",
    [
        ("http://storage.vapi.ai/a", "not_https"),
        ("ftp://storage.vapi.ai/a", "not_https"),
        ("file:///etc/passwd", "address_malformed"),
        ("https://evil.example/a", "host_not_allowed"),
        ("https://storage.vapi.ai.evil.example/a", "host_not_allowed"),
        ("https://evilamazonaws.com/a", "host_not_allowed"),
        ("https://amazonaws.com/a", "host_not_allowed"),
        ("https://storage.vapi.ai@evil.example/a", "address_malformed"),
        ("https://user:pw@storage.vapi.ai/a", "address_malformed"),
        ("https://storage.vapi.ai:8443/a", "port_not_allowed"),
        ("https://storage.vapi.ai:99999/a", "address_malformed"),
        ("https://storage.vapi.ai\\@evil.example/", "address_malformed"),
        ("https://storage.vapi.ai /a", "address_malformed"),
        ("https://[::1", "address_malformed"),
        ("//storage.vapi.ai/a", "not_https"),
        ("https:///a", "address_malformed"),
        ("", "address_malformed"),
        ("https://169.254.169.254/latest/meta-data", "host_not_allowed"),
        ("https://10.0.0.1/", "host_not_allowed"),
        ("https://2130706433/", "host_not_allowed"),
        ("https://0x7f000001/", "host_not_allowed"),
        ("https://0177.0.0.1/", "host_not_allowed"),
        ("https://127.1/", "host_not_allowed"),
        ("https://[fd00::1]/", "host_not_allowed"),
        ("https://[::ffff:10.0.0.1]/", "host_not_allowed"),
        ("https://ⓢtorage.vapi.ai.evil.example/", "host_not_allowed"),
    ],
)
def test_other_addresses_are_not_opened(url, code):
    with pytest.raises(NotAllowed) as refusal:
        HOSTS.require(url)
    assert refusal.value.code == code


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://localhost/", "http://[::1]:5/", "https://127.0.0.53/"])
def test_loopback_needs_the_setting(url, settings):
    settings.MEDIA_FETCH_ALLOW_LOOPBACK = False
    with pytest.raises(NotAllowed):
        HOSTS.require(url)


@pytest.mark.parametrize("slug", sorted(PROVIDERS))
def test_no_provider_allows_a_whole_top_level_domain(slug):
    for host in PROVIDERS[slug].media_hosts:
        assert host.strip(".").count(".") >= 1


# ------------------------------------------------------------------ names that lead into private networks
@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_an_allowed_name_that_resolves_to_a_private_network_is_refused(address, monkeypatch, settings):
    settings.MEDIA_FETCH_ALLOW_LOOPBACK = False
    family = 10 if ":" in address else 2
    asked = []

    def resolve(host, port, *args, **kwargs):
        asked.append(host)
        return [(family, 1, 6, "", (address, 443) if family == 2 else (address, 443, 0, 0))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    assert failure("https://storage.vapi.ai/a.wav").code == "private_address"
    assert asked == ["storage.vapi.ai"]


def test_every_hop_resolves_anew(stub, monkeypatch):
    """A name that pointed elsewhere a moment ago is judged again (DNS rebinding)."""
    import socket

    real, answers = socket.getaddrinfo, iter(["127.0.0.1", "10.0.0.1"])

    def resolve(host, port, *args, **kwargs):
        return [(2, 1, 6, "", (next(answers), port))] if host == "localhost" else real(host, port, *args, **kwargs)

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    stub.on("/a", Answer(302, headers={"Location": "/b"}))
    assert failure(f"http://localhost:{stub.port}/a").code == "private_address"


# ------------------------------------------------------------------ redirects
def chain_of(stub, hops):
    for place in range(hops):
        stub.on(f"/{place}", Answer(302, headers={"Location": f"/{place + 1}"}))
    stub.on(f"/{hops}", Answer(200, b"sound"))
    return f"{stub.url}/0"


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_up_to_two_redirects(stub, hops):
    assert fetched(chain_of(stub, hops)) == b"sound"


def test_the_third_redirect_is_refused(stub):
    assert failure(chain_of(stub, 3)).code == "too_many_redirects"
    assert len(stub.asked) == 3


@pytest.mark.parametrize(
    "target, code",
    [
        ("https://169.254.169.254/latest/meta-data/", "host_not_allowed"),
        ("https://10.0.0.1/", "host_not_allowed"),
        ("https://evil.example/a.wav", "host_not_allowed"),
        ("http://storage.vapi.ai/a.wav", "not_https"),
        ("file:///etc/passwd", "address_malformed"),
        ("gopher://127.0.0.1:11211/", "host_not_allowed"),
    ],
)
def test_each_redirect_is_judged(stub, target, code):
    stub.on("/a", Answer(302, headers={"Location": target}))
    assert failure(f"{stub.url}/a").code == code


def test_authorization_stays_with_its_host(stub):
    other = StubServer()
    try:
        same = stub.on("/same", Answer(302, headers={"Location": "/next"}))
        stub.on("/next", Answer(302, headers={"Location": f"{other.url}/sound"}))
        other.on("/sound", Answer(200, b"sound"))
        assert fetched(same, authorization="Bearer secret") == b"sound"
        assert [asked.headers.get("Authorization") for asked in stub.asked] == ["Bearer secret", "Bearer secret"]
        assert "Authorization" not in other.asked[0].headers
    finally:
        other.close()


def test_authorization_does_not_come_back(stub):
    other = StubServer()
    try:
        stub.on("/a", Answer(302, headers={"Location": f"{other.url}/b"}))
        other.on("/b", Answer(302, headers={"Location": f"{stub.url}/c"}))
        stub.on("/c", Answer(200, b"x"))
        fetched(f"{stub.url}/a", authorization="Bearer secret")
        assert "Authorization" not in stub.asked[-1].headers
    finally:
        other.close()


# ------------------------------------------------------------------ sizes, ends, answers
def test_a_declared_length_beyond_the_limit_is_not_read(stub):
    url = stub.on("/a", Answer(200, b"x" * 2000))
    assert failure(url, limits=Limits(1999, 10)).code == "too_large"


def test_an_undeclared_length_beyond_the_limit_stops(stub):
    url = stub.on("/a", Answer(200, b"x" * 300_000, {"Content-Length": None}))
    assert failure(url, limits=Limits(100_000, 10)).code == "too_large"


def test_a_truncated_download_is_worth_another_try(stub):
    url = stub.on("/a", Answer(200, b"x" * 200_000, cut=150_000))
    error = failure(url)
    assert (error.code, error.transient) == ("broken_off", True)


def test_a_trickle_runs_out_of_time(stub):
    url = stub.on("/a", Answer(200, b"x" * 100_000, pause=0.3))
    begun = time.monotonic()
    assert failure(url, limits=Limits(1_000_000, 1.5)).code == "too_slow"
    assert time.monotonic() - begun < 6


def test_an_empty_answer_is_no_recording(stub):
    assert failure(stub.on("/a", Answer(200, b""))).code == "empty"


@pytest.mark.parametrize(
    "status, code, transient",
    [
        (401, "refused", False),
        (403, "refused", False),
        (404, "not_there", False),
        (410, "not_there", False),
        (429, "provider_busy", True),
        (500, "provider_busy", True),
        (503, "provider_busy", True),
        (418, "unexpected_answer", False),
        (206, "unexpected_answer", False),
        (304, "unexpected_answer", False),
    ],
)
def test_answers(stub, status, code, transient):
    url = stub.on("/a", Answer(status, headers={"Retry-After": "7"}))
    error = failure(url)
    assert (error.code, error.transient, error.status) == (code, transient, status)
    if transient:
        assert error.retry_after == 7


def test_nobody_there(stub):
    stub.close()
    assert failure(f"{stub.url}/a").transient


def test_environment_proxies_are_not_used(stub, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert fetched(stub.on("/a", Answer(200, b"ok"))) == b"ok"


# ------------------------------------------------------------------ what it is
@pytest.mark.parametrize(
    "start, expected",
    [
        (wav(0.1)[:16], "audio/wav"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf3\x40\xc0", "audio/mpeg"),
        (b"OggS\x00\x02", "audio/ogg"),
        (b"fLaC\x00\x00", "audio/flac"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x01", "audio/webm"),
        (b"<!DOCTYPE html>", None),
        (b'{"error": "x"}', None),
        (b"RIFF\x00\x00\x00\x00AVI ", None),
        (b"\xff\xd8\xff\xe0", None),
        (b"PK\x03\x04", None),
        (b"", None),
        (b"\xff\xff\xff\xff", None),
    ],
)
def test_recognised_by_first_bytes(start, expected):
    assert media_type(start) == expected


def measured(content, piece=1000):
    reader = WaveformReader()
    for start in range(0, len(content), piece):
        reader.feed(content[start : start + piece])
    return reader.result()


@pytest.mark.parametrize("piece", [1, 7, 1000, 10**7])
def test_peaks_of_a_wav_do_not_depend_on_the_pieces(piece):
    result = measured(wav(1.0), piece)
    assert result == measured(wav(1.0))
    assert result.duration_ms == 1000
    assert max(result.peaks[:20]) == 0
    assert max(result.peaks[30:]) > 200


def test_long_recordings_have_400_peaks():
    assert len(measured(wav(30.0, rate=8000, loud=False), 65536).peaks) == 400


@pytest.mark.parametrize("width, channels", [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_silence_in_every_depth(width, channels):
    result = measured(wav(0.5, width=width, channels=channels, loud=False))
    assert result.duration_ms == 500
    assert set(result.peaks) == {0}


@pytest.mark.parametrize("coding, silence, loud", [(7, 0xFF, 0x00), (6, 0xD5, 0xAA)])
def test_telephone_codings(coding, silence, loud):
    fmt = coding.to_bytes(2, "little") + b"\x01\x00" + (8000).to_bytes(4, "little") * 2 + b"\x01\x00\x08\x00"
    data = bytes([silence]) * 4000 + bytes([loud]) * 4000
    content = b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + fmt + b"data" + len(data).to_bytes(4, "little") + data
    result = measured(content)
    assert result.duration_ms == 1000
    assert max(result.peaks[:20]) <= 1
    assert min(result.peaks[30:]) > 200


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"ID3" * 100, b"RIFF\x00\x00\x00\x00WAVEdata\x10\x00\x00\x00" + b"x" * 16, wav(0.1)[:30]]
)
def test_what_is_no_wav_has_no_peaks(content):
    assert measured(content) is None
