"""A call destroyed before its time: confirmed, waiting, undone or gone, with its certificate; whatever crashes."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import Q
from django.utils import timezone

from calls.models import Call
from ground import faults, jobs
from ground.audit.models import Event
from ground.inventory import destruction, holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.destruction import Reason
from ground.inventory.exceptions import OnLegalHold
from ground.inventory.models import DestructionBatch
from ground.jobs.models import Job
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import KeyStoreDown
from retention import attention
from retention.exceptions import NothingSelected, NothingToUndo, WrongConfirmation
from retention.models import Certificate, PlannedDestruction, PurgeLine, PurgeRun
from retention.planned import PlanState, Thing
from retention.services import certificates, grace, runs
from tests.holdings import days_ago, exists, keep_call

BY = Actor.member("01890000-0000-7000-8000-000000000001")
pytestmark = pytest.mark.django_db(transaction=True)


def place(organization, call_id):
    return holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=call_id),
        reason="a claim",
        review_on=days_ago(-30).date(),
        by=BY,
        at=days_ago(0),
    )


def plan(organization, kept, confirmed=4):
    return grace.plan(organization_id=organization.id, thing=Thing.call(kept.call.id), confirmed_rows=confirmed, by=BY)


def newest(organization, kept):
    with acting_for(organization.id):
        return grace.newest(organization.id, Thing.call(kept.call.id))


def run_due(organization, *, grace_over=True):
    """What the worker does once the grace is over."""
    with acting_for(organization.id):
        found = Job.objects.filter(kind="retention.destroy_planned", state__in=["ready", "running"])
        if grace_over:
            past = timezone.now() - timedelta(hours=1)
            found.filter(state="ready").update(run_at=past)
            found.filter(state="running").update(leased_until=past)
        ids = list(found.values_list("id", flat=True))
    return [str(jobs.run(job_id, organization.id)) for job_id in ids]


def kinds(organization):
    with acting_for(organization.id):
        found = Event.objects.filter(kind__startswith="retention.destruction").order_by("id")
        return [(event.kind.rpartition(".")[2], event.object_id, json.loads(event.payload)) for event in found]


def certified(organization):
    """Records by category that certificates prove."""
    found = {}
    with acting_for(organization.id):
        for one in Certificate.objects.all():
            statement = certificates.signed(certificates.statements_of(one)[0])
            for entry in statement.content()["destroyed"]:
                found[entry["category"]] = found.get(entry["category"], 0) + entry["records"]
    return found


WHOLE_CALL = {"call_metadata": 1, "recording": 1, "transcript": 1, "call_report": 1}


def test_nothing_happens_until_the_grace_is_over(organization):
    kept = keep_call(organization.id, days_ago(5))
    made = plan(organization, kept)
    assert made.due_at - made.planned_at == timedelta(minutes=10)
    assert run_due(organization, grace_over=False) == ["not_ours"]
    assert kept.listen()
    assert run_due(organization) == ["done"]
    assert not exists(organization.id, kept.call)
    assert newest(organization, kept).state == PlanState.DESTROYED
    assert certified(organization) == WHOLE_CALL
    with acting_for(organization.id):
        run = PurgeRun.objects.get()
        assert (run.state, run.trigger, run.by, run.rows) == ("done", "member", str(BY), 4)
        assert PurgeLine.objects.filter(run_id=run.id).count() == 4
    (planned,) = kinds(organization)
    assert planned[:2] == ("destruction_planned", str(kept.call.id))
    assert planned[2]["records"] == 4


def test_undo_keeps_everything_and_the_job_finds_nothing_to_do(organization):
    kept = keep_call(organization.id, days_ago(5))
    plan(organization, kept)
    grace.undo(organization_id=organization.id, thing=Thing.call(kept.call.id), by=BY)
    assert run_due(organization) == ["done"]
    assert kept.listen()
    assert newest(organization, kept).state == PlanState.UNDONE
    assert [kind for kind, *_ in kinds(organization)] == ["destruction_planned", "destruction_undone"]
    with pytest.raises(NothingToUndo):
        grace.undo(organization_id=organization.id, thing=Thing.call(kept.call.id), by=BY)
    again = plan(organization, kept)  # a change of mind is allowed
    assert again.state == PlanState.WAITING


def test_planning_twice_is_planning_once(organization):
    kept = keep_call(organization.id, days_ago(5))
    assert plan(organization, kept).id == plan(organization, kept).id
    with acting_for(organization.id):
        assert PlannedDestruction.objects.count() == 1
        assert Job.objects.filter(kind="retention.destroy_planned").count() == 1


def test_what_cannot_be_planned_plans_nothing(organization):
    kept, held = keep_call(organization.id, days_ago(5)), keep_call(organization.id, days_ago(5))
    place(organization, held.call.id)
    with pytest.raises(WrongConfirmation):
        plan(organization, kept, confirmed=3)
    with pytest.raises(OnLegalHold):
        plan(organization, held)
    with pytest.raises(NothingSelected):
        grace.plan(organization_id=organization.id, thing=Thing.call(UUID(int=1)), confirmed_rows=1, by=BY)
    with acting_for(organization.id):
        assert not PlannedDestruction.objects.exists()
    assert kinds(organization) == []


def test_a_hold_placed_in_the_grace_stops_it(organization):
    kept = keep_call(organization.id, days_ago(5))
    plan(organization, kept)
    place(organization, kept.call.id)
    assert run_due(organization) == ["done"]
    assert kept.listen()
    stopped = newest(organization, kept)
    assert (stopped.state, stopped.refusal) == (PlanState.REFUSED, "held")
    assert kinds(organization)[-1][0] == "destruction_refused"
    with acting_for(organization.id):
        assert not PurgeRun.objects.exists()


def test_more_than_was_confirmed_is_not_destroyed(organization):
    kept = keep_call(organization.id, days_ago(5), parts=("recording",))
    plan(organization, kept, confirmed=2)
    with acting_for(organization.id):
        PlannedDestruction.objects.update(records=1)  # as if a transcript had arrived since
    run_due(organization)
    assert kept.listen()
    assert newest(organization, kept).refusal == "changed"


def test_what_went_by_another_way_meanwhile_ends_the_plan(organization):
    kept = keep_call(organization.id, days_ago(5))
    plan(organization, kept)
    first = newest(organization, kept)
    grace.carry_out(organization.id, first.id)
    grace.carry_out(organization.id, first.id)
    assert run_due(organization) == ["done"]
    assert newest(organization, kept).state == PlanState.DESTROYED
    assert certified(organization) == WHOLE_CALL


@pytest.mark.parametrize(
    "where",
    [
        "destruction.after_journal",
        "destruction.after_keys",
        "destruction.before_commit",
        "destruction.after_rows",
    ],
)
@pytest.mark.parametrize("turn", [1, 3])
def test_a_crash_anywhere_is_finished_by_the_next_attempt_with_one_certificate(organization, where, turn, monkeypatch):
    kept = keep_call(organization.id, days_ago(5))
    made = plan(organization, kept)
    passed = []

    def die(name):
        if name == where:
            passed.append(name)
            if len(passed) == turn:
                raise SystemExit  # as a killed worker: no handler of ours sees it

    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(SystemExit):
        grace.carry_out(organization.id, made.id)
    assert newest(organization, kept).state == PlanState.STARTED
    with pytest.raises(NothingToUndo):
        grace.undo(organization_id=organization.id, thing=Thing.call(kept.call.id), by=BY)
    monkeypatch.undo()
    grace.carry_out(organization.id, made.id)
    assert not exists(organization.id, kept.call)
    assert newest(organization, kept).state == PlanState.DESTROYED
    assert certified(organization) == WHOLE_CALL
    with acting_for(organization.id):
        assert not DestructionBatch.objects.filter(state="claimed").exists()
        assert PurgeRun.objects.count() == 1


def test_a_crash_before_the_end_is_ended_once(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(5))
    made = plan(organization, kept)
    monkeypatch.setattr(runs, "finish", lambda *args, **kwargs: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        grace.carry_out(organization.id, made.id)
    monkeypatch.undo()
    with acting_for(organization.id):
        assert PurgeLine.objects.count() == 4
    grace.carry_out(organization.id, made.id)
    assert certified(organization) == WHOLE_CALL
    with acting_for(organization.id):
        assert PurgeLine.objects.count() == 4
        assert PurgeRun.objects.get().rows == 4


def test_the_sweep_may_end_what_a_crash_left(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(5))
    made = plan(organization, kept)
    monkeypatch.setattr(runs, "finish", lambda *args, **kwargs: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        grace.carry_out(organization.id, made.id)
    monkeypatch.undo()
    monkeypatch.setattr(runs, "ABANDONED_AFTER", timedelta(0))
    assert runs.close_abandoned(organization.id) == 1
    grace.carry_out(organization.id, made.id)
    assert newest(organization, kept).state == PlanState.DESTROYED
    with acting_for(organization.id):
        assert PurgeRun.objects.count() == 1
        assert Certificate.objects.count() == 1


def test_an_outage_waits_and_destroys_later(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(5))
    plan(organization, kept)
    monkeypatch.setattr(grace, "carry_out", lambda *args: (_ for _ in ()).throw(KeyStoreDown("down")))
    assert run_due(organization) == ["retry"]
    monkeypatch.undo()
    assert kept.listen()
    assert run_due(organization) == ["done"]
    assert not exists(organization.id, kept.call)


def test_another_organizations_plan_is_nobodys(organization, outsider_organization):
    kept = keep_call(organization.id, days_ago(5))
    made = plan(organization, kept)
    with pytest.raises(NothingToUndo):
        grace.undo(organization_id=outsider_organization.id, thing=Thing.call(kept.call.id), by=BY)
    grace.carry_out(outsider_organization.id, made.id)
    assert kept.listen()
    assert newest(organization, kept).state == PlanState.WAITING
    with acting_for(organization.id):
        assert Call.objects.count() == 1


def test_what_waits_needs_attention_until_it_is_over(organization):
    kept = keep_call(organization.id, days_ago(5))
    plan(organization, kept)
    with acting_for(organization.id):
        matter = attention.matters(organization.id, organization.slug, timezone.now())[0]
    assert matter.title.startswith("A call is destroyed at")
    assert str(kept.call.id) in matter.href
    grace.undo(organization_id=organization.id, thing=Thing.call(kept.call.id), by=BY)
    with acting_for(organization.id):
        left = attention.matters(organization.id, organization.slug, timezone.now())
    assert not [matter for matter in left if str(kept.call.id) in matter.href]


def test_rows_that_went_without_the_plan_end_it_without_a_run_of_its_own(organization):
    kept = keep_call(organization.id, days_ago(5))
    made = plan(organization, kept)
    for row in (kept.recording, kept.transcript, kept.report, kept.call):
        destruction.destroy_now(type(row), organization.id, where=Q(id=row.id), reason=Reason.MEMBER, by=BY)
    with acting_for(organization.id):
        PlannedDestruction.objects.update(state=PlanState.WAITING)
        planned_runs = PurgeRun.objects.count()
    grace.carry_out(organization.id, made.id)
    assert newest(organization, kept).state == PlanState.DESTROYED
    with acting_for(organization.id):
        assert PurgeRun.objects.count() == planned_runs


def test_rows_that_a_closed_run_left_go_in_a_run_of_their_own(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(5))
    made = plan(organization, kept)
    with monkeypatch.context() as patch:
        patch.setattr(grace.destruction, "destroy_now", lambda *args, **kwargs: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            grace.carry_out(organization.id, made.id)
    with acting_for(organization.id):
        PurgeRun.objects.update(state="done")
    grace.carry_out(organization.id, made.id)
    assert newest(organization, kept).state == PlanState.DESTROYED
    assert certified(organization) == WHOLE_CALL


def test_a_plan_that_somebody_else_ended_meanwhile_is_ended_once(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(5))
    made, finish = plan(organization, kept), runs.finish

    def ended_meanwhile(run, *, by):
        finished = finish(run, by=by)
        with acting_for(organization.id):
            PlannedDestruction.objects.update(state=PlanState.DESTROYED)
        return finished

    monkeypatch.setattr(runs, "finish", ended_meanwhile)
    grace.carry_out(organization.id, made.id)
    assert certified(organization) == WHOLE_CALL
    assert "destruction_done" not in [kind for kind, _, _ in kinds(organization)]
