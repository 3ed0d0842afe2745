"""Sealing: nothing missed, nothing doubled, the order stable, a late commit sealed late."""

import os
import threading
from multiprocessing import get_context

import pytest
from django.db import connection, connections

from ground import audit, tenancy
from ground.audit import anchors, chain
from ground.audit.exceptions import EpochBehind
from ground.audit.models import Alert, Block, Event
from ground.audit.services import blocks
from tests.ground.audit.conftest import ANNA, BORIS, SYSTEM, append, seal, undone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]


def blocks_of(organization_id, stream="evidence"):
    with tenancy.acting_for(organization_id):
        return list(Block.objects.of_chain(organization_id, stream).order_by("number"))


def test_appended_events_are_sealed_into_one_block_and_hold():
    ids = append(count=3)
    run = seal()
    assert (run.blocks, run.events, run.failed) == (1, 3, [])
    (block,) = blocks_of(ANNA)
    assert (block.number, block.event_count, block.first_event, block.last_event) == (1, 3, ids[0], ids[-1])
    report = audit.verify()
    assert report.ok
    assert (report.blocks, report.events, report.anchors) == (1, 3, 1)


def test_nothing_new_makes_no_block():
    append()
    seal()
    assert seal().blocks == 0


def test_each_organization_and_stream_has_its_own_chain():
    for organization_id in (ANNA, BORIS):
        append(organization_id, 2)
        append(organization_id, 1, stream="access")
    assert seal().blocks == 4
    assert [block.number for block in blocks_of(ANNA) + blocks_of(ANNA, "access") + blocks_of(BORIS)] == [1, 1, 1]
    assert audit.verify().ok
    assert audit.verify(ANNA).blocks == 2


@pytest.mark.usefixtures("small_blocks")
def test_one_transaction_larger_than_a_block_is_cut_and_holds():
    with tenancy.acting_for(ANNA):
        for number in range(20):
            audit.append("tests.happened", organization_id=ANNA, actor=SYSTEM, number=number)
    seal()
    assert [block.event_count for block in blocks_of(ANNA)] == [7, 7, 6]
    report = audit.verify()
    assert (report.ok, report.events) == (True, 20)


def test_a_transaction_that_commits_late_is_still_sealed():
    late = connection.copy("default")
    try:
        with late.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT set_config('app.organization', %s, true)", [str(ANNA)])
            cursor.execute(
                "INSERT INTO audit_event"
                " (id, organization_id, stream, kind, actor_kind, actor_id, object_type, object_id, payload)"
                " VALUES (gen_random_uuid(), %s, 'evidence', 'tests.late', 'system', 'x', '', '', '{}')",
                [ANNA],
            )
            append(count=3)
            assert seal().events == 0, "an older transaction is still running: nothing behind it is sealed yet"
            cursor.execute("COMMIT")
    finally:
        late.close()
    assert seal().events == 4
    with tenancy.acting_for(ANNA):
        assert Event.objects.order_by("transaction_id").first().kind == "tests.late"
    assert audit.verify().events == 4


def test_transaction_ids_are_ordered_as_numbers_not_as_texts(superuser_connection):
    append(count=12)
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute(
        "UPDATE audit_event e SET transaction_id = (95 + place)::text::xid8"
        " FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM audit_event) o WHERE o.id = e.id"
    )
    seal()
    with tenancy.acting_for(ANNA):
        ordered = list(Event.objects.order_by("transaction_id").values_list("id", flat=True))
    (block,) = blocks_of(ANNA)
    assert (block.first_event, block.last_event) == (ordered[0], ordered[-1])
    assert audit.verify().ok


def test_a_rolled_back_transaction_leaves_no_gap():
    append()
    undone()
    append()
    assert seal().events == 2
    assert audit.verify().ok


def _write(organization_id, how_many, seed):
    connections.close_all()
    for number in range(how_many):
        with tenancy.acting_for(organization_id):
            for _ in range(1 + (number + seed) % 3):
                audit.append("tests.happened", organization_id=organization_id, actor=SYSTEM, number=number)
        if number % 10 == seed:
            undone(organization_id)
    connections.close_all()
    os._exit(0)


def _seal_until(stop):
    connections.close_all()
    failed = []
    while True:
        last = stop.is_set()
        failed += audit.seal_due().failed
        if last:
            break
    connections.close_all()
    os._exit(1 if failed else 0)


