"""Every address, also those added tomorrow, refuses stranger and outsider; public ones are listed with reasons."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests import factories

ORGANIZATION = "o/<slug:slug>/"
API = "api/"

# What a stranger may open, and why. Prefixes of routes.
PUBLIC = {
    "healthz": "says only that the process answers",
    "readyz": "says only which parts answer",
    "metrics": "counts without names; a token protects it where one is set",
    "account/": "signing in, signing up, resetting a password; pages of a signed-in person are tested below",
    "staff/login/": "leads to the login",
    "staff/jsi18n/": "words of the admin's own scripts",
    "api/schema/": "the description of the API",
    "api/docs/": "the description of the API",
    "ingest/": "signed deliveries of voice providers",
    "keys": "public keys for checking certificates",
    ".well-known/": "public keys for checking certificates",
    "verify/": "checks a certificate that the visitor brings, by the public keys",
}
SIGNED_IN = ("account/profile/", "account/email/", "account/2fa/", "account/sessions/", "account/password/change/")
SAMPLES = {"uuid": str(uuid.uuid4()), "int": "1", "str": "x", "slug": "x", "path": "x"}
METHODS = ("get", "post", "put", "patch", "delete")


def _route(pattern):
    text = str(pattern.pattern)
    if hasattr(pattern.pattern, "_regex") and not hasattr(pattern.pattern, "_route"):
        text = re.sub(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\)[^()]*)*\)", r"<str:\1>", text.strip("^$")).replace("\\", "")
    return text


def routes(resolver=None, before=""):
    """Every route, as written, from the root."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = before + _route(entry)
        if isinstance(entry, URLResolver):
            yield from routes(entry, here)
        elif isinstance(entry, URLPattern):
            yield here


def address(route, **given):
    def sample(match):
        kind, _, name = match.group(1).rpartition(":")
        return given.get(name, SAMPLES.get(kind or "str", "x"))

    return "/" + re.sub(r"<([^>]+)>", sample, route)


ALL = sorted(set(routes()))
INSIDE = [route for route in ALL if route.startswith(ORGANIZATION)]
OUTSIDE = [route for route in ALL if not route.startswith(ORGANIZATION) and not route.startswith(tuple(PUBLIC))]


def test_the_walk_sees_the_addresses():
    assert len(INSIDE) >= 9
    assert any(route.startswith("staff/") for route in OUTSIDE)


@pytest.mark.django_db
@pytest.mark.parametrize("route", INSIDE)
def test_an_organizations_address_refuses_stranger_and_outsider(route):
    home, other = factories.organization(slug="home"), factories.organization(slug="other")
    factories.member(home, "owner")
    outsider = factories.member(other, "owner")
    for method in METHODS:
        stranger = getattr(Client(), method)(address(route, slug="home"))
        assert stranger.status_code == 302, (method, stranger.status_code)
        assert stranger["Location"].startswith("/account/login/")
        client = Client()
        client.force_login(outsider)
        assert getattr(client, method)(address(route, slug="home")).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("route", OUTSIDE)
def test_every_other_address_refuses_a_stranger(route):
    for method in METHODS:
        answer = getattr(Client(), method)(address(route))
        assert answer.status_code in {302, 401, 403, 404, 405}, (method, answer.status_code)
        if answer.status_code == 302:
            assert answer["Location"].startswith(("/account/login/", "/staff/login/")), answer["Location"]
        if route.startswith(API):
            assert answer.status_code in {401, 404, 405}


@pytest.mark.django_db
@pytest.mark.parametrize("route", [route for route in ALL if route.startswith(SIGNED_IN)])
def test_a_persons_own_pages_ask_for_a_login(route):
    answer = Client().get(address(route))
    assert answer.status_code in {302, 405}, answer.status_code
    if answer.status_code == 302:
        assert answer["Location"].startswith("/account/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("route", [route for route in OUTSIDE if route.startswith("staff/")])
def test_the_staff_site_does_not_exist_for_members(route):
    client = Client()
    client.force_login(factories.member(factories.organization(), "owner"))
    answer = client.get(address(route), follow=True)
    assert answer.status_code == 404
