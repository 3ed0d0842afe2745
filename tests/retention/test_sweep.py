"""The purge: what is due goes, keys first; what is held, fresh or unexplained stays; a certificate proves it."""

import json
from uuid import uuid4

import pytest

from calls.models import Recording, Transcript
from ground import vault
from ground.inventory import holds, tally
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.models import DestructionBatch, ObjectRemoval, Tombstone
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import KeyLost, KeyringDown, ObjectStoreDown
from ground.vault.statements import SignedStatement, verify_offline
from retention.exceptions import NotYoursToChange, OutsideOperatorBounds, PurgeUnderway
from retention.models import Certificate, OperatorDecision, PurgeRun, SweepState
from retention.services import certificates, guard, lease, sweep
from retention.services import settings as periods_service
from tests.holdings import days_ago, exists, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


def purge(organization, **options):
    return sweep.purge_expired(organization_id=organization.id, by=BY, **options)


def test_purge_destroys_what_is_due_and_leaves_the_rest(organization):
    due, fresh = keep_call(organization.id, days_ago(91)), keep_call(organization.id, days_ago(89))
    report = purge(organization)

    for part in (due.recording, due.transcript):
        assert not exists(organization.id, part)
    assert exists(organization.id, due.report)  # the operator's text gives reports no period
    assert exists(organization.id, due.call)  # metadata is kept a year
    assert fresh.listen() and fresh.open_transcript() == b"what was said"
    with pytest.raises(KeyLost):
        vault.keys.open(organization.id, [due.recording.key_id])
    assert not vault.objects.store().exists(due.recording.object_name)
    assert {line.category: line.outcome.rows for line in report.lines} == {"recording": 1, "transcript": 1}


def test_purge_certificate_verifies_offline_with_the_public_key_alone(organization, tmp_path, capsys):
    from django.core.management import call_command

    keep_call(organization.id, days_ago(100))
    run_id = purge(organization).run_id
    with acting_for(organization.id):
        certificate = Certificate.objects.get(run_id=run_id)
        raw = certificates.bundle(certificate)
    key = vault.signing.public_keys()[0].public_key
    statement = json.loads(raw)["statements"][0]
    content = verify_offline(SignedStatement.from_json(json.dumps(statement).encode()), key)
    assert content["moment"] == "unreadable"
    assert {entry["category"]: entry["records"] for entry in content["destroyed"]} == {"recording": 1, "transcript": 1}
    file = tmp_path / "certificate.json"
    file.write_bytes(raw)
    import base64

    call_command("verify_certificate", str(file), public_key=base64.b64encode(key).decode())
    file.write_bytes(raw.replace(b'"records":1', b'"records":2'))
    from django.core.management.base import CommandError

    with pytest.raises(CommandError, match="NOT VALID"):
        call_command("verify_certificate", str(file), public_key=base64.b64encode(key).decode())


def test_purge_again_destroys_nothing_and_writes_no_run(organization):
    keep_call(organization.id, days_ago(91))
    purge(organization)
    assert purge(organization).run_id is None
    with acting_for(organization.id):
        assert PurgeRun.objects.count() == 1


def test_purge_leaves_what_is_on_legal_hold_and_takes_it_after_release(organization):
    held, free = keep_call(organization.id, days_ago(91)), keep_call(organization.id, days_ago(91))
    hold = holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=held.call.id),
        reason="claim of Mme Durand",
        review_on=days_ago(-30).date(),
        by=BY,
        at=days_ago(0),
    )
    purge(organization)
    assert held.open_transcript() and held.listen()
    assert not exists(organization.id, free.transcript)
    with acting_for(organization.id):
        assert holds.reason_of(hold) == "claim of Mme Durand"

    holds.release(organization_id=organization.id, hold_id=hold.id, by=BY, at=days_ago(0))
    purge(organization)
    assert not exists(organization.id, held.transcript)


def test_purge_never_touches_another_organization(organization, outsider_organization):
    theirs = keep_call(outsider_organization.id, days_ago(400))
    purge(organization)
    assert theirs.listen()


