"""Every address of an organization takes any method without falling over: an answer of its own, 404, 400 or 405."""

import pytest
from django.test import Client

from accounts.models import Role
from tests import factories
from tests.guardrails.test_urls import INSIDE, address

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER])
@pytest.mark.parametrize("method", METHODS)
def test_no_method_makes_a_page_fail(vault_home, role, method):
    organization = factories.organization(slug="home")
    client = Client(raise_request_exception=False)
    client.force_login(factories.member(organization, role))
    failed, refused = [], 0
    for route in INSIDE:
        answer = getattr(client, method)(address(route, slug="home"))
        if answer.status_code >= 500:
            failed.append((route, answer.status_code))
        refused += answer.status_code == 405
    assert not failed
    if method in {"put", "patch", "delete"}:
        assert refused > len(INSIDE) * 0.8, "a page takes a method that no form sends"
