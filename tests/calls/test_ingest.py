"""The door: what is answered, what is stored, and that nothing else is."""

from datetime import timedelta

import pytest

from agents import connections
from calls.models import (
    Call,
    CallReport,
    EventState,
    ProviderCopy,
    ProviderEvent,
    Recording,
    RecordingState,
    Transcript,
)
from calls.services import receiving
from ground import vault
from ground.audit.models import Alert, Event
from ground.jobs.models import Job
from ground.tenancy import acting_for
from ground.vault.exceptions import KeyringDown, KeyStoreDown, NotOpen
from tests.calls.conftest import BY, Line, everything_of, run_jobs, unavailable
from tests.calls.samples import EMAIL, NAME, NUMBER, PROMPT, SAID, encoded, generic_event, vapi_report

ALL = (Call, Transcript, CallReport, Recording, ProviderEvent, ProviderCopy)
pytestmark = pytest.mark.django_db(transaction=True)


def nothing_of(organization):
    assert not any(everything_of(organization, *ALL, Job).values())


def test_a_call_comes_in(client, organization, line, no_canaries):
    answer = line.deliver(client, generic_event())
    assert answer.status_code == 202
    assert everything_of(organization, ProviderEvent, Call) == {"ProviderEvent": 1, "Call": 0}
    run_jobs(organization)
    with acting_for(organization.id):
        call = Call.objects.get()
        event = ProviderEvent.objects.get()
    assert str(event.id) == answer.json()["id"]
    assert event.state == EventState.PROCESSED
    assert event.call_id == call.id
    assert (call.agent_id, call.direction, call.outcome, call.duration_ms) == (
        line.agent_id,
        "inbound",
        "completed",
        240_000,
    )
    assert call.has_transcript
    assert call.has_report
    assert call.phone_index
    assert call.email_index
    assert everything_of(organization, *ALL) == {
        "Call": 1,
        "Transcript": 1,
        "CallReport": 1,
        "Recording": 0,
        "ProviderEvent": 1,
        "ProviderCopy": 0,
    }


def test_nothing_readable_in_the_database(client, organization, line, superuser_connection):
    line.deliver(client, generic_event())
    run_jobs(organization)
    with superuser_connection("default") as database:
        tables = [row[0] for row in database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        for table in tables:
            text = str(database.execute(f'SELECT t::text FROM "{table}" t').fetchall())
            for canary in (NUMBER[1:], NAME, EMAIL, SAID, "call-1"):
                assert canary not in text, table
                assert canary.encode().hex() not in text, table


def test_a_replay_answers_the_same_and_does_nothing(client, organization, line):
    event = generic_event()
    first = line.deliver(client, event)
    run_jobs(organization)
    before = everything_of(organization, *ALL, Job, Event)
    again = line.deliver(client, event)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json()
    assert everything_of(organization, *ALL, Job, Event) == before


def test_another_message_about_the_same_call_adds_no_call(client, organization, line):
    line.deliver(client, generic_event())
    line.deliver(client, generic_event(), event_id="msg_2")
    run_jobs(organization)
    assert everything_of(organization, Call, Transcript)["Call"] == 1


def test_two_connections_may_use_the_same_call_id(client, organization, line):
    second = Line(organization, "generic")
    line.deliver(client, generic_event())
    second.deliver(client, generic_event())
    run_jobs(organization)
    assert everything_of(organization, Call)["Call"] == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": None},
        {"webhook-id": "other"},
        {"webhook-timestamp": "1"},
    ],
)
def test_unproven_deliveries_are_refused(client, organization, line, changed, no_canaries):
    answer = line.deliver(client, generic_event(), **changed)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    nothing_of(organization)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_stale_and_future_deliveries_are_refused(client, organization, line, now, minutes):
    assert line.deliver(client, generic_event(), at=now + timedelta(minutes=minutes)).status_code == 401
    nothing_of(organization)


def test_another_connections_secret_opens_nothing(client, organization, other, line):
    theirs = Line(other, "generic")
    body = encoded(generic_event())
    answer = client.post(line.path, body, content_type="application/json", headers=theirs.headers(body, "m"))
    assert answer.status_code == 401
    nothing_of(organization)


