"""An organization with the demo operator's periods, and its vault."""

import pytest

from tests import factories


@pytest.fixture
def organization(vault_home, transactional_db):
    return factories.organization()
