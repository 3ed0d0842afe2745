"""Anchors outside the database, exports, epochs after a restore, and the commands."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ground import audit
from ground.audit import anchors
from ground.audit.anchors import Anchor
from ground.audit.walk import Fault
from tests import factories
from tests.ground.audit.conftest import ANNA, BORIS, append, seal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("vault_home")]
TABLES = ("audit_event", "audit_block", "audit_epoch")


@pytest.fixture
def time_machine(vault_home, superuser_connection):
    """`keep()` now, `back()` later: the whole audit trail as it was, as a restore of an older backup leaves it."""
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    kept = {}

    class Machine:
        def keep(self):
            for table in TABLES:
                kept[table] = database.execute(f"SELECT {table}::text FROM {table}").fetchall()

        def back(self):
            for table in TABLES:
                database.execute(f"DELETE FROM {table}")
                for (row,) in kept[table]:
                    database.execute(f"INSERT INTO {table} SELECT (%s::{table}).*", [row])

    return Machine()


def verify_command(*arguments):
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except SystemExit as stop:
        return stop.code, out.getvalue()
    return 0, out.getvalue()


def test_a_rollback_of_the_whole_database_is_found(time_machine):
    append(count=2)
    seal()
    time_machine.keep()
    for _ in range(3):
        append()
        seal()
    time_machine.back()
    code, text = verify_command()
    assert code == 1
    assert f"organization {ANNA}, evidence, block 2: rolled_back" in text


def test_an_export_finds_what_the_lost_local_log_cannot(time_machine, tmp_path, settings):
    append()
    seal()
    time_machine.keep()
    append()
    seal()
    exported = tmp_path / "anchor.json"
    call_command("export_anchor", output=exported, stderr=StringIO())
    time_machine.back()
    for path in anchors.logs():
        path.unlink()
    assert verify_command()[0] == 0, "without any anchor the shorter chain is perfect"
    code, text = verify_command("--anchor", str(exported), "--json")
    report = json.loads(text)
    assert (code, report["ok"]) == (1, False)
    assert report["chains"][0]["problem"]["fault"] == "rolled_back"


def test_a_chain_that_vanished_entirely_is_found(time_machine):
    time_machine.keep()
    append(BORIS)
    seal()
    time_machine.back()
    (problem,) = audit.verify().problems
    assert (problem.organization_id, problem.number, problem.fault) == (BORIS, 1, Fault.ROLLED_BACK)


def test_a_forged_export_is_named_and_not_used(tmp_path):
    append()
    seal()
    document = audit.export_anchor()
    document["heads"][0]["block_hash"] = "00" * 32
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(document))
    code, text = verify_command("--anchor", str(path))
    assert code == 1
    assert "its signature does not hold" in text
    assert "rolled_back" not in text


def test_after_a_declared_restore_the_loss_is_shown_and_the_chain_goes_on(time_machine):
    append(count=3)
    seal()
    append(kind="tests.not_sealed_in_the_backup")
    time_machine.keep()
    for _ in range(4):
        append()
        seal()
    time_machine.back()
    epoch = audit.begin_epoch(reason="restore")
    assert epoch.number == audit.current_epoch() == 2
    for _ in range(3):
        append()
        seal()
    report = audit.verify()
    assert report.ok
    assert sum(chain.declared_losses for chain in report.chains) == 1
    assert report.events == 7


def test_a_loss_stays_shown_when_the_chain_has_grown_past_it(time_machine):
    append()
    seal()
    time_machine.keep()
    append()
    seal()
    time_machine.back()
    audit.begin_epoch(reason="restore")
    for _ in range(3):
        append()
        seal()
    code, text = verify_command()
    assert code == 0
    assert "1 anchored blocks were lost in declared restores" in text


def test_a_genuine_block_of_another_history_does_not_fit_into_this_one(time_machine, superuser_connection):
    append()
    seal()
    time_machine.keep()
    append()
    seal()
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    block, event = (
        database.execute(f"SELECT max({table}::text) FROM {table} WHERE {newest}").fetchone()[0]
        for table, newest in (
            ("audit_block", "number = 2"),
            ("audit_event", "id = (SELECT last_event FROM audit_block WHERE number = 2)"),
        )
    )
    time_machine.back()
    for path in anchors.logs():
        path.unlink()
    for _ in range(2):
        append()
        seal()
    database.execute("DELETE FROM audit_event WHERE id = (SELECT last_event FROM audit_block WHERE number = 2)")
    database.execute("DELETE FROM audit_block WHERE number = 2")
    database.execute("INSERT INTO audit_block SELECT (%s::audit_block).*", [block])
    database.execute("INSERT INTO audit_event SELECT (%s::audit_event).*", [event])
    for path in anchors.logs():
        path.unlink()
    (problem,) = audit.verify().problems
    assert (problem.number, problem.fault) == (3, Fault.CHAIN_BROKEN), "each is signed, but they were never one chain"


def test_an_expiry_of_a_block_that_is_not_there_says_the_block_was_taken(superuser_connection):
    append()
    seal()
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute(
        "INSERT INTO audit_expiry SELECT gen_random_uuid(), organization_id, stream, 2, block_hash, now(), now(),"
        " signature, signing_key FROM audit_block"
    )
    (problem,) = audit.verify().problems
    assert (problem.number, problem.fault) == (2, Fault.BLOCK_MISSING)


def test_a_declared_restore_does_not_cover_what_is_cut_off_later(time_machine):
    append()
    seal()
    append()
    seal()
    time_machine.keep()
    audit.begin_epoch(reason="restore")
    time_machine.keep()
    append()
    seal()
    time_machine.back()
    (problem,) = audit.verify().problems
    assert (problem.number, problem.fault) == (3, Fault.ROLLED_BACK)


def test_a_forged_epoch_is_found(superuser_connection):
    append()
    seal()
    audit.begin_epoch(reason="restore")
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute("UPDATE audit_epoch SET reason = 'other'")
    (problem,) = audit.verify().problems
    assert (problem.number, problem.fault) == (2, Fault.EPOCH_CHANGED)
    code, text = verify_command()
    assert (code, "epoch 2: epoch_changed" in text) == (1, True)


def test_events_sealed_in_the_new_epoch_may_have_smaller_transaction_ids(time_machine, superuser_connection):
    append(count=2)
    seal()
    append()  # not sealed when the backup was taken
    database = superuser_connection("default")
    database.execute("SET session_replication_role = replica")
    database.execute(
        "UPDATE audit_event SET transaction_id = '900000000' WHERE id = (SELECT max(id::text)::uuid FROM audit_event)"
    )
    assert seal().events == 0, "as if it were still running"
    audit.begin_epoch(reason="restore")
    append(count=2)
    assert seal().events == 1, "first the rest of the old epoch"
    assert seal().events == 2
    report = audit.verify()
    assert (report.ok, report.events) == (True, 5)


def test_one_organization_by_slug_or_id():
    append(ANNA)
    seal()
    code, text = verify_command("--organization", str(ANNA))
    assert code == 0
    assert "1 chains, 1 blocks" in text
    with pytest.raises(CommandError):
        call_command("verify_audit", "--organization", "nobody-knows")


def test_an_organization_is_found_by_its_slug():
    organization = factories.organization()
    append(organization.pk)
    append(BORIS)
    seal()
    code, text = verify_command("--organization", organization.slug)
    assert (code, "1 chains, 1 blocks" in text) == (0, True)


def test_a_missing_anchor_file_is_said():
    with pytest.raises(CommandError, match="no anchor file"):
        call_command("verify_audit", "--anchor", "/nowhere.json")


# ------------------------------------------------------------------ the files
def anchor(number=1, epoch=1, fill=b"\x01"):
    return Anchor(ANNA, "evidence", epoch, number, fill * 32)


def test_lines_survive_a_torn_write():
    anchors.write([anchor(1)])
    path = anchors.logs()[0]
    with path.open("ab") as file:
        file.write(b'{"organization": "0192')
    anchors.write([anchor(2)])
    found = anchors.read()
    assert found.of_chain((ANNA, "evidence")) == [anchor(2)]
    assert found.unreadable_lines == 1


def test_lines_that_are_no_anchors_are_counted_and_said(tmp_path):
    append()
    seal()
    path = tmp_path / "exported.log"
    path.write_text('\n{"organization": "no id"}\n   \n[1]\nnot json\n')
    assert anchors.read([path]).unreadable_lines == 3
    code, text = verify_command("--anchor", str(path))
    assert (code, "3 anchor lines could not be read" in text) == (0, True)


def test_an_export_without_a_readable_signature_is_a_forged_one(tmp_path):
    append()
    seal()
    printed = StringIO()
    call_command("export_anchor", stdout=printed)
    document = json.loads(printed.getvalue())
    for name, spoilt in (("signature", "not hex"), ("signature", None), ("signing_key", "unknown")):
        path = tmp_path / "anchor.json"
        path.write_text(json.dumps(document | {name: spoilt}))
        found = anchors.read([path])
        assert found.forged_files == [str(path)]
        assert found.of_chain((ANNA, "evidence")) == anchors.read().of_chain((ANNA, "evidence"))


def test_folding_keeps_the_highest_of_each_epoch():
    for day, number, epoch in [(1, 1, 1), (2, 9, 1), (3, 4, 2), (4, 5, 2)]:
        anchors.write([anchor(number, epoch)], today=date(2099, 11, day))
    assert anchors.fold(before=date(2099, 11, 3)) == 2
    assert anchors.fold(before=date(2099, 11, 4)) == 1
    assert [path.name for path in anchors.logs()] == ["0000-folded.log", "2099-11-04.log"]
    assert anchors.read().of_chain((ANNA, "evidence")) == [anchor(5, 2), anchor(9, 1)]


def test_a_new_day_folds_what_is_older_than_a_week():
    for day in (1, 2):
        anchors.write([anchor(day)], today=date(2020, 1, day))
    anchors.write([anchor(3)])
    assert anchors.logs()[0].name == "0000-folded.log"
    assert len(anchors.logs()) == 2
    assert anchors.read().of_chain((ANNA, "evidence")) == [anchor(3)]


def test_two_hashes_for_one_block_cannot_both_hold():
    append()
    seal()
    anchors.write([anchor(1, fill=b"\x02")])
    (problem,) = audit.verify().problems
    assert problem.fault is Fault.ROLLED_BACK
