"""Logs have periods too: files, the access stream, sessions, what providers sent, finished jobs."""

import os

import pytest
from django.contrib.sessions.models import Session

from calls.models import ProviderEvent
from ground import audit, vault
from ground.audit.models import Event
from ground.jobs.models import Job, Slot
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for, uuid7
from retention import due, periods
from retention.exceptions import NoPeriod
from retention.services import settings as periods_service
from retention.services import sweep, sweepers
from tests import factories
from tests.holdings import days_ago

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(vault_home, transactional_db):
    return factories.organization(is_operator=True)


def days_kept(organization, category):
    """The period in force in days; the operator decides on 30 where its text says nothing."""
    with acting_for(organization.id):
        try:
            return periods.effective(organization.id, category, due.database_now()).period.longest_days
        except NoPeriod:
            pass
    periods_service.decide(category=category, period=Period(30, Unit.DAY), reason="usual", by=BY, at=days_ago(9))
    return 30


def test_log_files_of_days_past_the_period_go_and_others_stay(operator, settings):
    kept_days = days_kept(operator, "platform_log")
    folder = settings.LOG_DIR
    folder.mkdir(parents=True, exist_ok=True)
    old, edge, new = (folder / f"web.log.{days_ago(days):%Y-%m-%d}" for days in (kept_days + 2, kept_days - 1, 0))
    odd, stale, other = folder / "web-2026-99-99.log", folder / "worker.log", folder / "notes.txt"
    for file in (old, edge, new, odd, stale, other):
        file.write_text("line")
    long_ago = days_ago(kept_days + 5).timestamp()
    for file in (stale, other):
        os.utime(file, (long_ago, long_ago))
    sweep.purge_expired(organization_id=operator.id, by=BY, categories=["platform_log"])
    assert {file.name for file in folder.iterdir()} == {edge.name, new.name, odd.name, other.name}
    with acting_for(operator.id):
        assert audit.events(operator.id).filter(kind="retention.log_files_removed").count() == 1


def test_log_files_are_the_operators_alone(organization, settings):
    settings.LOG_DIR.mkdir(parents=True, exist_ok=True)
    (settings.LOG_DIR / "web.log.2001-01-01").write_text("line")
    assert sweepers.log_files(organization.id, BY, due.database_now()) == 0
    assert (settings.LOG_DIR / "web.log.2001-01-01").exists()


def test_finished_jobs_and_slots_go_and_unfinished_work_stays(organization):
    kept_days = days_kept(organization, "platform_log")
    with acting_for(organization.id):
        finished, fresh, waiting = (
            Job.objects.create(
                organization_id=organization.id,
                kind="retention.sweep",
                state=state,
                finished_at=finished_at,
                created_at=days_ago(kept_days + 9),
            )
            for state, finished_at in (
                ("done", days_ago(kept_days + 1)),
                ("done", days_ago(1)),
                ("ready", None),
            )
        )
        Slot.objects.create(
            organization_id=organization.id, kind="k", slot="s", job_id=uuid7(), created_at=days_ago(kept_days + 1)
        )
    report = sweep.purge_expired(organization_id=organization.id, by=BY, categories=["platform_log"])
    assert report.run_id is None  # logs leave with a batch and an audit event, not with a certificate each
    with acting_for(organization.id):
        assert set(Job.objects.values_list("id", flat=True)) >= {fresh.id, waiting.id}
        assert not Job.objects.filter(id=finished.id).exists()
        assert not Slot.objects.exists()


def test_sessions_past_the_period_leave_with_the_operators_sweep(operator):
    kept_days = days_kept(operator, "platform_log")
    for key, expired in (("old", days_ago(kept_days + 1)), ("new", days_ago(-1))):
        Session.objects.create(session_key=key, session_data="sealed", expire_date=expired)
    sweep.purge_expired(organization_id=operator.id, by=BY, categories=["platform_log"])
    assert set(Session.objects.values_list("session_key", flat=True)) == {"new"}


def test_what_providers_sent_leaves_after_its_period_with_its_key(organization):
    kept_days = days_kept(organization, "provider_event")
    made = []
    for received_at in (days_ago(kept_days + 1), days_ago(0)):
        sealer = vault.sealer(organization.id, "provider_event", received_at)
        with acting_for(organization.id):
            made.append(
                ProviderEvent.objects.create(
                    organization_id=organization.id,
                    connection_id=uuid7(),
                    provider="generic",
                    event_digest=uuid7().bytes,
                    key_id=sealer.key_id,
                    sealed=b"sealed",
                    stored_bytes=6,
                    received_at=received_at,
                    state="processed",
                )
            )
        sealer.confirm()
    assert sweep.purge_expired(organization_id=organization.id, by=BY, categories=["provider_event"]).rows == 1
    with acting_for(organization.id):
        assert [event.id for event in ProviderEvent.objects.all()] == [made[1].id]
    assert vault.keys.existing(organization.id, [event.key_id for event in made]) == {made[1].key_id}


def test_the_access_stream_leaves_by_whole_blocks_and_still_verifies(organization, superuser_connection, monkeypatch):
    days_kept(organization, "access_log")
    with acting_for(organization.id):
        audit.append("calls.played", organization_id=organization.id, actor=BY, stream=audit.ACCESS)
    audit.seal_due()
    monkeypatch.setattr(sweepers.clocks, "cutoff", lambda now, period: now)
    assert sweepers.access_log(organization.id, BY, due.database_now()) == 1
    with acting_for(organization.id):
        assert not Event.objects.filter(stream=audit.ACCESS).exists()
    assert audit.verify(organization.id).ok
