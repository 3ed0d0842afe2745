"""The guard: pace, confirmations and approvals explain a run; what nobody explained waits for a person."""

import random

import pytest
from django.db import connection

from contacts.details import Details
from contacts.services import people
from ground import vault
from ground.inventory import tally
from ground.inventory.models import DestructionBatch
from ground.jobs.models import Slot
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for
from retention import due
from retention.models import Approval, PeriodVersion, SweepMark
from retention.services import guard, keeping, sweep
from tests.holdings import days_ago
from tests.retention import planting

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


def version(organization, number, *, rows, effective_at, n=30):
    return PeriodVersion.objects.create(
        organization_id=organization.id,
        category="transcript",
        version=number,
        n=n,
        unit="day",
        set_by=str(BY),
        set_at=effective_at,
        effective_at=effective_at,
        preview_rows=rows,
    )


def judge(organization, *, steady, rows, total):
    """The verdict on `rows` due of `total` held, of which `steady` came by the pace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(due, "measure", lambda *arguments, **options: due.Due(steady, 0, None))
        patch.setattr(tally, "totals", lambda organization_id, categories: {"transcript": tally.Amount(total, 0)})
        from calls.models import Transcript
        from ground.inventory.declarations import declaration_of

        now = due.database_now()
        part = due.Slice(declaration_of(Transcript), now, Period(90, Unit.DAY))
        with acting_for(organization.id):
            return guard.judge(organization.id, "transcript", [part], rows, now)


def test_whatever_the_figures_nothing_unexplained_beyond_the_share_runs_without_a_person(organization):
    """2,000 seeded cases against the rule as it is written in the design."""
    chance = random.Random(20260101)
    for _ in range(2000):
        rows, total = chance.randrange(0, 5000), chance.randrange(0, 20_000)
        steady, approved = chance.randrange(0, 5000), chance.choice([None, chance.randrange(0, 5000)])
        with acting_for(organization.id):
            Approval.objects.all().delete()
            if approved is not None:
                Approval.objects.create(
                    organization_id=organization.id,
                    category="transcript",
                    most_rows=approved,
                    approved_by=str(BY),
                    approved_at=days_ago(0),
                    expires_at=days_ago(-1),
                )
        verdict = judge(organization, steady=steady, rows=rows, total=total)
        unexplained = max(0, rows - steady)
        ordinary = unexplained <= max(guard.FLOOR_ROWS, guard.SHARE * total)
        assert verdict.may_run == (ordinary or (approved is not None and approved >= unexplained))
        assert (verdict.approval is None) == (ordinary or not verdict.may_run)


def test_an_approval_is_not_used_up_by_a_run_that_needs_none(organization):
    with acting_for(organization.id):
        guard.approve(organization_id=organization.id, category="transcript", rows=9000, by=BY, at=days_ago(0))
    assert judge(organization, steady=0, rows=10, total=1000).approval is None
    assert judge(organization, steady=0, rows=900, total=1000).approval is not None


def test_an_approval_ends_after_a_day_and_counts_once(organization):
    with acting_for(organization.id):
        approval = guard.approve(
            organization_id=organization.id, category="transcript", rows=9000, by=BY, at=days_ago(1, hours=1)
        )
    assert not judge(organization, steady=0, rows=900, total=1000).may_run
    with acting_for(organization.id):
        Approval.objects.filter(id=approval.id).update(expires_at=days_ago(-1), used_at=days_ago(0))
    assert not judge(organization, steady=0, rows=900, total=1000).may_run


def test_a_confirmation_before_a_lengthening_explains_nothing_afterwards(organization):
    with acting_for(organization.id):
        SweepMark.objects.create(
            organization_id=organization.id, category="transcript", cutoff=days_ago(90), swept_at=days_ago(9)
        )
        version(organization, 1, rows=900, effective_at=days_ago(8))
        version(organization, 2, rows=0, effective_at=days_ago(7), n=90)
        version(organization, 3, rows=100, effective_at=days_ago(6), n=80)
    assert judge(organization, steady=0, rows=900, total=1000).unexplained == 800


def test_logs_are_weighed_against_all_logs_although_nobody_tallies_them(organization, superuser_connection):
    superuser_connection().execute(
        "INSERT INTO jobs_slot (id, organization_id, kind, slot, job_id, created_at) "
        "SELECT gen_random_uuid(), %s, 'k', n::text, gen_random_uuid(), "
        "now() - CASE WHEN n <= 100 THEN interval '1000 days' ELSE interval '1 day' END "
        "FROM generate_series(1, 5000) AS n",
        [organization.id],
    )
    report = sweep.purge_expired(organization_id=organization.id, by=BY, categories=["platform_log"])
    assert report.rows == 100  # 2 % of all
    with acting_for(organization.id):
        assert Slot.objects.filter(created_at__lt=days_ago(900)).count() == 0


def test_a_damaged_clock_of_the_database_takes_little(organization, superuser_connection, monkeypatch):
    planting.transcripts(superuser_connection(), organization.id, rows=1000, days_old=30)
    with acting_for(organization.id):
        tally.add(organization.id, "transcript", days_ago(30), rows=1000)
    sweep.purge_expired(organization_id=organization.id, by=BY)
    now = due.database_now()
    monkeypatch.setattr(due, "database_now", lambda: now - (days_ago(1000) - days_ago(0)))
    report = sweep.purge_expired(organization_id=organization.id, by=BY, categories=["transcript"])
    assert [(line.state, line.outcome.rows) for line in report.lines] == [("waiting", 0)]
    with acting_for(organization.id), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM calls_transcript")
        assert cursor.fetchone() == (1000,)
        assert not DestructionBatch.objects.exists()


def test_a_contact_means_everything_its_numbers_and_addresses_lead_to_and_never_its_name(organization):
    contact = people.add(
        organization_id=organization.id,
        details=Details(name="Ana", phones=("+33612345678",), emails=("ana@example.org",)),
        by=BY,
        at=days_ago(0),
    )
    with acting_for(organization.id):
        scope = keeping.scope_of_contact(organization.id, contact.id)
    assert (scope.kind, scope.contact_id) == ("contact", contact.id)
    assert sorted(scope.digests) == ["email", "phone"]
    assert scope.digests["phone"] == [vault.blind.digest(organization.id, "find", "phone", "+33612345678")]