@pytest.mark.parametrize(
    "path",
    [
        "/ingest/generic/AAAAAAAAAAAAAAAAAAAAAAAA",
        "/ingest/generic/x'--",
        "/ingest/nobody/abc",
        "/ingest/generic/" + "a" * 500,
    ],
)
def test_unknown_endpoints(client, db, vault_home, path):
    answer = client.post(path, b"{}", content_type="application/json")
    assert answer.status_code == 404


def test_the_wrong_providers_address_is_unknown(client, organization, line):
    body = encoded(generic_event())
    path = line.path.replace("generic", "vapi")
    assert client.post(path, body, content_type="application/json", headers=line.headers(body, "m")).status_code == 404


def test_a_switched_off_endpoint(client, organization, line, now):
    connections.set_state(
        organization_id=organization.id, connection_id=line.connection.id, state="disabled", by=BY, at=now
    )
    assert line.deliver(client, generic_event()).status_code == 410
    nothing_of(organization)


def test_too_large(client, organization, line, settings):
    settings.INGEST_MAX_BYTES = 1000
    assert line.deliver(client, b"{" + b" " * 1000).status_code == 413
    nothing_of(organization)


def test_only_post(client, line):
    assert client.get(line.path).status_code == 405


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"null", b'{"type": "call.ended"}'])
def test_bodies_that_are_no_call(client, organization, line, body):
    answer = line.deliver(client, body) if body != b"\xff" else None
    if answer is not None:
        assert answer.status_code == 400
        assert answer.json()["errors"]
    nothing_of(organization)


def test_all_problems_at_once_and_never_a_value(client, organization, line):
    answer = line.deliver(client, generic_event(direction=NUMBER, started_at="2026-01-01T00:00:00", x=1))
    assert answer.status_code == 400
    assert {each["pointer"] for each in answer.json()["errors"]} == {"/data/direction", "/data/started_at", "/data/x"}
    assert NUMBER not in answer.content.decode()
    nothing_of(organization)


@pytest.mark.parametrize(
    "place, error",
    [
        ("ground.vault.keys.mint", KeyringDown("x")),
        ("ground.vault.keys.mint", KeyStoreDown("x")),
        ("ground.vault.keys.open", KeyringDown("x")),
        ("ground.vault.keys.still_pending_ok", KeyringDown("x")),
        ("ground.vault.blind.digest", KeyStoreDown("x")),
        ("ground.vault.gate.require_open", NotOpen("restoring")),
    ],
)
def test_an_outage_is_503_and_nothing_is_stored(client, organization, line, monkeypatch, place, error, no_canaries):
    with monkeypatch.context() as patch:
        patch.setattr(place, unavailable(error))
        answer = line.deliver(client, generic_event())
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    nothing_of(organization)
    assert line.deliver(client, generic_event()).status_code == 202


def test_a_database_that_does_not_answer_is_503(client, organization, line, monkeypatch):
    from django.db import OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "connection_of", unavailable(OperationalError("x")))
        assert line.deliver(client, generic_event()).status_code == 503


