"""Blind indexes: equal for the same person in one organization and purpose, and nowhere else."""

from uuid import uuid4

import pytest

from ground.vault import blind, keystore
from ground.vault.exceptions import KeyLost, NotAnIdentifier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vault_home")]
PHONE = "+4915123456789"


@pytest.fixture
def organization_id():
    return uuid4()


def test_the_same_identifier_is_the_same_digest(organization_id):
    one = blind.digest(organization_id, "find", "phone", "+49 151 23456789")
    assert len(one) == blind.DIGEST_BYTES
    assert one == blind.digest(organization_id, "find", "phone", "0151/23456789", "DE")
    blind.forget()
    assert one == blind.digest(organization_id, "find", "phone", PHONE)


def test_organizations_purposes_and_kinds_never_match(organization_id):
    digests = {
        blind.digest(organization, purpose, kind, PHONE)
        for organization in (organization_id, uuid4(), uuid4())
        for purpose in blind.PURPOSES
        for kind in ("phone", "external_id")
    }
    assert len(digests) == 3 * 3 * 2


def test_what_is_no_identifier_or_purpose_is_refused(organization_id):
    with pytest.raises(NotAnIdentifier):
        blind.digest(organization_id, "find", "phone", "anonymous")
    with pytest.raises(ValueError, match="purpose"):
        blind.digest(organization_id, "marketing", "phone", PHONE)
    assert keystore.store().ids(organization_id, "blind") == []


@pytest.mark.parametrize("purpose", ["suppress", "tombstone"])
def test_stored_digests_are_rekeyed_without_plaintext_and_found_all_along(organization_id, purpose):
    numbers = [f"+49151234567{n:02}" for n in range(20)]
    stored = {blind.digest(organization_id, purpose, "phone", number) for number in numbers}
    oldest = set(stored)
    for _ in range(2):
        before = set(stored)
        blind.begin_rekey(organization_id, purpose)
        for tag in before:
            stored.remove(tag)
            stored.add(blind.rekey_outer(organization_id, purpose, tag))
            for number in numbers:
                assert stored & set(blind.candidates(organization_id, purpose, "phone", number))
        assert not stored & before
        blind.finish_rekey(organization_id, purpose)
        blind.finish_rekey(organization_id, purpose)
        assert stored == {blind.digest(organization_id, purpose, "phone", number) for number in numbers}
    assert not stored & oldest
    assert keystore.store().ids(organization_id, "blind") == [f"{purpose}.{n}" for n in range(3)]


def test_a_rekeying_interrupted_at_its_end_is_finished(organization_id):
    old = blind.digest(organization_id, "suppress", "phone", PHONE)
    blind.begin_rekey(organization_id, "suppress")
    new = blind.rekey_outer(organization_id, "suppress", old)
    store = keystore.store()
    upcoming = store.get(organization_id, "blind", "suppress.next")
    store.add(organization_id, "blind", "suppress.1", upcoming)  # died before the other name was removed
    blind.forget()
    assert blind.candidates(organization_id, "suppress", "phone", PHONE) == [new]
    blind.finish_rekey(organization_id, "suppress")
    assert store.ids(organization_id, "blind") == ["suppress.0", "suppress.1"]


def test_rekeying_that_does_not_run_or_makes_no_sense_is_refused(organization_id):
    with pytest.raises(ValueError, match="no re-keying"):
        blind.rekey_outer(organization_id, "suppress", bytes(16))
    with pytest.raises(ValueError, match="plaintext"):
        blind.begin_rekey(organization_id, "find")


def test_a_destroyed_or_missing_blind_key_is_never_replaced(organization_id):
    blind.digest(organization_id, "suppress", "phone", PHONE)
    blind.begin_rekey(organization_id, "suppress")
    blind.finish_rekey(organization_id, "suppress")
    keystore.store().destroy(organization_id, "blind", ["suppress.0"])
    blind.forget()
    with pytest.raises(KeyLost):
        blind.digest(organization_id, "suppress", "phone", PHONE)
    keystore.store().destroy(organization_id, "blind", ["suppress.1"])
    with pytest.raises(KeyLost):
        blind.digest(organization_id, "suppress", "phone", PHONE)
