"""Keys minted ahead: each is given out once, none is kept in the clear, and what is left over is told."""

import os
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connections

from ground import vault
from ground.tenancy import acting_for
from ground.vault import keys, shelves, stock
from ground.vault.exceptions import KeyDeadlinePassed, KeyringDown
from ground.vault.models import DataKey as Row
from ground.vault.models import ShelfVersion

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vault_home")]


@pytest.fixture
def organization_id():
    return uuid4()


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when the test says so."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(stock.time, "monotonic", lambda: Clock.now)
    return Clock


def states(organization_id):
    with acting_for(organization_id, using="keyring"):
        return dict(Row.objects.values_list("id", "state"))


def test_every_key_is_another_committed_one_and_seals(organization_id):
    taken = [stock.take(organization_id, "recording", AT)[0] for _ in range(200)]
    assert len({key.id for key in taken}) == len({key.secret for key in taken}) == 200
    assert {key.id for key in taken} <= set(states(organization_id))
    keys.still_pending_ok(organization_id, [key.id for key in taken])
    row = uuid4()
    sealed = vault.seal(taken[-1], b"words", category="recording", object_id=row)
    again = keys.open_one(organization_id, taken[-1].id)
    assert vault.unseal(again, sealed, category="recording", object_id=row) == b"words"


def test_nothing_is_minted_ahead_where_traffic_is_quiet(organization_id, clock):
    for _ in range(5):
        stock.take(organization_id, "recording", AT)
        clock.now += stock.BRISK_SECONDS + 1
    assert len(states(organization_id)) == 5


def test_one_commit_serves_many_where_it_is_brisk(organization_id, django_assert_max_num_queries):
    for _ in range(60):
        stock.take(organization_id, "recording", AT)
    minted = len(states(organization_id))
    with django_assert_max_num_queries(8, connection=connections["keyring"]):
        for _ in range(60):
            stock.take(organization_id, "recording", AT)
    assert 120 <= len(states(organization_id)) <= minted + stock.LARGEST + 1


def test_categories_weeks_and_organizations_have_stocks_of_their_own(organization_id):
    wants = [(organization_id, "recording", AT), (organization_id, "transcript", AT), (uuid4(), "recording", AT)]
    wants.append((organization_id, "recording", datetime(2026, 11, 27, tzinfo=UTC)))
    for _ in range(6):
        for organization, category, at in wants:
            [key] = stock.take(organization, category, at)
            assert key.organization_id == organization
            with acting_for(organization, using="keyring"):
                shelf = ShelfVersion.objects.get(id=Row.objects.get(id=key.id).shelf_version_id).shelf
            assert (shelf.category, shelf.iso_week) == (category, shelves.iso_week(at))


def test_no_secret_is_remembered(organization_id):
    [key] = [stock.take(organization_id, "recording", AT) for _ in range(3)][-1]
    with acting_for(organization_id, using="keyring"):
        stored = {row.id: bytes(row.wrapped) for row in Row.objects.all()}
    [shelf] = stock._houses[organization_id].shelves.values()
    assert shelf.left
    assert all(stored[key_id] == wrapped for key_id, wrapped in shelf.left)
    assert key.id not in dict(shelf.left)
    assert "left" not in repr(stock._houses)


def test_a_key_confirmed_where_it_is_brisk_goes_live_with_the_next_mint(organization_id):
    [quiet] = stock.take(organization_id, "recording", AT)
    stock.confirm(organization_id, [quiet.id])
    assert states(organization_id)[quiet.id] == Row.State.LIVE
    brisk = [stock.take(organization_id, "recording", AT)[0].id for _ in range(2)]
    stock.confirm(organization_id, brisk)
    assert {states(organization_id)[key_id] for key_id in brisk} == {Row.State.PENDING}
    for _ in range(2):
        stock.take(organization_id, "recording", AT)
    assert {states(organization_id)[key_id] for key_id in brisk} == {Row.State.LIVE}


