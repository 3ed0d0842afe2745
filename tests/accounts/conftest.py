"""Three people and one outsider around one organization."""

from types import SimpleNamespace

import pytest
from django.test import Client

from accounts.models import Role
from ground import vault
from tests import factories


@pytest.fixture
def people(db):
    """home with owner, admin, member, auditor; `outsider` owns another organization."""
    home, other = factories.organization(name="Home"), factories.organization(name="Elsewhere")
    return SimpleNamespace(
        home=home,
        other=other,
        owner=factories.member(home, Role.OWNER),
        admin=factories.member(home, Role.ADMIN),
        member=factories.member(home, Role.MEMBER),
        auditor=factories.member(home, Role.AUDITOR),
        outsider=factories.member(other, Role.OWNER),
    )


@pytest.fixture
def as_():
    """`as_(user)`: a browser signed in as that person; `as_(None)`: a stranger's."""

    def browser(user):
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return browser


@pytest.fixture
def operator(db, vault_home):
    """The operator's own organization, with a fresh vault."""
    vault.forget_everything()
    yield factories.organization(is_operator=True, slug="operator", name="Operator")
    vault.forget_everything()
