"""Runs end with a certificate, also when their process did not live to see it."""

import dataclasses
import io
import zipfile
from types import SimpleNamespace

import pytest
from django.db.models import Q

from calls.models import Transcript
from ground import audit, profiles, vault
from ground.inventory import destruction
from ground.inventory.declarations import declaration_of
from ground.inventory.destruction import Reason
from ground.inventory.models import DestructionBatch
from ground.tenancy import Actor, acting_for
from retention.models import Certificate, Moment, PurgeLine, PurgeRun, RunState, Statement
from retention.services import archiving, certificates, moments, reconcile, runs, setaside, sweep
from tests.holdings import days_ago, exists, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


def proofs(organization):
    """Records by certificate, from the signed statements themselves."""
    with acting_for(organization.id):
        return [
            sum(
                entry["records"]
                for entry in certificates.signed(certificates.statements_of(one)[0]).content()["destroyed"]
            )
            for one in Certificate.objects.order_by("number")
        ]


def test_a_run_whose_process_died_is_closed_and_proven_by_the_next_settling(organization):
    due = [keep_call(organization.id, days_ago(95), parts=("transcript",)) for _ in range(2)]
    run = runs.start(organization.id, by=BY, trigger="schedule")
    destruction.destroy_now(
        Transcript, organization.id, where=Q(), reason=Reason.EXPIRED, by=BY, run_id=run.id
    )  # and here the process died
    moments.settle(organization.id)
    with acting_for(organization.id):
        assert PurgeRun.objects.get().state == RunState.RUNNING  # it may still be at work
        PurgeRun.objects.update(started_at=days_ago(1))
        DestructionBatch.objects.update(claimed_at=days_ago(1))
    moments.settle(organization.id)
    moments.settle(organization.id)
    with acting_for(organization.id):
        run.refresh_from_db()
        assert (run.state, run.rows) == (RunState.DONE, 2)
        assert PurgeLine.objects.filter(run_id=run.id).count() == 1
    assert proofs(organization) == [2]
    assert not any(exists(organization.id, one.transcript) for one in due)


def test_a_run_that_died_before_its_certificate_gets_it(organization, monkeypatch):
    keep_call(organization.id, days_ago(95), parts=("transcript",))

    def die(*arguments):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(certificates, "issue_unreadable", die)
        sweep.purge_expired(organization_id=organization.id, by=BY)
    with acting_for(organization.id):
        PurgeRun.objects.update(started_at=days_ago(1), finished_at=days_ago(1))
    moments.settle(organization.id)
    assert proofs(organization) == [1]


def test_what_a_resumed_claim_destroys_is_proven_by_a_certificate_of_its_own(organization):
    first = keep_call(organization.id, days_ago(95), parts=("transcript",))
    report = sweep.purge_expired(organization_id=organization.id, by=BY)
    late = keep_call(organization.id, days_ago(95), parts=("transcript",))
    batch = destruction.claim(
        declaration_of(Transcript),
        organization.id,
        Q(id=late.transcript.id),
        reason=Reason.MEMBER,
        by=BY,
        run_id=report.run_id,
    )
    with acting_for(organization.id):
        DestructionBatch.objects.filter(id=batch).update(claimed_at=days_ago(1))
    moments.settle(organization.id)
    assert not exists(organization.id, late.transcript) and not exists(organization.id, first.transcript)
    assert proofs(organization) == [1, 1]


def test_strays_are_adopted_once_and_expired_logs_not_at_all(organization):
    kept = keep_call(organization.id, days_ago(5), parts=("transcript",))
    destruction.destroy_now(Transcript, organization.id, where=Q(id=kept.transcript.id), reason=Reason.MEMBER, by=BY)
    with acting_for(organization.id):
        DestructionBatch.objects.create(
            organization_id=organization.id,
            label="jobs.Job",
            category="platform_log",
            reason=Reason.EXPIRED,
            by=str(BY),
            state="done",
            rows=7,
            unreadable_at=days_ago(0),
        )
    assert moments.adopt_strays(organization.id) == 1
    assert moments.adopt_strays(organization.id) == 0
    assert proofs(organization) == [1]


