"""Reconciliation: differences are found, named and set aside; nothing is destroyed because its partner is missing."""

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from calls.models import Recording, Transcript
from ground import audit, vault
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind, declaration_of
from ground.inventory.models import Hold, ObjectRemoval
from ground.tenancy import Actor, acting_for, uuid7
from ground.vault.models import DataKey
from retention.models import QuarantinedObject
from retention.services import pages_of_rows, reconcile_keys, reconcile_objects
from retention.services import reconcile as reconciling
from retention.services.reconcile import reconcile
from tests.holdings import days_ago, exists, keep_call

pytestmark = pytest.mark.django_db(transaction=True)


def alerts(organization):
    with acting_for(organization.id):
        return set(audit.models.Alert.objects.open().values_list("kind", flat=True))


def forget_key(organization, key_id):
    with acting_for(organization.id, using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute("DELETE FROM vault_datakey WHERE id = %s", [key_id])


def orphan(organization):
    sealer = vault.sealer(organization.id, "recording", days_ago(1))
    name, _ = sealer.put_object([b"sound"], object_id=uuid7())
    return name


def test_all_in_order_raises_nothing(organization):
    keep_call(organization.id, days_ago(3))
    report = reconcile(organization.id)
    assert (report.rows_seen, report.objects_seen) == (4, 1)
    assert (report.keys_lost, report.objects_missing, report.objects_quarantined) == (0, 0, 0)
    assert not alerts(organization) & {"retention.keys_lost", "retention.objects_missing"}


def test_a_key_that_is_lost_is_an_alarm_and_its_row_stays(organization):
    kept = keep_call(organization.id, days_ago(3))
    forget_key(organization, kept.transcript.key_id)
    assert reconcile(organization.id).keys_lost == 1
    assert "retention.keys_lost" in alerts(organization)
    assert exists(organization.id, kept.transcript)


def test_a_row_sealed_anew_while_we_look_is_no_lost_key(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(3), parts=("transcript",))
    fresh = vault.sealer(organization.id, "transcript", days_ago(3))
    existing, done = vault.keys.existing, []

    def seal_anew_first(organization_id, ids):
        if not done and kept.transcript.key_id in ids:
            done.append(1)
            with acting_for(organization.id):
                Transcript.objects.filter(id=kept.transcript.id).update(key_id=fresh.key_id)
            vault.keys.destroy(organization.id, [kept.transcript.key_id])
        return existing(organization_id, ids)

    monkeypatch.setattr(vault.keys, "existing", seal_anew_first)
    assert reconcile(organization.id).keys_lost == 0
    assert done and exists(organization.id, kept.transcript)


def test_a_row_whose_destruction_is_journalled_is_finished_off(organization):
    kept = keep_call(organization.id, days_ago(3))
    vault.journal.append(
        organization.id,
        "destroy",
        {
            "batch": uuid7(),
            "table": "calls_transcript",
            "category": "transcript",
            "rows": kept.transcript.id.bytes.hex(),
            "keys": kept.transcript.key_id.bytes.hex(),
            "objects": "",
            "tombstones": "",
        },
    )
    vault.keys.destroy(organization.id, [kept.transcript.key_id])
    report = reconcile(organization.id)
    assert (report.finished_off, report.keys_lost) == (1, 0)
    assert not exists(organization.id, kept.transcript)
    assert kept.listen()


def test_an_object_nobody_names_is_looked_at_again_after_seven_days_before_it_goes(organization):
    name, store = orphan(organization), vault.objects.store()
    assert reconcile(organization.id).objects_quarantined == 1
    for _ in range(2):
        report = reconcile(organization.id)
        assert (report.objects_quarantined, report.objects_released) == (0, 0)
    assert store.exists(name)
    with acting_for(organization.id):
        one = QuarantinedObject.objects.get()
        assert one.not_before - one.seen_at == reconcile_objects.QUARANTINE
        QuarantinedObject.objects.update(not_before=days_ago(0, hours=1))
    assert reconcile(organization.id).objects_released == 1
    assert not store.exists(name)


def test_an_object_that_found_its_row_in_time_leaves_quarantine(organization):
    kept = keep_call(organization.id, days_ago(3), parts=("recording",))
    with acting_for(organization.id):
        QuarantinedObject.objects.create(
            organization_id=organization.id,
            object_name=kept.recording.object_name,
            seen_at=days_ago(8),
            not_before=days_ago(1),
        )
    assert reconcile(organization.id).objects_released == 0
    assert kept.listen()
    with acting_for(organization.id):
        assert not QuarantinedObject.objects.exists()


def test_an_object_that_waits_for_its_removal_is_no_orphan(organization):
    name = orphan(organization)
    with acting_for(organization.id):
        ObjectRemoval.objects.create(organization_id=organization.id, batch_id=uuid7(), object_name=name)
    assert reconcile(organization.id).objects_quarantined == 0


def test_a_missing_object_is_an_alarm_and_its_row_stays(organization):
    kept = keep_call(organization.id, days_ago(3))
    vault.objects.store().delete_many([kept.recording.object_name])
    assert reconcile(organization.id).objects_missing == 1
    assert "retention.objects_missing" in alerts(organization)
    with acting_for(organization.id):
        assert Recording.objects.count() == 1


def test_a_key_whose_row_never_came_is_set_aside_and_still_opens(organization):
    [key] = vault.keys.mint(organization.id, "transcript", days_ago(3))
    with acting_for(organization.id, using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute("UPDATE vault_datakey SET deadline = now() - interval '1 hour' WHERE id = %s", [key.id])
    assert reconcile(organization.id).keys_quarantined == 1
    assert vault.keys.open_one(organization.id, key.id).secret == key.secret
    with acting_for(organization.id, using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute("SELECT deadline > now() + interval '6 days' FROM vault_datakey WHERE id = %s", [key.id])
        assert cursor.fetchone() == (True,)


def test_a_key_whose_confirmation_was_lost_is_confirmed(organization):
    kept = keep_call(organization.id, days_ago(3), parts=("transcript",))
    with acting_for(organization.id, using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute(
            "UPDATE vault_datakey SET state = %s, deadline = now() - interval '1 hour' WHERE id = %s",
            [DataKey.State.PENDING.value, kept.transcript.key_id],
        )
    assert reconcile(organization.id).keys_quarantined == 0
    assert kept.open_transcript()


def unnamed_keys(organization, count):
    """Live keys whose rows went by a way that is not ours."""
    keys = vault.keys.mint(organization.id, "transcript", days_ago(3), count=count)
    vault.keys.confirm(organization.id, [key.id for key in keys])
    return keys


def test_live_keys_that_no_row_names_are_set_aside_and_go_after_another_look(organization, monkeypatch):
    monkeypatch.setattr(reconcile_keys, "CANDIDATES", 2)
    kept = [keep_call(organization.id, days_ago(day)) for day in (1, 2, 3)]
    stray = unnamed_keys(organization, 5)
    report = reconcile(organization.id)
    assert (report.keys_quarantined, report.keys_seen) == (5, 3 * 4 + 5)
    assert all(vault.keys.open_one(organization.id, key.id).secret == key.secret for key in stray)
    assert reconcile(organization.id).keys_quarantined == 0
    with acting_for(organization.id, using="keyring"), connections["keyring"].cursor() as cursor:
        cursor.execute("UPDATE vault_datakey SET deadline = now() - interval '1 hour' WHERE state = 2")
    reconcile(organization.id)
    assert not vault.keys.existing(organization.id, [key.id for key in stray])
    assert all(each.listen() and each.open_transcript() for each in kept)


def test_a_key_whose_row_comes_while_we_look_is_no_finding(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(3), parts=("transcript",))
    monkeypatch.setattr(reconcile_keys, "_named_in_order", lambda organization_id, after: (yield from ()))
    assert reconcile(organization.id).keys_quarantined == 0
    assert kept.open_transcript()


@given(left=st.sets(st.integers(0, 40)), right=st.lists(st.integers(0, 40)))
def test_two_ascending_streams_are_told_apart(left, right):
    found = reconcile_keys.only_left(iter(sorted(left)), iter(sorted(right)))
    assert list(found) == sorted(left - set(right))


def test_a_recording_that_is_purged_while_we_look_is_not_missing(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(3))
    store = vault.objects.store()
    absent = store.absent

    def purged_before(names):
        if names and exists(organization.id, kept.recording):
            with acting_for(organization.id):
                Recording.objects.filter(id=kept.recording.id).delete()
            store.delete_many(names)
        return absent(names)

    monkeypatch.setattr(type(store), "absent", lambda self, names: purged_before(names))
    assert reconcile(organization.id).objects_missing == 0


def test_a_journalled_row_that_leaves_by_itself_meanwhile_is_nobodys_work(organization):
    kept = keep_call(organization.id, days_ago(5), parts=("transcript",))
    with acting_for(organization.id):
        type(kept.transcript).objects.all().delete()
    declaration = declaration_of(type(kept.transcript))
    assert reconciling._finish(declaration, organization.id, [kept.transcript.id]).rows == 0


def test_rows_that_no_hold_can_keep_are_finished_off_like_others(organization):
    hold = holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.PERIOD, start=days_ago(2), end=days_ago(1)),
        reason="a claim",
        review_on=days_ago(-9).date(),
        by=Actor.system("test"),
        at=days_ago(0),
    )
    vault.keys.destroy(organization.id, [hold.key_id])
    assert reconciling._finish(declaration_of(Hold), organization.id, [hold.id]).rows == 1
    assert not exists(organization.id, hold)


def test_a_quarantined_key_that_a_row_names_by_now_is_live_again(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(5), parts=("transcript",))
    key_id = kept.transcript.key_id
    assert vault.keys.quarantine(organization.id, [key_id]) == 1
    monkeypatch.setattr(vault.keys, "quarantine_over", lambda organization_id: [key_id])
    reconcile(organization.id)
    assert key_id in list(vault.keys.live(organization.id))
    assert kept.open_transcript()


def test_rows_are_read_page_by_page_to_the_end(organization, monkeypatch):
    kept = [keep_call(organization.id, days_ago(n), parts=("transcript",)) for n in range(1, 6)]
    monkeypatch.setattr(pages_of_rows, "PAGE", 2)
    read = [row["id"] for page in pages_of_rows.pages(declaration_of(Transcript), organization.id) for row in page]
    assert read == sorted(one.transcript.id for one in kept)
