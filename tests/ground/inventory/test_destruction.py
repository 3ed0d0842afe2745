"""Destruction: one row, one key, counted once, whatever else happens to the row meanwhile."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.db.models import Q

from calls.models import Call, Recording, Transcript
from ground import vault
from ground.inventory import destruction, holds, journalled, tally
from ground.inventory.declarations import HoldScope, ScopeKind, declaration_of
from ground.inventory.destruction import Reason
from ground.inventory.models import BatchState, DestructionBatch, Hold, TallyDelta
from ground.tenancy import Actor, acting_for
from tests.holdings import days_ago, exists, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(work):
    """Run `work` on connections of its own; returns (thread, list of what it raised)."""
    raised = []

    def run():
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (the test looks at it)
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def test_a_row_sealed_anew_during_its_destruction_leaves_no_living_key(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(91), parts=("transcript",))
    fresh = vault.sealer(organization.id, "transcript", days_ago(91))
    journal_form, threads = journalled.journal_form, []

    def while_journalling(*arguments):
        form = journal_form(*arguments)

        def seal_anew():
            with acting_for(organization.id):
                Transcript.objects.filter(id=kept.transcript.id).update(key_id=fresh.key_id)

        threads.append(in_thread(seal_anew))
        threads[0][0].join(1.0)
        return form

    monkeypatch.setattr(journalled, "journal_form", while_journalling)
    destruction.destroy_now(Transcript, organization.id, where=Q(id=kept.transcript.id), reason=Reason.MEMBER, by=BY)
    threads[0][0].join(10)
    assert not exists(organization.id, kept.transcript)
    # whoever came second found no row, so its key is still the pending one that its own code takes back
    with connections["keyring"].cursor() as cursor, acting_for(organization.id, using="keyring"):
        cursor.execute("SELECT state FROM vault_datakey WHERE id = %s", [kept.transcript.key_id])
        assert cursor.fetchall() == []
    with acting_for(organization.id):
        batch = DestructionBatch.objects.get(reason=Reason.MEMBER)
        assert (batch.rows, batch.keys) == (1, 1)


def test_two_claims_of_the_same_row_destroy_and_count_it_once(organization):
    kept = keep_call(organization.id, days_ago(91), parts=("recording",))
    declaration = declaration_of(Recording)
    one, two = (
        destruction.claim(declaration, organization.id, Q(id=kept.recording.id), reason=Reason.MEMBER, by=BY)
        for _ in range(2)
    )
    outcomes = []
    threads = [
        in_thread(lambda batch=batch: outcomes.append(destruction.execute(organization.id, batch)))
        for batch in (one, two)
    ]
    for thread, raised in threads:
        thread.join(20)
        assert raised == []
    assert sum(outcome.rows for outcome in outcomes) == 1
    assert sum(outcome.keys for outcome in outcomes) == 1
    with acting_for(organization.id):
        assert tally.totals(organization.id)["recording"] == tally.NOTHING
        states = sorted(DestructionBatch.objects.values_list("state", flat=True))
        assert BatchState.CANCELLED in states


def test_a_row_that_cannot_be_set_aside_is_tried_once_and_not_for_ever(organization, monkeypatch):
    hold = holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.PERIOD, start=days_ago(2), end=days_ago(1)),
        reason="a claim",
        review_on=days_ago(-9).date(),
        by=BY,
        at=days_ago(0),
    )
    holds.release(organization_id=organization.id, hold_id=hold.id, by=BY, at=days_ago(0))
    attempts = []

    def fail(*arguments):
        attempts.append(1)
        assert len(attempts) < 10, "tried for ever"
        raise ValueError("this row resists")

    monkeypatch.setattr(destruction, "_remember", fail)
    outcome = destruction.destroy_now(Hold, organization.id, where=Q(id=hold.id), reason=Reason.EXPIRED, by=BY)
    assert (outcome.rows, outcome.set_aside) == (0, 1)


def test_a_claim_on_a_model_that_left_the_product_stops_nobody(organization):
    other = keep_call(organization.id, days_ago(91), parts=("transcript",))
    with acting_for(organization.id):
        lost = DestructionBatch.objects.create(
            organization_id=organization.id,
            label="gone.Model",
            category="transcript",
            reason="expired",
            by=str(BY),
            row_ids=[other.call.id],
            claimed_at=days_ago(1),
        )
        waiting = destruction.claim(
            declaration_of(Transcript), organization.id, Q(id=other.transcript.id), reason=Reason.MEMBER, by=BY
        )
        DestructionBatch.objects.filter(id=waiting).update(claimed_at=days_ago(1))
    assert destruction.resume(organization.id).rows == 1
    assert not exists(organization.id, other.transcript)
    with acting_for(organization.id):
        lost.refresh_from_db()
        assert lost.state == BatchState.CANCELLED


def test_a_resumed_claim_of_expired_rows_leaves_them_to_the_period_of_today(organization):
    kept = keep_call(organization.id, days_ago(91), parts=("transcript",))
    batch = destruction.claim(
        declaration_of(Transcript), organization.id, Q(id=kept.transcript.id), reason=Reason.EXPIRED, by=BY
    )
    with acting_for(organization.id):
        DestructionBatch.objects.filter(id=batch).update(claimed_at=days_ago(3))
    assert destruction.resume(organization.id).rows == 0
    assert kept.open_transcript()  # the period may have been lengthened since


def test_what_moved_out_of_reach_between_claim_and_destruction_stays(organization):
    kept = keep_call(organization.id, days_ago(91), parts=("transcript",))
    batch = destruction.claim(
        declaration_of(Transcript), organization.id, Q(id=kept.transcript.id), reason=Reason.EXPIRED, by=BY
    )
    with acting_for(organization.id):
        Transcript.objects.filter(id=kept.transcript.id).update(ended_at=days_ago(1))
    assert destruction.execute(organization.id, batch).rows == 0
    assert kept.open_transcript()


def test_the_moment_of_unreadability_is_the_databases_not_the_workers(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(91), parts=("transcript",))

    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - timedelta(hours=48)

    if hasattr(destruction, "datetime"):
        monkeypatch.setattr(destruction, "datetime", Wrong)
    before = datetime.now(UTC) - timedelta(minutes=1)
    destruction.destroy_now(Transcript, organization.id, where=Q(id=kept.transcript.id), reason=Reason.MEMBER, by=BY)
    with acting_for(organization.id):
        assert DestructionBatch.objects.get().unreadable_at >= before


def test_what_an_unmarked_hold_covers_does_not_stand_before_the_rest(organization, monkeypatch):
    held = [keep_call(organization.id, days_ago(200 + n), parts=("transcript",)) for n in range(3)]
    free = [keep_call(organization.id, days_ago(100 + n), parts=("transcript",)) for n in range(2)]
    monkeypatch.setattr(holds, "mark_covered", lambda *arguments, **options: False)
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.PERIOD, start=days_ago(300), end=days_ago(150)),
        reason="a claim",
        review_on=days_ago(-9).date(),
        by=BY,
        at=days_ago(0),
    )
    outcome = destruction.destroy_now(
        Transcript, organization.id, where=Q(), reason=Reason.EXPIRED, by=BY, batch_rows=2
    )
    assert outcome.rows == 2
    assert all(exists(organization.id, one.transcript) for one in held)
    assert not any(exists(organization.id, one.transcript) for one in free)


def test_totals_read_during_a_fold_count_everything_once(organization):
    with acting_for(organization.id):
        for _ in range(50):
            tally.add(organization.id, "recording", days_ago(3), rows=2, bytes=10)
    stop, seen = threading.Event(), []

    def read():
        while not stop.is_set():
            with acting_for(organization.id):
                seen.append(tally.totals(organization.id)["recording"].rows)
                seen.append(sum(amount.rows for amount in tally.by_day(organization.id, "recording").values()))

    thread, raised = in_thread(read)
    assert [tally.fold(organization.id, limit=2) for _ in range(3)] == [2, 2, 2]
    while tally.fold(organization.id, limit=1):
        pass
    stop.set()
    thread.join(10)
    assert raised == []
    assert set(seen) == {100}
    with acting_for(organization.id):
        assert not TallyDelta.objects.exists()


def test_a_replayed_destruction_also_corrects_figures_flags_and_the_providers_copy(organization):
    from calls.models import CopyState, ProviderCopy

    kept = keep_call(organization.id, days_ago(91), parts=("recording",), has_recording=True)
    with acting_for(organization.id):
        copy = ProviderCopy.objects.create(
            organization_id=organization.id,
            call_id=kept.call.id,
            connection_id=kept.call.id,
            provider="generic",
            identity=b"0" * 16,
            state=CopyState.HELD,
        )
        row = Recording.objects.get(id=kept.recording.id)
    destruction.destroy_now(Recording, organization.id, where=Q(id=row.id), reason=Reason.EXPIRED, by=BY)
    entry = next(one for one in vault.journal.entries() if one.kind == "destroy")
    with acting_for(organization.id):  # the main database of before, restored
        row.save(force_insert=True)
        tally.add(organization.id, "recording", row.ended_at, rows=1, bytes=row.stored_bytes)
        Call.objects.filter(id=kept.call.id).update(has_recording=True)
        ProviderCopy.objects.filter(id=copy.id).update(state=CopyState.HELD)
    vault.journal.replay(entry.sequence - 1)
    vault.journal.replay(entry.sequence - 1)
    assert not exists(organization.id, kept.recording)
    with acting_for(organization.id):
        assert tally.totals(organization.id)["recording"] == tally.NOTHING
        assert not Call.objects.get(id=kept.call.id).has_recording
        assert ProviderCopy.objects.get(id=copy.id).state == CopyState.DUE