def test_a_lost_confirmation_loses_nothing(client, organization, line, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("ground.vault.keys.confirm", unavailable(KeyringDown("x")))
        assert line.deliver(client, generic_event()).status_code == 202
    run_jobs(organization)
    assert everything_of(organization, Call)["Call"] == 1


class TestVapi:
    def test_a_report_comes_in_without_its_prompts(self, client, organization, vapi, no_canaries):
        assert vapi.deliver(client, vapi_report()).status_code == 202
        with acting_for(organization.id):
            event = ProviderEvent.objects.get()
            from calls import sealing

            kept = str(sealing.open_event(vault.keys.open_one(organization.id, event.key_id), event))
        assert PROMPT not in kept
        run_jobs(organization)
        assert everything_of(organization, *ALL) == {
            "Call": 1,
            "Transcript": 1,
            "CallReport": 1,
            "Recording": 0,
            "ProviderEvent": 1,
            "ProviderCopy": 1,
        }

    def test_the_same_body_is_the_same_event(self, client, organization, vapi):
        report = vapi_report()
        assert vapi.deliver(client, report).status_code == 202
        assert vapi.deliver(client, report).status_code == 200

    def test_other_messages_are_accepted_and_forgotten(self, client, organization, vapi):
        answer = vapi.deliver(client, {"message": {"type": "speech-update", "call": {"id": "x"}}})
        assert answer.status_code == 200
        nothing_of(organization)

    def test_what_makes_no_sense_is_set_aside_with_its_reasons(self, client, organization, vapi, no_canaries):
        answer = vapi.deliver(client, vapi_report(startedAt="2026-11-22T11:00:00"))
        assert answer.status_code == 202
        with acting_for(organization.id):
            event = ProviderEvent.objects.get()
            alert = Alert.objects.get(kind="calls.event_quarantined")
        assert event.state == EventState.QUARANTINED
        assert event.problems[0]["code"] == "naive_time"
        assert alert.key == str(vapi.connection.id)
        assert everything_of(organization, Call, Job) == {"Call": 0, "Job": 0}

    def test_a_weak_delivery_is_only_a_hint(self, client, organization, stub):
        weak = Line(organization, "vapi", mode="bearer", agent="a3f", base_url=stub.url, key="vapi-private-key")
        from tests.calls.stub import Answer

        report = vapi_report()
        call = report["message"].pop("call")
        call_id = call["id"]
        pulled = {**report["message"], **call, "status": "ended", "transcript": "x"}
        stub.on(f"/call/{call_id}", Answer(200, encoded(pulled)))
        forged = vapi_report(endedReason="customer-busy")
        assert weak.deliver(client, forged).status_code == 202
        run_jobs(organization)
        with acting_for(organization.id):
            stored = Call.objects.get()
        assert stored.outcome == "completed"
        assert stub.asked[0].headers["Authorization"] == "Bearer vapi-private-key"
        assert PROMPT not in str(stored.__dict__)

    def test_a_hint_without_key_waits_for_a_person(self, client, organization):
        weak = Line(organization, "vapi", mode="bearer", agent="a3f")
        assert weak.deliver(client, vapi_report()).status_code == 202
        run_jobs(organization)
        with acting_for(organization.id):
            assert ProviderEvent.objects.get().problems[0]["code"] == "no_key_to_pull"

    def test_a_call_that_the_provider_does_not_know_is_no_call(self, client, organization, stub):
        weak = Line(organization, "vapi", mode="bearer", agent="a3f", base_url=stub.url, key="k" * 20)
        assert weak.deliver(client, vapi_report()).status_code == 202
        run_jobs(organization)
        assert everything_of(organization, Call)["Call"] == 0


class TestSettingsDecide:
    def test_a_forbidden_recording_is_not_kept_and_counted(self, client, organization, now):
        line = Line(organization, "generic", recording=False)
        event = generic_event(recordings=[{"url": "https://x.s3.amazonaws.com/a.wav"}])
        line.deliver(client, event)
        with acting_for(organization.id):
            not_kept = Event.objects.get(kind="calls.not_kept")
            assert '"recordings":1' in str(not_kept.payload).replace(" ", "").replace("'", '"')
        outcomes = run_jobs(organization)
        assert "calls.fetch_recording" not in {kind for kind, _ in outcomes}
        with acting_for(organization.id):
            call = Call.objects.get()
        assert (call.recording_allowed, call.recording_state) == (False, RecordingState.FORBIDDEN)

    def test_a_forbidden_transcript_is_never_stored_not_even_raw(self, client, organization):
        line = Line(organization, "generic", transcript=False)
        line.deliver(client, generic_event())
        run_jobs(organization)
        assert everything_of(organization, Call, Transcript, CallReport) == {
            "Call": 1,
            "Transcript": 0,
            "CallReport": 0,
        }
        from calls import sealing

        with acting_for(organization.id):
            event = ProviderEvent.objects.get()
            raw = sealing.open_event(vault.keys.open_one(organization.id, event.key_id), event)
        assert SAID not in str(raw)

    def test_an_unknown_agent_may_not_record(self, client, organization, line):
        line.deliver(client, generic_event(agent="somebody", recordings=[{"url": "https://x.s3.amazonaws.com/a"}]))
        run_jobs(organization)
        with acting_for(organization.id):
            assert Call.objects.get().recording_state == RecordingState.FORBIDDEN

    def test_the_settings_of_the_moment_of_the_call_count(self, client, organization, now):
        line = Line(organization, "generic", recording=False)
        line.publish(recording=True, at=now - timedelta(minutes=1))
        line.deliver(client, generic_event())
        run_jobs(organization)
        with acting_for(organization.id):
            assert not Call.objects.get().recording_allowed

    def test_declined_consent_forbids_the_recording(self, client, organization, vapi):
        report = vapi_report(
            compliance={"recordingConsent": {"type": "verbal"}},
            artifact={"presignedMonoUrl": "https://x.s3.amazonaws.com/a.wav"},
        )
        vapi.deliver(client, report)
        outcomes = run_jobs(organization)
        assert "calls.fetch_recording" not in {kind for kind, _ in outcomes}
        with acting_for(organization.id):
            assert Call.objects.get().recording_state == RecordingState.DECLINED

    def test_what_is_past_its_period_on_arrival_is_not_stored(self, client, organization, line, monkeypatch):
        from calls import hooks

        monkeypatch.setattr(hooks, "may_store", [lambda *about: about[1] != "transcript"])
        line.deliver(client, generic_event())
        run_jobs(organization)
        assert everything_of(organization, Call, Transcript) == {"Call": 1, "Transcript": 0}

    def test_a_whole_call_past_its_period_is_dropped(self, client, organization, line, monkeypatch):
        from calls import hooks

        line.deliver(client, generic_event())
        monkeypatch.setattr(hooks, "may_store", [lambda *about: False])
        run_jobs(organization)
        assert everything_of(organization, Call, Transcript) == {"Call": 0, "Transcript": 0}
        with acting_for(organization.id):
            assert ProviderEvent.objects.get().state == EventState.DROPPED
        at_the_door = line.deliver(client, generic_event(), event_id="msg_2")
        assert (at_the_door.status_code, at_the_door.json()) == (200, {"status": "dropped"})
        assert everything_of(organization, ProviderEvent) == {"ProviderEvent": 1}


@pytest.mark.parametrize("number", ["anonymous", "unknown", "12", "+1", "sip:alice@example.org", "١٢٣", "☎", ""])
def test_numbers_that_are_no_numbers_are_kept_and_not_indexed(client, organization, line, number):
    line.deliver(client, generic_event(**{"from": number}))
    run_jobs(organization)
    with acting_for(organization.id):
        call = Call.objects.get()
    assert call.phone_index is None


def test_numbers_are_found_however_written(client, organization, line):
    line.deliver(client, generic_event(**{"from": "+1 (415) 555-0123"}))
    run_jobs(organization)
    with acting_for(organization.id):
        digest = vault.blind.digest(organization.id, "find", "phone", NUMBER)
        assert Call.objects.filter(phone_index=digest).exists()


@pytest.mark.parametrize("slug", ["generic", "vapi"])
def test_deep_nesting_is_refused_at_the_door(client, organization, slug):
    line = Line(organization, slug)
    deep = b'{"message": ' + b'{"a":' * 500 + b"1" + b"}" * 501
    assert line.deliver(client, deep).status_code == 400
    nothing_of(organization)


def test_retention_refuses_what_comes_after_its_time(client, organization, line, now):
    """The parts whose period is over on arrival are not stored, the others are; a call past all of them is dropped."""
    from datetime import UTC, datetime

    from calls import hooks

    with acting_for(organization.id):
        kept = {
            category: hooks.is_admitted(organization.id, category, line.agent_id, now - timedelta(days=200))
            for category in ("recording", "transcript", "call_report", "call_metadata")
        }
    old = generic_event(now - timedelta(days=200), recordings=[{"url": "https://x.s3.amazonaws.com/a.wav"}])
    assert line.deliver(client, old).status_code == 202
    run_jobs(organization, kinds={"calls.process_event"})
    here = everything_of(organization, Call, Transcript, CallReport)
    call = kept["call_metadata"]
    assert here == {
        "Call": int(call),
        "Transcript": int(call and kept["transcript"]),
        "CallReport": int(call and kept["call_report"]),
    }
    assert not kept["recording"]
    ancient = generic_event(datetime(2001, 1, 1, tzinfo=UTC), call_id="ancient")
    assert line.deliver(client, ancient, event_id="msg_9").json() == {"status": "dropped"}