@pytest.mark.slow
def test_many_writers_and_three_sealers_miss_nothing_and_double_nothing():
    context = get_context("fork")
    audit.seal_due()  # the signing key exists before the race
    connections.close_all()
    stop = context.Event()
    sealers = [context.Process(target=_seal_until, args=(stop,)) for _ in range(3)]
    writers = [
        context.Process(target=_write, args=(organization_id, 150, seed))
        for organization_id in (ANNA, BORIS)
        for seed in range(2)
    ]
    for process in sealers + writers:
        process.start()
    for process in writers:
        process.join()
    stop.set()
    for process in sealers:
        process.join()
    assert {process.exitcode for process in sealers + writers} == {0}
    audit.seal_due()
    report = audit.verify()
    assert report.problems == []
    expected = {ANNA: 0, BORIS: 0}
    for organization_id in expected:
        expected[organization_id] = sum(1 + (number + seed) % 3 for seed in range(2) for number in range(150))
    assert {r.organization_id: (r.events, r.unsealed) for r in report.chains} == {
        organization_id: (events, 0) for organization_id, events in expected.items()
    }
    for organization_id in expected:
        numbers = [block.number for block in blocks_of(organization_id)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_second_sealer_steps_aside():
    append()
    other = connection.copy("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            key = blocks.lock_key(ANNA, "evidence", "seal")
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            done = []
            thread = threading.Thread(target=lambda: (done.append(audit.seal_due().blocks), connections.close_all()))
            thread.start()
            thread.join(5)
            assert done == [0]
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert seal().blocks == 1


def test_one_chain_that_cannot_be_sealed_does_not_stop_the_others(monkeypatch):
    append(ANNA)
    append(BORIS)
    real = blocks.seal_next

    def faulty(organization_id, stream):
        if organization_id == ANNA:
            raise OSError("the disk is gone")
        return real(organization_id, stream)

    monkeypatch.setattr(blocks, "seal_next", faulty)
    run = seal()
    assert (run.blocks, run.failed) == (1, [(ANNA, "evidence")])
    with tenancy.acting_for(ANNA):
        assert Alert.objects.open().get(organization_id=ANNA).kind == "audit.sealing_failed"
    monkeypatch.undo()
    seal()
    with tenancy.acting_for(ANNA):
        assert not Alert.objects.open().filter(organization_id=ANNA).exists()


def test_transaction_ids_that_went_back_stop_the_sealer(superuser_connection):
    append()
    seal()
    append()
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute("UPDATE audit_block SET through_transaction = '99999999999'")
    database.execute("UPDATE audit_event SET transaction_id = '999999999999' WHERE kind = 'tests.happened'")
    with pytest.raises(EpochBehind):
        blocks.seal_next(ANNA, "evidence")


def test_the_sealer_can_be_killed_between_commit_and_anchor(monkeypatch):
    append()
    monkeypatch.setattr(anchors, "write", lambda lines: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError):
        seal()
    monkeypatch.undo()
    assert audit.verify().ok, "a chain longer than its anchor is no fault"
    append()
    seal()
    report = audit.verify()
    assert (report.ok, report.blocks, report.anchors) == (True, 2, 1)


def test_figures_say_how_far_sealing_lags():
    append(count=2)
    assert audit.stats().pending_chains == 1
    assert audit.stats().oldest_unsealed_seconds >= 0
    seal()
    assert audit.stats().pending_chains == 0


def test_figures_count_only_what_stands_behind_the_last_block(superuser_connection):
    append(count=2)
    seal()
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute("UPDATE audit_event SET occurred_at = now() - interval '1 day'")
    append()
    figures = audit.stats()
    assert figures.pending_chains == 1
    assert figures.oldest_unsealed_seconds < 3600, "the old ones are sealed"


def test_anchors_are_written_during_a_long_run_too(monkeypatch):
    monkeypatch.setattr(blocks, "_ANCHOR_EVERY", 1)
    written, write = [], anchors.write
    monkeypatch.setattr(anchors, "write", lambda lines: (written.append(len(lines)), write(lines)))
    append(ANNA)
    append(BORIS)
    assert seal().blocks == 2
    assert written[:2] == [1, 1]
    assert len(list(anchors.read().all())) == 2


def test_positions_order_epochs_before_transactions():
    assert chain.START < chain.Position(1, 1, chain.LAST_EVENT) < chain.Position(1, 2, chain.START.event)
    assert chain.Position(1, 900, chain.LAST_EVENT) < chain.Position(2, 3, chain.START.event)
