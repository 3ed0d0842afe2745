"""The same call told several times, in any order, becomes the same call."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls import sealing
from calls.models import Call, CallReport, Recording, Transcript
from calls.record.merging import Told, stamp
from ground import vault
from ground.inventory import tally
from ground.profiles import Category
from ground.tenancy import acting_for
from tests.calls.conftest import Line, run_jobs
from tests.calls.samples import generic_event, iso, vapi_report

MOMENTS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(4)]
tellings = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 5)), max_size=4),
        st.integers(0, 3),
        st.sampled_from(MOMENTS),
    ),
    min_size=1,
    max_size=5,
)


def merged(events):
    told = Told()
    for values, mark in events:
        told.take(values, mark)
    return told


@settings(max_examples=150, deadline=None)
@given(tellings, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(found, random):
    events = [(values, stamp(rich, at, bytes([place]))) for place, (values, rich, at) in enumerate(found)]
    wanted = merged(events)
    shuffled = events + random.choices(events, k=len(events))
    random.shuffle(shuffled)
    assert merged(shuffled) == wanted


@settings(max_examples=60, deadline=None)
@given(tellings)
def test_sealing_forgets_nothing(found):
    told = merged((values, stamp(rich, at, bytes([place]))) for place, (values, rich, at) in enumerate(found))
    assert Told.of(told.as_json()) == told


def state_of(organization):
    """Everything known about the one call, ids aside."""
    with acting_for(organization.id):
        call = Call.objects.get()
        told = sealing.open_call(vault.keys.open_one(organization.id, call.key_id), call).values
        turns = [
            sealing.open_turns(vault.keys.open_one(organization.id, row.key_id), row)
            for row in Transcript.objects.all()
        ]
        reports = [
            sealing.open_report(vault.keys.open_one(organization.id, row.key_id), row).values
            for row in CallReport.objects.all()
        ]
        facts = {
            name: getattr(call, name)
            for name in (
                "direction",
                "outcome",
                "started_at",
                "ended_at",
                "duration_ms",
                "cost_micros",
                "recording_allowed",
                "recording_state",
                "consent",
                "has_transcript",
                "has_report",
                "event_at",
            )
        }
    return facts, told, turns, reports


def status_update(now, **more):
    full = vapi_report(now)
    message = {name: full["message"][name] for name in ("call", "phoneNumber", "customer")}
    return {
        "message": {
            "type": "status-update",
            "status": "ended",
            "timestamp": int(now.timestamp() * 1000) - 299_000,
            **message,
            **more,
        }
    }


@pytest.mark.django_db(transaction=True)
def test_a_status_and_two_reports_in_every_order(client, db, vault_home, now, stub):
    from tests import factories

    late = vapi_report(now, endedReason="customer-busy", cost=0.5)
    late["message"]["timestamp"] += 60_000
    del late["message"]["artifact"]
    events = [status_update(now), vapi_report(now), late]
    seen = []
    for order in itertools.permutations(range(3)):
        organization = factories.organization()
        line = Line(organization, "vapi", mode="hmac", agent="a3f", base_url=stub.url, key="k" * 20)
        for place in order:
            assert line.deliver(client, events[place]).status_code == 202
            run_jobs(organization)
        seen.append(state_of(organization))
    assert all(each == seen[0] for each in seen)
    facts, _told, turns, _reports = seen[0]
    assert facts["outcome"] == "busy"
    assert facts["cost_micros"] == 500_000
    assert len(turns[0]) == 2


@pytest.mark.django_db(transaction=True)
def test_a_corrected_call_moves_its_parts_and_the_tally(client, organization, line, now):
    line.deliver(client, generic_event(now))
    run_jobs(organization)
    moved = generic_event(
        now, ended_at=iso(now - timedelta(days=2)), started_at=iso(now - timedelta(days=2, minutes=1)), answered_at=...
    )
    moved["timestamp"] = iso(now)
    line.deliver(client, moved, event_id="msg_2")
    run_jobs(organization)
    with acting_for(organization.id):
        call = Call.objects.get()
        assert Transcript.objects.get().ended_at == call.ended_at == CallReport.objects.get().ended_at
        for model, category in (
            (Call, Category.CALL_METADATA),
            (Transcript, Category.TRANSCRIPT),
            (CallReport, Category.CALL_REPORT),
        ):
            row = model.objects.get()
            assert tally.by_day(organization.id, category) == {row.ended_at.date(): tally.Amount(1, row.stored_bytes)}
        assert not Recording.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_superseded_keys_are_destroyed(client, organization, line, now):
    line.deliver(client, generic_event(now))
    run_jobs(organization)
    with acting_for(organization.id):
        old = [Call.objects.get().key_id, Transcript.objects.get().key_id]
    changed = generic_event(now, outcome="voicemail")
    changed["timestamp"] = iso(now)
    line.deliver(client, changed, event_id="msg_2")
    run_jobs(organization)
    with acting_for(organization.id):
        new = [Call.objects.get().key_id, Transcript.objects.get().key_id]
    assert vault.keys.existing(organization.id, old) == set()
    assert vault.keys.existing(organization.id, new) == set(new)


@pytest.mark.django_db(transaction=True)
def test_many_tellings_at_the_same_time(client, organization, line, now):
    """Threads race for one call; nothing is lost, nothing is doubled."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    from ground import jobs
    from ground.jobs.models import Job

    for place in range(8):
        event = generic_event(now, summary=f"number {place}")
        event["timestamp"] = iso(now - timedelta(seconds=60 - place))
        line.deliver(client, event, event_id=f"msg_{place}")
    with acting_for(organization.id):
        waiting = list(Job.objects.filter(kind="calls.process_event").values_list("id", flat=True))

    def work(job_id):
        try:
            return str(jobs.run(job_id, organization.id))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, waiting))
    for _ in range(5):
        with acting_for(organization.id):
            Job.objects.filter(state="ready").update(run_at=now - timedelta(hours=1))
        run_jobs(organization)
    _facts, _told, turns, reports = state_of(organization)
    assert reports == [{"summary": "number 7", "analysis": {"resolved": True}}]
    assert len(turns) == 1
