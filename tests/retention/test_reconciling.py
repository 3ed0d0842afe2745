"""Reconciliation: differences are found, named and set aside; nothing is destroyed because its partner is missing."""

import pytest
from django.db import connections

from calls.models import Recording, Transcript
from ground import audit, vault
from ground.inventory.models import ObjectRemoval
from ground.tenancy import acting_for, uuid7
from ground.vault.models import DataKey
from retention.models import QuarantinedObject
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
        assert one.not_before - one.seen_at == reconciling.QUARANTINE
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