def test_a_certificate_that_waits_long_does_not_stand_before_the_others(organization, monkeypatch):
    monkeypatch.setattr(moments, "_STEP", 2)
    for _ in range(5):
        keep_call(organization.id, days_ago(95), parts=("transcript",))
        sweep.purge_expired(organization_id=organization.id, by=BY)
    with acting_for(organization.id):
        newest = Certificate.objects.order_by("-number").first()
        [version] = DestructionBatch.objects.get(run_id=newest.run_id).shelf_versions
        DestructionBatch.objects.exclude(run_id=newest.run_id).update(shelf_versions=[newest.id])
    moment = days_ago(0)
    monkeypatch.setattr(
        vault.rotation, "settled", lambda organization_id, wanted: {v: moment for v in wanted if v == version}
    )
    assert moments.settle(organization.id) == 1
    with acting_for(organization.id):
        [statement] = Statement.objects.filter(moment=Moment.BEYOND_RECOVERY)
        assert statement.certificate_id == newest.id


def test_no_later_statement_is_issued_before_its_moment(organization, monkeypatch):
    keep_call(organization.id, days_ago(95), parts=("transcript",))
    sweep.purge_expired(organization_id=organization.id, by=BY)
    oldest = {"at": None}
    monkeypatch.setattr(vault.rotation, "settled", lambda organization_id, wanted: {})
    monkeypatch.setattr(vault.backup, "oldest_taken_at", lambda part: oldest["at"])
    assert moments.settle(organization.id) == 0  # no night has passed
    with acting_for(organization.id):
        DestructionBatch.objects.update(unreadable_at=days_ago(400))
        Certificate.objects.update(issued_at=days_ago(400))
    assert moments.settle(organization.id) == 0  # the moments come in their order
    monkeypatch.setattr(vault.rotation, "settled", lambda organization_id, wanted: dict.fromkeys(wanted, days_ago(399)))
    oldest["at"] = days_ago(401)
    assert moments.settle(organization.id) == 1  # a backup that held the rows still stands
    oldest["at"] = days_ago(1)
    assert moments.settle(organization.id) == 1
    with acting_for(organization.id):
        assert all(one.happened_at <= one.issued_at for one in Statement.objects.all())
        assert Statement.objects.count() == 3