def test_what_nobody_took_in_time_is_deleted_and_no_shelf_waits_for_the_night(organization_id, clock):
    taken = {stock.take(organization_id, "recording", AT)[0].id for _ in range(2)}
    assert len(states(organization_id)) == 4
    clock.now += stock.GOOD_FOR_SECONDS + 1
    taken |= {stock.take(organization_id, "transcript", AT)[0].id}
    assert set(states(organization_id)) == taken
    with acting_for(organization_id, using="keyring"):
        assert not ShelfVersion.objects.filter(dirty_at__isnull=False).exists()


def test_an_outage_loses_no_confirmation(organization_id, monkeypatch):
    taken = [stock.take(organization_id, "recording", AT)[0].id for _ in range(2)]
    stock.confirm(organization_id, taken)
    with monkeypatch.context() as patch:
        patch.setattr(keys, "mint_wrapped", lambda *_, **__: (_ for _ in ()).throw(KeyringDown("x")))
        with pytest.raises(KeyringDown):
            stock.take(organization_id, "transcript", AT)
    stock.take(organization_id, "transcript", AT)
    assert {states(organization_id)[key_id] for key_id in taken} == {Row.State.LIVE}


def test_keys_that_a_restored_keyring_does_not_know_are_refused_before_a_row_stands(organization_id):
    for _ in range(2):
        stock.take(organization_id, "recording", AT)
    with acting_for(organization_id, using="keyring"):
        Row.objects.all().delete()
    [lost] = stock.take(organization_id, "recording", AT)
    with pytest.raises(KeyDeadlinePassed):
        keys.still_pending_ok(organization_id, [lost.id])
    stock.forget(organization_id)
    [key] = stock.take(organization_id, "recording", AT)
    keys.still_pending_ok(organization_id, [key.id])


def test_a_fork_starts_with_none(organization_id):
    for _ in range(2):
        stock.take(organization_id, "recording", AT)
    child = os.fork()
    if child == 0:
        os._exit(0 if not stock._houses else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert stock._houses


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_a_shelf_rotated_meanwhile_gives_keys_of_its_new_version():
    organization_id = uuid4()
    for _ in range(2):
        [key] = stock.take(organization_id, "recording", AT)
    with acting_for(organization_id, using="keyring"):
        old = Row.objects.get(id=key.id).shelf_version_id
        shelf = ShelfVersion.objects.get(id=old).shelf
    with shelves.locked(organization_id):
        shelves.new_version(shelf)
    with acting_for(organization_id, using="keyring"):
        Row.objects.all().delete()
    shelves.destroy_version(organization_id, old)
    [key] = stock.take(organization_id, "recording", AT)
    keys.still_pending_ok(organization_id, [key.id])
    assert keys.open_one(organization_id, key.id).secret == key.secret


def test_confirmations_do_not_wait_without_a_bound(organization_id, monkeypatch):
    taken = [stock.take(organization_id, "recording", AT)[0] for _ in range(3)]
    monkeypatch.setattr(stock, "WAITING_AT_MOST", 1)
    stock.confirm(organization_id, [taken[0].id])
    assert list(keys.live(organization_id)) == []
    stock.confirm(organization_id, [taken[1].id])
    assert list(keys.live(organization_id)) == sorted(key.id for key in taken[:2])


def test_what_is_left_of_the_same_version_stays_in_stock(organization_id):
    for _ in range(3):
        stock.take(organization_id, "recording", AT)
    [shelf] = stock._houses[organization_id].shelves.values()
    left = [key_id for key_id, _ in shelf.left]
    stock.take(organization_id, "recording", AT, count=len(left) + 1)
    assert [key_id for key_id, _ in shelf.left][: len(left)] == left
    assert stock._houses[organization_id].unused == []


def test_what_is_left_of_an_older_version_is_given_back_with_the_next_mint(organization_id):
    for _ in range(3):
        stock.take(organization_id, "recording", AT)
    [shelf] = stock._houses[organization_id].shelves.values()
    left = [key_id for key_id, _ in shelf.left]
    assert left
    shelf.version_id = uuid4()  # as if the shelf had been rotated since
    stock.take(organization_id, "recording", AT, count=len(left) + 1)
    assert set(left) <= set(stock._houses[organization_id].unused)
