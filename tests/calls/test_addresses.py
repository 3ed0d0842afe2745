"""Addresses at the edges of what may be opened."""

import pytest

from calls.media.addresses import AllowedHosts, NotAllowed, is_loopback

HOSTS = AllowedHosts(["Storage.Vapi.ai.", ".amazonaws.com", ""])


def refused(url, hosts=HOSTS):
    with pytest.raises(NotAllowed) as refusal:
        hosts.require(url)
    return refusal.value.code


@pytest.mark.parametrize(
    "url", ["https://storage.vapi.ai/a", "https://storage.vapi.ai:443/a", "https://b.amazonaws.com"]
)
def test_what_is_opened_comes_back_in_parts(url):
    assert HOSTS.require(url).geturl() == url


def test_a_name_with_a_dot_before_it_is_not_itself_allowed():
    assert refused("https://amazonaws.com/") == "host_not_allowed"
    assert refused("https://a.storage.vapi.ai/") == "host_not_allowed"


def test_other_ports_are_not_opened():
    assert refused("https://storage.vapi.ai:444/") == "port_not_allowed"
    assert refused("https://storage.vapi.ai:80/") == "port_not_allowed"


def test_a_password_without_a_name_is_malformed():
    assert refused("https://:pw@storage.vapi.ai/") == "address_malformed"
    assert refused("https://me@storage.vapi.ai/") == "address_malformed"


@pytest.mark.parametrize("letter", [" ", "\t", "\n", "\0", "\\"])
def test_blanks_and_backslashes_are_malformed(letter):
    assert refused(f"https://storage.vapi.ai/{letter}") == "address_malformed"
    assert HOSTS.require("https://storage.vapi.ai/!")


def test_nothing_is_allowed_where_nothing_is_named():
    assert refused("https://storage.vapi.ai/", AllowedHosts([])) == "host_not_allowed"
    assert HOSTS.require("https://x.amazonaws.com/").hostname == "x.amazonaws.com"


def test_loopback_is_opened_only_where_the_setting_says_so(settings):
    settings.MEDIA_FETCH_ALLOW_LOOPBACK = True
    for url in ("http://127.0.0.1:1/", "https://localhost/", "http://[::1]:5/"):
        assert HOSTS.require(url).geturl() == url
    assert refused("ftp://127.0.0.1/") == "host_not_allowed"
    settings.MEDIA_FETCH_ALLOW_LOOPBACK = False
    assert refused("http://127.0.0.1:1/") == "host_not_allowed"


@pytest.mark.parametrize(
    "host, loopback",
    [("127.0.0.1", True), ("127.255.0.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("a", False)],
)
def test_this_machine_in_its_usual_spellings(host, loopback):
    assert is_loopback(host) is loopback