def test_a_run_that_runs_out_of_time_ends_with_proof_and_the_next_goes_on(organization, monkeypatch):
    for _ in range(3):
        keep_call(organization.id, days_ago(95), parts=("transcript",))
    claim = destruction.claim
    monkeypatch.setattr(destruction, "claim", lambda *given, **options: claim(*given, **options, limit=1))
    clock = iter(range(100))
    monkeypatch.setattr(sweep, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    report = sweep.purge_expired(organization_id=organization.id, by=BY, categories=["transcript"], seconds=3)
    assert report.more and 0 < report.rows < 3
    monkeypatch.undo()
    assert sweep.purge_expired(organization_id=organization.id, by=BY).rows == 3 - report.rows
    assert sum(proofs(organization)) == 3


def test_an_unforeseen_error_stops_its_category_and_no_other(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(95), parts=("recording", "transcript"))
    step = sweep._Run._sealed_step

    def fail(self, part, where, run_id):
        if part.declaration.category == "recording":
            raise LookupError("nobody thought of this")
        return step(self, part, where, run_id)

    monkeypatch.setattr(sweep._Run, "_sealed_step", fail)
    report = sweep.purge_expired(organization_id=organization.id, by=BY)
    assert {line.category: (line.state, line.error) for line in report.lines} == {
        "recording": ("failed", "LookupError"),
        "transcript": ("done", ""),
    }
    assert exists(organization.id, kept.recording) and not exists(organization.id, kept.transcript)


def test_nothing_is_settled_or_reconciled_after_a_restore_before_the_replay(organization):
    vault.gate.shut(vault.gate.REPLAYING)
    for work in (moments.settle, reconcile.reconcile):
        with pytest.raises(vault.VaultError):
            work(organization.id)


def test_a_run_that_destroyed_nothing_has_no_certificate(organization):
    run = runs.start(organization.id, by=BY, trigger="schedule")
    assert certificates.issue_unreadable(organization.id, run.id) is None
    runs.finish(run, by=BY)
    with acting_for(organization.id):
        assert not Certificate.objects.exists()


def test_a_certificate_is_issued_once_with_one_statement_of_each_moment(organization):
    keep_call(organization.id, days_ago(95), parts=("transcript",))
    run_id = sweep.purge_expired(organization_id=organization.id, by=BY).run_id
    again = certificates.issue_unreadable(organization.id, run_id)
    with acting_for(organization.id):
        assert Certificate.objects.get() == again
        [first] = certificates.statements_of(again)
        assert certificates.issue_later(organization.id, again, Moment.UNREADABLE, days_ago(1)) == first
        assert Statement.objects.count() == 1


def test_a_certificate_claims_of_a_bucket_what_a_bucket_can_do(settings):
    assert "forensic examination" in certificates._limits()
    settings.KEYSTORE_BACKEND = "s3"
    assert "bucket without versions" in certificates._limits()


@pytest.mark.parametrize("at_work", ["a fresh claim", "a claim to be resumed", "nobody: it has ended"])
def test_a_run_that_may_still_be_at_work_is_not_closed(organization, at_work):
    kept = keep_call(organization.id, days_ago(95), parts=("transcript",))
    run = runs.start(organization.id, by=BY, trigger="schedule")
    declaration = declaration_of(Transcript)
    destruction.claim(
        declaration, organization.id, Q(id=kept.transcript.id), reason=Reason.EXPIRED, by=BY, run_id=run.id
    )
    with acting_for(organization.id):
        PurgeRun.objects.update(started_at=days_ago(1))
        if at_work == "a fresh claim":
            DestructionBatch.objects.update(state="cancelled")
        else:
            DestructionBatch.objects.update(claimed_at=days_ago(1))
        if at_work == "nobody: it has ended":
            PurgeRun.objects.update(state=RunState.DONE)
        before = PurgeRun.objects.get()
    assert not runs._close(run, days_ago(0, hours=1))
    with acting_for(organization.id):
        after = PurgeRun.objects.get()
        assert (after.state, after.finished_at) == (before.state, before.finished_at)
        assert not PurgeLine.objects.exists()


def test_without_a_backup_window_nobody_claims_that_anything_left_the_backups(organization, monkeypatch):
    keep_call(organization.id, days_ago(95), parts=("transcript",))
    sweep.purge_expired(organization_id=organization.id, by=BY)
    told = profiles.current()
    rule = dataclasses.replace(told.categories["backup"], default=None)
    without = dataclasses.replace(told, categories={**told.categories, "backup": rule})
    monkeypatch.setattr(profiles, "current", lambda: without)
    assert moments._gone_from_backups(organization.id) == 0


def test_a_certificate_whose_batches_are_not_known_any_more_gets_no_later_moment(organization):
    keep_call(organization.id, days_ago(95), parts=("transcript",))
    sweep.purge_expired(organization_id=organization.id, by=BY)
    with acting_for(organization.id):
        Certificate.objects.update(issued_at=days_ago(400))
        DestructionBatch.objects.all().delete()
    assert moments._gone_from_backups(organization.id) == 0
    with acting_for(organization.id):
        assert Statement.objects.count() == 1


def test_only_what_waits_or_failed_the_same_way_is_a_repetition(organization):
    line = sweep.line_for(organization.id, "transcript", days_ago(0))
    assert not runs.repeats(organization.id, line)


def test_an_archive_ends_at_its_largest_number_of_certificates(organization, monkeypatch):
    for _ in range(3):
        keep_call(organization.id, days_ago(95), parts=("transcript",))
        sweep.purge_expired(organization_id=organization.id, by=BY)
    monkeypatch.setattr(archiving, "_STEP", 1)
    for most, written in ((2, 2), (9, 3)):
        monkeypatch.setattr(archiving, "MOST", most)
        content = b"".join(archiving.archive(organization.id, days_ago(1), days_ago(-1)))
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        assert [name for name in names if name.startswith("certificate-")] == [
            f"certificate-{number}.json" for number in range(1, written + 1)
        ]


def test_a_set_aside_record_shows_its_error(organization):
    with acting_for(organization.id):
        audit.alerts.raise_alert(organization.id, "destruction.set_aside", key="1", error="ValueError")
        assert setaside._error(audit.models.Alert.objects.get()) == "ValueError"
