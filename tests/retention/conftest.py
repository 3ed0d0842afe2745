"""An organization with the demo operator's periods, its vault, and the people around it."""

import pytest
from django.test import Client

from accounts.models import Role
from tests import factories


@pytest.fixture
def organization(vault_home, transactional_db):
    return factories.organization()


@pytest.fixture
def outsider_organization(organization):
    return factories.organization()


class People:
    """owner, member, auditor of one organization; outsider owns another; stranger is signed in nowhere."""

    def __init__(self, organization, other):
        self.organization, self.other = organization, other
        self.owner = factories.member(organization, Role.OWNER)
        self.member = factories.member(organization, Role.MEMBER)
        self.auditor = factories.member(organization, Role.AUDITOR)
        self.outsider = factories.member(other, Role.OWNER)

    def client(self, role):
        client = Client()
        if role != "stranger":
            client.force_login(getattr(self, role))
        return client


@pytest.fixture
def people(organization, outsider_organization):
    return People(organization, outsider_organization)
