"""Data keys: minted, confirmed, opened, destroyed, set aside; never a guess."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction

from ground import vault
from ground.tenancy import acting_for
from ground.vault import keys, keystore, shelves
from ground.vault.exceptions import (
    KeyDeadlinePassed,
    KeyLost,
    KeyringDown,
    KeyStoreDown,
    SealedTwice,
    ShelfBusy,
    ShelfDestroyed,
    ShelfLost,
    WrongKey,
)
from ground.vault.models import DataKey as Row
from ground.vault.models import ShelfVersion

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("vault_home")]


@pytest.fixture
def organization_id():
    return uuid4()


def rows(organization_id):
    with acting_for(organization_id, using="keyring"):
        return list(Row.objects.order_by("id"))


def change(organization_id, statement, *parameters):
    with acting_for(organization_id, using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def pass_deadline(organization_id):
    change(organization_id, "UPDATE vault_datakey SET deadline = now() - interval '1 s' WHERE state <> 1")


def test_a_minted_key_opens_again_and_unseals(organization_id):
    row = uuid4()
    [key] = keys.mint(organization_id, "recording", AT)
    sealed = vault.seal(key, b"words", category="recording", object_id=row)
    again = keys.open_one(organization_id, key.id)
    assert again.secret == key.secret
    assert vault.unseal(again, sealed, category="recording", object_id=row) == b"words"
    with pytest.raises(SealedTwice):
        vault.seal(again, b"other words", category="recording", object_id=row)


def test_thousands_are_minted_with_one_shelf_and_one_insert_per_batch(organization_id, django_assert_max_num_queries):
    keys.mint(organization_id, "transcript", AT)
    with django_assert_max_num_queries(8, connection=connections["keyring"]):
        minted = keys.mint(organization_id, "transcript", AT, 5_000)
    minted += keys.mint(organization_id, "transcript", AT, 1_001)
    assert len({key.id for key in minted}) == 6_001
    opened = keys.open(organization_id, [key.id for key in minted])
    assert all(opened[key.id].secret == key.secret for key in minted)
    assert len(keystore.store().ids(organization_id, "shelf")) == 1
    assert all(len(row.wrapped) == 60 for row in rows(organization_id))


def test_minting_nothing_and_opening_nothing_is_fine(organization_id):
    assert keys.mint(organization_id, "recording", AT, 0) == []
    assert keys.open(organization_id, []) == {}
    assert keys.destroy(organization_id, []).count == 0
    assert keys.confirm(organization_id, []) == 0
    keys.still_pending_ok(organization_id, [])


def test_a_clock_moment_needs_a_zone(organization_id):
    with pytest.raises(ValueError, match="zone"):
        keys.mint(organization_id, "recording", datetime(2026, 1, 1))  # noqa: DTZ001  (naive on purpose)


def test_keys_are_pending_until_confirmed(organization_id):
    ids = [key.id for key in keys.mint(organization_id, "recording", AT, 3)]
    assert {row.state for row in rows(organization_id)} == {Row.State.PENDING}
    keys.still_pending_ok(organization_id, ids)
    assert keys.confirm(organization_id, ids[:2]) == 2
    assert keys.confirm(organization_id, ids[:2]) == 0
    states = {row.id: (row.state, row.deadline is None) for row in rows(organization_id)}
    assert states[ids[0]] == (Row.State.LIVE, True)
    assert states[ids[2]] == (Row.State.PENDING, False)


def test_a_row_past_its_deadline_is_refused(organization_id):
    ids = [key.id for key in keys.mint(organization_id, "recording", AT, 2)]
    keys.confirm(organization_id, ids[:1])
    pass_deadline(organization_id)
    keys.still_pending_ok(organization_id, ids[:1])
    with pytest.raises(KeyDeadlinePassed):
        keys.still_pending_ok(organization_id, ids)
    with pytest.raises(KeyDeadlinePassed):
        keys.still_pending_ok(organization_id, [uuid4()])


def test_destroyed_is_unreadable_at_once_and_repeating_is_safe(organization_id):
    ids = [key.id for key in keys.mint(organization_id, "recording", AT, 3)]
    assert keys.destroy(organization_id, ids[:2]).count == 2
    assert keys.destroy(organization_id, ids[:2]).count == 0
    assert keys.existing(organization_id, ids) == {ids[2]}
    with pytest.raises(KeyLost) as lost:
        keys.open(organization_id, ids)
    assert lost.value.ids == set(ids[:2])


def test_what_was_destroyed_from_is_named_and_marked_for_the_night(organization_id):
    ids = [key.id for key in keys.mint(organization_id, "recording", AT, 3)]
    other = [key.id for key in keys.mint(organization_id, "transcript", AT, 1)]
    done = keys.destroy(organization_id, ids[:1])
    assert done.count == 1
    [version] = done.shelf_versions
    with shelves.keyring(organization_id, durable=False):
        assert list(ShelfVersion.objects.filter(dirty_at__isnull=False).values_list("id", flat=True)) == [version]
    assert keys.destroy(organization_id, ids[:1]) == keys.Destroyed(0, frozenset({version}))
    assert version not in keys.destroy(organization_id, other).shelf_versions


def test_another_organization_sees_opens_and_destroys_nothing(organization_id):
    [key] = keys.mint(organization_id, "recording", AT)
    outsider = uuid4()
    with pytest.raises(KeyLost):
        keys.open(outsider, [key.id])
    assert keys.destroy(outsider, [key.id]).count == keys.confirm(outsider, [key.id]) == 0
    assert keys.existing(outsider, [key.id]) == set()
    with connections["keyring"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vault_datakey")
        assert cursor.fetchone() == (0,)  # no context, no rows
    assert keys.open_one(organization_id, key.id).secret == key.secret


def test_a_swapped_or_altered_row_is_a_wrong_key(organization_id):
    one, other = keys.mint(organization_id, "recording", AT, 2)
    change(
        organization_id,
        "UPDATE vault_datakey SET wrapped = (SELECT k.wrapped FROM vault_datakey k WHERE k.id = %s) WHERE id = %s",
        other.id,
        one.id,
    )
    with pytest.raises(WrongKey):
        keys.open_one(organization_id, one.id)
    change(organization_id, "UPDATE vault_datakey SET wrapped = set_byte(wrapped, 20, 7) WHERE id = %s", other.id)
    with pytest.raises(WrongKey):
        keys.open_one(organization_id, other.id)


def test_a_key_moved_to_another_shelf_is_a_wrong_key(organization_id):
    [here] = keys.mint(organization_id, "recording", AT)
    [there] = keys.mint(organization_id, "transcript", AT)
    change(
        organization_id,
        "UPDATE vault_datakey SET shelf_version_id = (SELECT k.shelf_version_id FROM vault_datakey k WHERE k.id = %s) "
        "WHERE id = %s",
        there.id,
        here.id,
    )
    with pytest.raises(WrongKey):
        keys.open_one(organization_id, here.id)


def test_a_missing_shelf_key_is_an_alarm_and_a_destroyed_one_is_told_apart(organization_id):
    [key] = keys.mint(organization_id, "recording", AT)
    shelves.drop_cache()
    store = keystore.store()
    [version] = store.ids(organization_id, "shelf")
    store.destroy(organization_id, "shelf", [version])
    with pytest.raises(ShelfDestroyed):
        keys.open_one(organization_id, key.id)
    store.forget_notes(organization_id, datetime.now(UTC).replace(year=2100))
    with pytest.raises(ShelfLost) as lost:
        keys.open_one(organization_id, key.id)
    assert not isinstance(lost.value, ShelfDestroyed)
    with pytest.raises(ShelfLost):
        keys.mint(organization_id, "recording", AT)


def test_pending_keys_are_settled_by_their_rows_and_nothing_is_destroyed(organization_id):
    ids = [key.id for key in keys.mint(organization_id, "recording", AT, 3)]
    assert keys.settle_pending(organization_id, set) == keys.Settled(0, 0)  # none is late yet
    pass_deadline(organization_id)
    asked = []

    def has_row(late):
        asked.extend(late)
        return {ids[0]}

    assert keys.settle_pending(organization_id, has_row) == keys.Settled(1, 2)
    assert sorted(asked) == sorted(ids)
    assert len(keys.open(organization_id, ids)) == 3  # quarantined keys still open
    assert keys.quarantine_over(organization_id) == []
    with pytest.raises(KeyDeadlinePassed):
        keys.still_pending_ok(organization_id, ids[1:])
    days = [row.deadline - datetime.now(UTC) for row in rows(organization_id) if row.state == Row.State.QUARANTINED]
    assert all(6 <= left.days <= 7 for left in days)
    pass_deadline(organization_id)
    assert set(keys.quarantine_over(organization_id)) == set(ids[1:])
    assert keys.confirm(organization_id, ids[1:2]) == 1  # its row turned up after all
    assert keys.quarantine_over(organization_id) == [ids[2]]


def test_the_key_store_down_is_an_outage(organization_id, settings, monkeypatch):
    store = keystore.store()
    keys.mint(organization_id, "recording", AT)
    shelves.drop_cache()
    for place in (store.primary, store.mirror):
        monkeypatch.setattr(place, "folder", settings.ROOT_KEY_FILE)  # a file, not a folder
    with pytest.raises(KeyStoreDown):
        keys.mint(organization_id, "recording", AT)


def test_the_keyring_down_is_an_outage(organization_id, monkeypatch):
    keys.mint(organization_id, "recording", AT)
    change_to = "SET LOCAL statement_timeout = '1ms'"
    original = shelves.hold_lock
    monkeypatch.setattr(shelves, "hold_lock", lambda _: change(organization_id, change_to + "; SELECT pg_sleep(1)"))
    with pytest.raises(KeyringDown):
        keys.mint(organization_id, "transcript", AT)
    monkeypatch.setattr(shelves, "hold_lock", original)
    keys.mint(organization_id, "transcript", AT)


@pytest.mark.django_db(transaction=True)
def test_minting_inside_a_longer_keyring_transaction_is_refused(organization_id):
    with transaction.atomic(using="keyring"), pytest.raises(RuntimeError, match="durable"):
        keys.mint(organization_id, "recording", AT)


def test_the_sealer_does_the_common_case(organization_id):
    row = uuid4()
    sealer = vault.sealer(organization_id, "contact", AT)
    details = sealer.seal_json({"name": "Zoë"}, object_id=row)
    numbers = sealer.seal(b"+4915123456789", object_id=row, slot="numbers")
    name, stored = sealer.put_object([b"audio" * 50_000], object_id=row)
    sealer.ready()
    sealer.confirm()
    key = keys.open_one(organization_id, sealer.key_id)
    assert vault.unseal_json(key, details, category="contact", object_id=row) == {"name": "Zoë"}
    assert vault.unseal(key, numbers, category="contact", object_id=row, slot="numbers") == b"+4915123456789"
    assert b"".join(vault.objects.open_range(key, name, 3, 4)) == b"ioau"
    assert vault.objects.store().size(name) == stored


def test_no_secret_reaches_the_log_or_a_repr(organization_id, caplog):
    caplog.set_level("DEBUG")
    [key] = keys.mint(organization_id, "recording", AT)
    shelf = shelves.active(organization_id, "recording", AT)
    store = keystore.store()
    [version] = store.ids(organization_id, "shelf")
    secret = store.get(organization_id, "shelf", version)
    shown = caplog.text + repr([key, shelf, store, store.root, store.record(organization_id), shelves._ciphers])
    for hidden in (key.secret, secret, store.root.escrow_secret()):
        assert hidden.hex() not in shown
        assert repr(hidden)[2:-1] not in shown


@pytest.mark.parametrize("answer", ["refused", "fewer rows"])
def test_a_shelf_that_always_changes_under_us_is_busy_and_mints_nothing(vault_home, monkeypatch, answer):
    def retiring(*_):
        if answer == "refused":
            raise IntegrityError("the version is not active any more")
        return [SimpleNamespace(count=0)]

    organization_id = uuid4()
    with monkeypatch.context() as patch:
        patch.setattr(keys.shelves, "at_once", retiring)
        with pytest.raises(ShelfBusy, match="keeps changing"):
            keys.mint(organization_id, "recording", datetime.now(UTC))
    [key] = keys.mint(organization_id, "recording", datetime.now(UTC))
    assert keys.existing(organization_id, [key.id]) == {key.id}


def test_live_keys_are_read_page_by_page_to_the_end(vault_home, monkeypatch):
    organization_id = uuid4()
    minted = keys.mint(organization_id, "recording", datetime.now(UTC), 5)
    keys.confirm(organization_id, [key.id for key in minted])
    monkeypatch.setattr(keys, "BATCH", 2)
    assert list(keys.live(organization_id)) == sorted(key.id for key in minted)


@pytest.mark.django_db(transaction=True, databases=["default", "keyring"])
def test_a_keyring_that_breaks_off_in_one_message_is_an_outage_and_the_next_goes_through(
    vault_home, superuser_connection
):
    organization_id = uuid4()
    keys.mint(organization_id, "recording", datetime.now(UTC))
    pid = connections["keyring"].connection.info.backend_pid
    superuser_connection("keyring").execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(KeyringDown):
        keys.mint(organization_id, "recording", datetime.now(UTC))
    assert len(keys.mint(organization_id, "recording", datetime.now(UTC))) == 1
