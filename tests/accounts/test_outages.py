"""A database that does not answer, has no connection left or took too long is 503 for everybody, wherever it shows."""

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.test import Client
from django.utils import timezone

from accounts import access
from accounts.models import Role
from accounts.services import api_keys
from calls.api.views import CallsView
from ground.tenancy import Actor
from tests import factories

pytestmark = pytest.mark.django_db
CASES = [(OperationalError, 503), (InterfaceError, 503), (DatabaseError, 500), (ZeroDivisionError, 500)]


@pytest.fixture
def failing(monkeypatch):
    def fail(owner, name, error):
        def refuse(*arguments, **options):
            raise error("no more")

        monkeypatch.setattr(owner, name, refuse)
        return Client(raise_request_exception=False)

    return fail


@pytest.mark.parametrize("error, status", CASES)
def test_the_interface(failing, error, status):
    key = api_keys.create(
        organization_id=factories.organization().pk,
        name="k",
        scopes=["calls.read"],
        by=Actor.system("test"),
        at=timezone.now(),
    )
    answer = failing(CallsView, "get", error).get("/api/v1/calls", headers={"authorization": f"Bearer {key.text}"})
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert ("Retry-After" in answer) == (status == 503)


@pytest.mark.parametrize("error, status", CASES)
def test_a_page_also_when_a_middleware_meets_it(failing, error, status):
    organization = factories.organization()
    client = failing(access, "enter", error)
    client.force_login(factories.member(organization, Role.OWNER))
    answer = client.get(f"/o/{organization.slug}/calls/")
    assert answer.status_code == status
    assert ("Retry-After" in answer) == (status == 503)
