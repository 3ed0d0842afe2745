"""A batch that fails: an outage leaves its claim, a deadlock is tried again, one bad row stops nobody else."""

import pytest
from django.db import OperationalError
from django.db.models import Q
from psycopg.errors import DeadlockDetected

from calls.models import Transcript
from ground import audit, faults, jobs, vault
from ground.audit.models import Alert
from ground.inventory import destruction, journalled
from ground.inventory.declarations import declaration_of
from ground.inventory.destruction import Reason
from ground.inventory.models import BatchState, DestructionBatch
from ground.jobs.models import Slot
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import KeyringDown
from tests.holdings import days_ago, exists, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


def claim(organization, *kept, reason=Reason.MEMBER):
    ids = [one.transcript.id for one in kept]
    return destruction.claim(declaration_of(Transcript), organization.id, Q(id__in=ids), reason=reason, by=BY)


def batches(organization):
    with acting_for(organization.id):
        return list(DestructionBatch.objects.order_by("id").values_list("state", "rows"))


def make_resist(monkeypatch, bad):
    """Deleting `bad` fails from now on, alone or among others."""
    delete = destruction.delete_rows

    def resist(declaration, ids):
        if bad.transcript.id in ids:
            raise ValueError("this row resists")
        return delete(declaration, ids)

    monkeypatch.setattr(destruction, "delete_rows", resist)


def test_one_bad_row_is_set_aside_with_an_alert_and_the_others_go(organization, monkeypatch):
    kept = [keep_call(organization.id, days_ago(91 + n), parts=("transcript",)) for n in range(5)]
    bad = kept[2]
    make_resist(monkeypatch, bad)
    outcome = destruction.destroy_now(Transcript, organization.id, where=Q(), reason=Reason.MEMBER, by=BY)
    assert (outcome.rows, outcome.set_aside) == (4, 1)
    assert [exists(organization.id, one.transcript) for one in kept] == [False, False, True, False, False]
    with acting_for(organization.id):
        assert Transcript.objects.get().set_aside_at is not None
        assert Alert.objects.open().get(kind="destruction.set_aside").key == str(bad.transcript.id)
        assert not DestructionBatch.objects.filter(state=BatchState.CLAIMED).exists()


def test_a_bad_row_in_a_resumed_batch_takes_no_row_with_it_that_is_readable_still(organization, monkeypatch):
    gone, lengthened = (keep_call(organization.id, days_ago(91), parts=("transcript",)) for _ in range(2))
    batch_id = claim(organization, gone, lengthened, reason=Reason.EXPIRED)
    declaration = declaration_of(Transcript)
    with acting_for(organization.id):  # the attempt that died had journalled and destroyed one key
        batch = DestructionBatch.objects.get(id=batch_id)
        rows = list(Transcript.objects.filter(id=gone.transcript.id).values(*journalled.columns(declaration)))
        vault.journal.append(organization.id, "destroy", journalled.journal_form(declaration, batch, rows))
        DestructionBatch.objects.filter(id=batch_id).update(claimed_at=days_ago(3))
    vault.keys.destroy(organization.id, [gone.transcript.key_id])
    make_resist(monkeypatch, gone)
    assert destruction.resume(organization.id).set_aside == 1
    assert lengthened.open_transcript(), "the period may have been lengthened since: the sweep decides anew"
    assert exists(organization.id, gone.transcript)


def test_what_fails_after_the_commit_is_done_and_not_taken_apart(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(91), parts=("transcript",))
    monkeypatch.setattr(faults, "_passed", {})
    monkeypatch.setenv(faults.VARIABLE, "destruction.after_rows:error")
    outcome = destruction.destroy_now(Transcript, organization.id, where=Q(), reason=Reason.MEMBER, by=BY)
    assert (outcome.rows, outcome.set_aside) == (0, 0)
    assert not exists(organization.id, kept.transcript)
    assert batches(organization) == [(BatchState.DONE, 1)]


def test_a_batch_is_executed_once(organization):
    batch_id = claim(organization, keep_call(organization.id, days_ago(91), parts=("transcript",)))
    assert destruction.execute(organization.id, batch_id).rows == 1
    assert destruction.execute(organization.id, batch_id).rows == 0
    assert batches(organization) == [(BatchState.DONE, 1)]


@pytest.mark.parametrize(("deadlocks", "works"), [(2, True), (3, False)])
def test_a_broken_deadlock_is_tried_again_a_bounded_number_of_times(organization, monkeypatch, deadlocks, works):
    kept = keep_call(organization.id, days_ago(91), parts=("transcript",))
    batch_id = claim(organization, kept)
    look, refused = destruction.last_look.look, []

    def deadlocked(*arguments, **options):
        if len(refused) < deadlocks:
            refused.append(1)
            raise OperationalError("deadlock detected") from DeadlockDetected()
        return look(*arguments, **options)

    monkeypatch.setattr(destruction.last_look, "look", deadlocked)
    if works:
        assert destruction.execute(organization.id, batch_id).rows == 1
    else:
        with pytest.raises(OperationalError):
            destruction.execute(organization.id, batch_id)
        assert kept.open_transcript()
        assert batches(organization) == [(BatchState.CLAIMED, 0)], "the claim waits for the next attempt"


def test_an_outage_stops_one_claim_and_not_the_others_and_is_told_in_the_end(organization, monkeypatch):
    kept = [keep_call(organization.id, days_ago(91), parts=("transcript",)) for _ in range(2)]
    for one in kept:
        claim(organization, one)
    with acting_for(organization.id):
        DestructionBatch.objects.update(claimed_at=days_ago(1))
    destroy, asked = vault.keys.destroy, []

    def once_down(*arguments):
        asked.append(1)
        if len(asked) == 1:
            raise KeyringDown("the keyring does not answer")
        return destroy(*arguments)

    monkeypatch.setattr(vault.keys, "destroy", once_down)
    with pytest.raises(KeyringDown):
        destruction.resume(organization.id)
    assert [exists(organization.id, one.transcript) for one in kept] == [True, False]
    assert kept[0].open_transcript()
    assert destruction.resume(organization.id).rows == 1
    assert not exists(organization.id, kept[0].transcript)


def test_plain_rows_go_in_bounded_steps_each_with_its_evidence(organization, monkeypatch):
    for moment in range(3):
        jobs.slot("retention.sweep", organization.id, f"2026-11-22T10:{moment:02d}")
    monkeypatch.setattr(destruction.delete_plain, "__kwdefaults__", {"run_id": None, "limit": 2})
    outcome = destruction.destroy_now(Slot, organization.id, where=Q(), reason=Reason.EXPIRED, by=BY)
    assert (outcome.rows, len(outcome.batches)) == (3, 2)
    assert batches(organization) == [(BatchState.DONE, 2), (BatchState.DONE, 1)]
    with acting_for(organization.id):
        assert not Slot.objects.exists()
        assert audit.events(organization.id, kind="inventory.destroyed").count() == 2


def test_what_the_journal_took_back_counts_as_destroyed_no_more(organization):
    kept = keep_call(organization.id, days_ago(91), parts=("transcript",))
    declaration, batch_id = declaration_of(Transcript), claim(organization, kept)
    with acting_for(organization.id):
        batch = DestructionBatch.objects.get(id=batch_id)
        rows = list(Transcript.objects.values(*journalled.columns(declaration)))
        vault.journal.append(organization.id, "destroy", journalled.journal_form(declaration, batch, rows))
        assert journalled.still_destroyed(organization.id, declaration.table) == {kept.transcript.id}
        journalled.take_back(declaration, batch, rows)
    assert journalled.still_destroyed(organization.id, declaration.table) == set()
