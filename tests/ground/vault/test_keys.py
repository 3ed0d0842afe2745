"""Data keys: minted, confirmed, opened, destroyed, set aside; never a guess."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ground import vault
from ground.vault import keys, keystore, shelves

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vault_home")]


def test_a_minted_key_opens_again_and_unseals():
    organization_id, row = uuid4(), uuid4()
    [key] = keys.mint(organization_id, "recording", AT)
    sealed = vault.seal(key, b"words", category="recording", object_id=row)
    again = keys.open_one(organization_id, key.id)
    assert again.secret == key.secret
    assert vault.unseal(again, sealed, category="recording", object_id=row) == b"words"


def test_thousands_are_minted_with_one_shelf():
    organization_id = uuid4()
    minted = keys.mint(organization_id, "transcript", AT, 6_001)
    assert len({key.id for key in minted}) == 6_001
    opened = keys.open(organization_id, [key.id for key in minted])
    assert all(opened[key.id].secret == key.secret for key in minted)
    assert len(keystore.store().ids(organization_id, "shelf")) == 1