def test_dry_run_counts_and_destroys_nothing(organization):
    held = keep_call(organization.id, days_ago(91))
    report = purge(organization, dry_run=True)
    assert {line.category: line.due for line in report.lines} == {"recording": 1, "transcript": 1}
    assert held.listen()
    with acting_for(organization.id):
        assert not PurgeRun.objects.exists()
        assert not DestructionBatch.objects.exists()


def test_purge_plants_tombstones_and_keeps_the_tally_exact(organization):
    due = keep_call(organization.id, days_ago(91))
    keep_call(organization.id, days_ago(5))
    purge(organization)
    with acting_for(organization.id):
        digests = {bytes(row.digest) for row in Tombstone.objects.all()}
        assert bytes(due.recording.tombstone) in digests
        assert tally.totals(organization.id)["recording"].rows == Recording.objects.count() == 1
        sizes = sum(Recording.objects.values_list("stored_bytes", flat=True))
        assert tally.totals(organization.id)["recording"].bytes == sizes


def test_a_silent_object_store_delays_objects_but_not_unreadability(organization, monkeypatch):
    due = keep_call(organization.id, days_ago(91))
    store = vault.objects.store()

    def refuse(names):
        raise ObjectStoreDown("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "delete_many", lambda self, names: refuse(names))
        purge(organization)
    assert not exists(organization.id, due.recording)
    with pytest.raises(KeyLost):
        vault.keys.open(organization.id, [due.recording.key_id])
    with acting_for(organization.id):
        assert ObjectRemoval.objects.count() == 1
        ObjectRemoval.objects.update(next_at=days_ago(1))
    from ground.inventory.removals import remove_objects

    assert remove_objects(organization.id).gone == 1
    assert not store.exists(due.recording.object_name)


def test_an_unusually_large_run_waits_for_a_person(organization):
    for _ in range(guard.FLOOR_ROWS + 1):
        keep_call(organization.id, days_ago(200), parts=("transcript",))
    report = purge(organization)
    assert [(line.category, line.state) for line in report.lines] == [("transcript", "waiting")]
    with acting_for(organization.id):
        assert Transcript.objects.count() == guard.FLOOR_ROWS + 1
        guard.approve(
            organization_id=organization.id, category="transcript", rows=guard.FLOOR_ROWS + 1, by=BY, at=days_ago(0)
        )
    assert purge(organization).rows == guard.FLOOR_ROWS + 1


def test_what_a_person_confirmed_when_shortening_needs_no_second_question(organization):
    for _ in range(guard.FLOOR_ROWS + 1):
        keep_call(organization.id, days_ago(60), parts=("transcript",))
    purge(organization)
    version = periods_service.change(
        organization_id=organization.id,
        category="transcript",
        period=Period(30, Unit.DAY),
        by=BY,
        at=days_ago(2),
        confirmed_rows=guard.FLOOR_ROWS + 1,
    )
    assert version.preview_rows == guard.FLOOR_ROWS + 1
    with acting_for(organization.id):
        from retention.models import SweepMark

        SweepMark.objects.update(swept_at=days_ago(1, hours=2))
    assert purge(organization).rows == guard.FLOOR_ROWS + 1


def test_two_purges_of_one_organization_do_not_run_at_once(organization):
    keep_call(organization.id, days_ago(91))
    lease.take(organization.id)
    with pytest.raises(PurgeUnderway):
        purge(organization)
    with acting_for(organization.id):
        SweepState.objects.update(leased_until=days_ago(1))  # the holder died
    assert purge(organization).rows == 2


@pytest.mark.parametrize("n, unit", [(0, "day"), (90, "week"), (36600, "day"), (999999, "day"), (400, "day")])
def test_a_damaged_or_forbidden_period_destroys_nothing_and_raises_an_alert(
    organization, superuser_connection, n, unit
):
    kept = keep_call(organization.id, days_ago(200))
    version = periods_service.change(
        organization_id=organization.id, category="recording", period=Period(100, Unit.DAY), by=BY, at=days_ago(3)
    )
    connection = superuser_connection()
    connection.execute("ALTER TABLE retention_periodversion DROP CONSTRAINT period_is_positive")
    try:
        connection.execute("UPDATE retention_periodversion SET n = %s, unit = %s WHERE id = %s", [n, unit, version.id])
        report = purge(organization, categories=["recording"])
        assert [(line.state, line.error) for line in report.lines] == [("failed", "PeriodUnusable")]
        assert kept.listen()
        from ground.audit.models import Alert

        with acting_for(organization.id):
            assert Alert.objects.filter(kind="retention.period_unusable", resolved_at=None).count() == 1
    finally:
        connection.execute("UPDATE retention_periodversion SET n = 100, unit = 'day'")
        connection.execute("ALTER TABLE retention_periodversion ADD CONSTRAINT period_is_positive CHECK (n > 0)")


def test_a_category_without_period_is_never_purged_until_the_operator_decides(organization):
    kept = keep_call(organization.id, days_ago(3000))
    purge(organization)
    assert exists(organization.id, kept.report)
    periods_service.decide(
        category="call_report", period=Period(180, Unit.DAY), reason="as transcripts", by=BY, at=days_ago(0)
    )
    purge(organization)
    assert not exists(organization.id, kept.report)


def test_a_dry_run_says_that_an_unusually_large_run_would_wait(organization, monkeypatch):
    monkeypatch.setattr(guard, "FLOOR_ROWS", 0)
    keep_call(organization.id, days_ago(200), parts=("transcript",))
    report = purge(organization, dry_run=True, categories=["transcript"])
    assert [(line.category, line.state, line.due) for line in report.lines] == [("transcript", "waiting", 1)]
    with acting_for(organization.id):
        assert not PurgeRun.objects.exists()


def test_no_time_is_no_work_and_more_is_said_to_be_left(organization):
    kept = keep_call(organization.id, days_ago(100), parts=("transcript",))
    report = purge(organization, seconds=-1)
    assert (report.lines, report.more) == ([], True)
    assert kept.open_transcript()


def test_what_a_dead_run_left_waits_through_an_outage_and_the_rest_goes_on(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(100), parts=("transcript",))
    with monkeypatch.context() as patch:

        def down(organization_id):
            raise KeyringDown("no answer")

        patch.setattr(sweep.destruction, "resume", down)
        assert purge(organization).rows == 1
    assert not exists(organization.id, kept.transcript)


def test_a_run_that_somebody_took_over_stops_at_once(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(100), parts=("recording", "transcript"))
    step = sweep._Run._sealed_step

    def taken_over(self, part, where, run_id):
        with acting_for(organization.id):
            SweepState.objects.update(holder=uuid4())
        return step(self, part, where, run_id)

    monkeypatch.setattr(sweep._Run, "_sealed_step", taken_over)
    with pytest.raises(PurgeUnderway):
        purge(organization)
    gone = [not exists(organization.id, part) for part in (kept.recording, kept.transcript)]
    assert sum(gone) == 1, "the batch at hand, and nothing after it"


def test_the_operator_decides_only_within_the_bounds(organization):
    with pytest.raises(OutsideOperatorBounds):
        periods_service.decide(
            category="call_report", period=Period(0, Unit.DAY), reason="too short", by=BY, at=days_ago(0)
        )
    with pytest.raises(NotYoursToChange, match="the profile gives"):
        periods_service.decide(category="transcript", period=Period(30, Unit.DAY), reason="ours", by=BY, at=days_ago(0))
    assert not OperatorDecision.objects.exists()


def test_an_outage_stops_its_category_and_is_no_surprise_in_the_log(organization, monkeypatch, caplog):
    kept = keep_call(organization.id, days_ago(100), parts=("transcript",))

    def down(self, part, where, run_id):
        raise KeyringDown("no answer")

    monkeypatch.setattr(sweep._Run, "_sealed_step", down)
    report = purge(organization)
    assert [(line.category, line.state, line.error) for line in report.lines] == [
        ("transcript", "failed", "KeyringDown")
    ]
    assert "retention.category_failed" not in caplog.text
    assert kept.open_transcript()
