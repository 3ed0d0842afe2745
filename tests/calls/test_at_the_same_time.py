"""Deliveries, tellings and destruction that meet: one of them wins, and nothing of the other is left behind."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.models import Q

from calls import hooks
from calls.models import Call, CallReport, EventState, ProviderEvent, Recording, RecordingState, Transcript
from calls.record.problems import Problem
from calls.services import destroying, processing, receiving, storing
from ground import vault
from ground.audit.models import Alert, Event
from ground.inventory import destruction, holds, tombstones
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.jobs.models import Job
from ground.tenancy import acting_for
from ground.vault.models import DataKey
from tests.calls.conftest import BY, Line, everything_of, run_jobs, unavailable
from tests.calls.samples import generic_event, iso, vapi_report, wav
from tests.calls.stub import Answer

pytestmark = pytest.mark.django_db(transaction=True)
CALL_ID = "7e2f6f7c-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def nothing_ahead(monkeypatch):
    """Keys are minted as they are needed, so that they can be counted."""
    monkeypatch.setattr(vault.stock, "LARGEST", 0)


def keys_of(organization):
    with acting_for(organization.id, using="keyring"):
        return DataKey.objects.count()


def the(organization, model=Call):
    with acting_for(organization.id):
        return model.objects.get()


# ------------------------------------------------------------------ deliveries
def looks_that_miss(monkeypatch, count):
    real, looked = receiving._Coming._seen, []

    def miss(self):
        looked.append(1)
        return None if len(looked) <= count else real(self)

    monkeypatch.setattr(receiving._Coming, "_seen", miss)


def test_the_same_delivery_twice_at_once_is_one_event(client, organization, line, monkeypatch):
    assert line.deliver(client, generic_event()).status_code == 202
    event, keys = the(organization, ProviderEvent), keys_of(organization)
    looks_that_miss(monkeypatch, 1)
    again = line.deliver(client, generic_event())
    assert (again.status_code, again.json()["status"]) == (200, "accepted")
    assert the(organization, ProviderEvent).id == event.id
    assert keys_of(organization) == keys


def test_a_conflict_that_is_no_repetition_is_an_error_and_leaves_no_key(client, organization, line, monkeypatch):
    line.deliver(client, generic_event())
    keys = keys_of(organization)
    looks_that_miss(monkeypatch, 9)
    with pytest.raises(IntegrityError):
        line.deliver(client, generic_event())
    assert keys_of(organization) == keys
    assert everything_of(organization, ProviderEvent)["ProviderEvent"] == 1


def test_an_event_read_by_somebody_else_meanwhile_is_not_read_or_quarantined_again(client, organization, line, now):
    line.deliver(client, generic_event())
    row = the(organization, ProviderEvent)
    run_jobs(organization)
    with acting_for(organization.id):
        before = Event.objects.count()
    processing.process(organization.id, row.id, now=now)
    processing._quarantine(row, [Problem("", "late", "comes too late")], now)
    assert the(organization, ProviderEvent).state == EventState.PROCESSED
    with acting_for(organization.id):
        assert Event.objects.count() == before
        assert not Alert.objects.filter(kind="calls.event_quarantined").exists()


# ------------------------------------------------------------------ hints that are asked for
@pytest.fixture
def hint(client, organization, stub):
    weak = Line(organization, "vapi", mode="bearer", agent="a3f", base_url=stub.url, key="vapi-private-key")
    assert weak.deliver(client, vapi_report()).status_code == 202
    return weak


def test_a_provider_that_refuses_the_key_leaves_the_hint_to_a_person(organization, hint, stub):
    stub.on(f"/call/{CALL_ID}", Answer(401))
    run_jobs(organization)
    event = the(organization, ProviderEvent)
    assert (event.state, event.problems[0]["code"]) == (EventState.QUARANTINED, "key_refused")
    assert everything_of(organization, Call)["Call"] == 0
    with acting_for(organization.id):
        assert Alert.objects.open().get(kind="calls.pull_refused").key == str(hint.connection.id)


def test_a_provider_that_is_silent_is_asked_again(organization, hint, stub):
    stub.on(f"/call/{CALL_ID}", Answer(503))
    run_jobs(organization, rounds=1)
    assert the(organization, ProviderEvent).state == EventState.RECEIVED
    job = the(organization, Job)
    assert (job.state, job.last_error) == ("ready", "RetryLater:provider_silent")


# ------------------------------------------------------------------ tellings
def test_a_telling_that_is_always_overtaken_comes_again_later(client, organization, line, monkeypatch):
    line.deliver(client, generic_event())
    with monkeypatch.context() as patch:
        patch.setattr(storing, "_once", unavailable(storing.Overtaken()))
        run_jobs(organization, rounds=1)
    job = the(organization, Job)
    assert (job.state, job.last_error) == ("ready", "RetryLater:overtaken")
    with acting_for(organization.id):
        Job.objects.update(run_at=job.created_at - timedelta(hours=1))
    run_jobs(organization)
    assert everything_of(organization, Call)["Call"] == 1


def test_a_call_destroyed_while_it_was_sealed_is_not_stored_and_leaves_no_key(
    client, organization, line, monkeypatch, now
):
    line.deliver(client, generic_event())
    keys, mint = keys_of(organization), storing._mint

    def destroyed_meanwhile(organization_id, plan, at):
        mint(organization_id, plan, at)
        with acting_for(organization_id):
            tombstones.plant(organization_id, plan.digests, at=now)

    monkeypatch.setattr(storing, "_mint", destroyed_meanwhile)
    run_jobs(organization)
    assert everything_of(organization, Call, Transcript) == {"Call": 0, "Transcript": 0}
    assert keys_of(organization) == keys


def test_a_report_that_retention_does_not_admit_is_left_out_and_the_call_is_kept(
    client, organization, line, monkeypatch
):
    line.deliver(client, generic_event())
    monkeypatch.setattr(hooks, "may_store", [lambda organization_id, category, *told: category != "call_report"])
    run_jobs(organization)
    assert everything_of(organization, Call, Transcript, CallReport) == {"Call": 1, "Transcript": 1, "CallReport": 0}


# ------------------------------------------------------------------ consent that changes
def consent(result, now, minutes, **changes):
    event = generic_event(now, consent={"result": result}, **changes)
    event["timestamp"] = iso(now - timedelta(minutes=4) + timedelta(seconds=minutes))
    return event


def test_consent_given_after_all_lets_the_recording_in(client, organization, line, stub, now):
    url = stub.on("/a.wav", Answer(200, wav(0.5)))
    line.deliver(client, consent("declined", now, 1))
    run_jobs(organization)
    assert the(organization).recording_state == RecordingState.DECLINED
    line.deliver(client, consent("granted", now, 2), event_id="msg_2")
    run_jobs(organization)
    assert the(organization).recording_state == RecordingState.NONE
    line.deliver(client, consent("granted", now, 3, recordings=[{"url": url}]), event_id="msg_3")
    run_jobs(organization)
    call = the(organization)
    assert (call.recording_allowed, call.recording_state) == (True, RecordingState.STORED)


def test_a_destroyed_recording_stays_destroyed_in_words_when_consent_is_taken_back(
    client, organization, line, stub, now
):
    url = stub.on("/a.wav", Answer(200, wav(0.5)))
    line.deliver(client, consent("granted", now, 1, recordings=[{"url": url}]))
    run_jobs(organization)
    where = {"call_id": the(organization).id}
    destruction.destroy_now(Recording, organization.id, where=Q(**where), reason=destruction.Reason.MEMBER, by=BY)
    line.deliver(client, consent("declined", now, 2), event_id="msg_2")
    run_jobs(organization)
    call = the(organization)
    assert (call.recording_allowed, call.recording_state) == (False, RecordingState.DESTROYED)


# ------------------------------------------------------------------ destruction
def test_a_hold_placed_in_the_middle_of_a_destruction_keeps_the_rest(client, organization, line, monkeypatch, now):
    line.deliver(client, generic_event())
    run_jobs(organization)
    call, destroy_now = the(organization), destruction.destroy_now
    with acting_for(organization.id):
        records = destroying.preview(organization.id, call.id).records

    def hold_first(*arguments, **options):
        monkeypatch.undo()
        holds.place(
            organization_id=organization.id,
            scope=HoldScope(kind=ScopeKind.CALL, call_id=call.id),
            reason="a claim",
            review_on=now.date() + timedelta(days=9),
            by=BY,
            at=now,
        )
        return destroy_now(*arguments, **options)

    before = everything_of(organization, Call, Transcript, CallReport)
    monkeypatch.setattr(destroying.destruction, "destroy_now", hold_first)
    with pytest.raises(destroying.KeptByHold):
        destroying.destroy(organization_id=organization.id, call_id=call.id, confirmed=records, by=BY)
    assert everything_of(organization, Call, Transcript, CallReport) == before


def test_a_recording_that_may_be_kept_is_not_destroyed_as_forbidden(client, organization, line, stub):
    url = stub.on("/a.wav", Answer(200, wav(0.5)))
    line.deliver(client, generic_event(recordings=[{"url": url}]))
    run_jobs(organization)
    assert destroying.destroy_forbidden(organization.id, the(organization).id) == 0
    assert the(organization).has_recording
    assert vault.objects.store().exists(the(organization, Recording).object_name)
