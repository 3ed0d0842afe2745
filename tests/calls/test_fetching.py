"""From the provider's address to a sealed recording that plays, or to a clear reason why not."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError

from calls import hooks
from calls.identity import call_digests
from calls.models import Call, ProviderEvent, Recording, RecordingState
from calls.playback import open as play
from calls.providers.generic.adapter import GenericProvider
from calls.record.problems import Unreadable
from calls.services import fetching
from ground import vault
from ground.audit.models import Alert
from ground.inventory import destruction, tombstones
from ground.jobs.models import Job
from ground.tenancy import acting_for
from ground.vault.exceptions import KeyringDown, ObjectStoreDown
from tests.calls.conftest import BY, Line, everything_of, run_jobs, unavailable
from tests.calls.samples import generic_event, vapi_report, wav
from tests.calls.stub import Answer

pytestmark = pytest.mark.django_db(transaction=True)
CALL_ID = "7e2f6f7c-0000-4000-8000-000000000001"


def deliver(client, line, url, **more):
    line.deliver(client, generic_event(recordings=[{"url": url}], **more))


def the_call(organization):
    with acting_for(organization.id):
        return Call.objects.get()


def the_job(organization, kind="calls.fetch_recording"):
    with acting_for(organization.id):
        return Job.objects.filter(kind=kind).order_by("id").last()


def heard(organization, call, header=None):
    return b"".join(play(organization_id=organization.id, call_id=call.id, range_header=header, by=BY).pieces)


def hurry(organization, now):
    with acting_for(organization.id):
        Job.objects.filter(state="ready").update(run_at=now - timedelta(hours=1))


def clean(organization):
    """No object without a row, no row without its object and key."""
    with acting_for(organization.id):
        rows = list(Recording.objects.all())
    names = {found.name for found in vault.objects.store().list(f"{organization.id}/")}
    assert names == {row.object_name for row in rows}
    assert vault.keys.existing(organization.id, [row.key_id for row in rows]) == {row.key_id for row in rows}


def test_a_recording_is_fetched_sealed_and_plays(client, organization, line, stub, no_canaries):
    sound = wav(2.0)
    deliver(client, line, stub.on("/a.wav", Answer(200, sound, {"Content-Type": "text/html"})))
    run_jobs(organization)
    call = the_call(organization)
    assert (call.has_recording, call.recording_state) == (True, RecordingState.STORED)
    with acting_for(organization.id):
        recording = Recording.objects.get()
    assert (recording.media_type, recording.plain_bytes, recording.duration_ms) == ("audio/wav", len(sound), 2000)
    assert heard(organization, call) == sound
    assert heard(organization, call, "bytes=100-199") == sound[100:200]
    stored = b"".join(vault.objects.store().open(recording.object_name))
    assert sound[:64] not in stored
    assert "127.0.0.1" not in str(the_job(organization).arguments)
    clean(organization)


def test_an_address_that_expired_is_replaced_by_the_interface(client, organization, vapi, stub):
    sound = wav(0.5)
    expired = stub.on("/presigned", Answer(403))
    stub.on(f"/call/{CALL_ID}/mono-recording", Answer(302, headers={"Location": "/short-lived"}))
    stub.on("/short-lived", Answer(200, sound))
    vapi.deliver(client, vapi_report(artifact={"presignedMonoUrl": expired}))
    run_jobs(organization)
    assert heard(organization, the_call(organization)) == sound
    by_path = {asked.path: asked.headers.get("Authorization") for asked in stub.asked}
    assert by_path["/presigned"] is None
    assert by_path[f"/call/{CALL_ID}/mono-recording"] == "Bearer vapi-private-key"


@pytest.mark.parametrize(
    "answer, code",
    [
        (Answer(404), "not_there"),
        (Answer(200, b"<html>please log in</html>"), "not_sound"),
        (Answer(302, headers={"Location": "https://169.254.169.254/"}), "host_not_allowed"),
        (Answer(302, headers={"Location": "https://evil.example/a.wav"}), "host_not_allowed"),
    ],
)
def test_what_will_never_work_is_given_up_with_an_alert(client, organization, line, stub, answer, code):
    deliver(client, line, stub.on("/a.wav", answer))
    run_jobs(organization)
    job = the_job(organization)
    assert (job.state, job.last_error) == ("failed", f"GiveUp:{code}")
    assert the_call(organization).recording_state == RecordingState.UNAVAILABLE
    with acting_for(organization.id):
        assert Alert.objects.filter(kind="calls.recording_unavailable").exists()
    assert everything_of(organization, Recording)["Recording"] == 0
    clean(organization)


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.googleapis.com/a",
        "https://10.0.0.1/a",
        "https://2130706433/a",
        "https://evil.example/a",
        "x",
        "https://[::1",
    ],
)
def test_addresses_that_are_never_opened(client, organization, line, url):
    deliver(client, line, url)
    run_jobs(organization)
    assert the_job(organization).state == "failed"
    assert the_call(organization).recording_state == RecordingState.UNAVAILABLE
    clean(organization)


def test_a_recording_beyond_the_limit(client, organization, line, stub, settings):
    settings.MEDIA_FETCH_MAX_BYTES = 10_000
    deliver(client, line, stub.on("/a.wav", Answer(200, wav(2.0), {"Content-Length": None})))
    run_jobs(organization)
    assert the_job(organization).last_error == "GiveUp:too_large"
    clean(organization)


@pytest.mark.parametrize(
    "failure",
    [Answer(503, headers={"Retry-After": "3"}), Answer(429), Answer(200, wav(2.0), cut=20_000), Answer(200, b"")],
)
def test_what_may_pass_is_tried_again(client, organization, line, stub, now, failure):
    sound = wav(2.0)
    deliver(client, line, stub.on("/a.wav", failure, Answer(200, sound)))
    run_jobs(organization)
    assert the_job(organization).state == "ready"
    assert the_call(organization).recording_state == RecordingState.EXPECTED
    clean(organization)
    hurry(organization, now)
    run_jobs(organization)
    assert heard(organization, the_call(organization)) == sound
    clean(organization)


@pytest.mark.parametrize(
    "place, error",
    [
        ("ground.vault.objects.put_sealed", ObjectStoreDown("x")),
        ("ground.vault.keys.mint", KeyringDown("x")),
        ("ground.vault.keys.still_pending_ok", KeyringDown("x")),
        ("ground.vault.keys.open_one", KeyringDown("x")),
    ],
)
def test_an_outage_waits_and_costs_no_attempt(client, organization, line, stub, now, monkeypatch, place, error):
    sound = wav(0.5)
    deliver(client, line, stub.on("/a.wav", Answer(200, sound)))
    run_jobs(organization, kinds={"calls.process_event"})
    with monkeypatch.context() as patch:
        patch.setattr(place, unavailable(error))
        run_jobs(organization, rounds=1)
    job = the_job(organization)
    assert (job.state, job.attempts) == ("ready", 0)
    assert everything_of(organization, Recording)["Recording"] == 0
    hurry(organization, now)
    run_jobs(organization)
    assert heard(organization, the_call(organization)) == sound
    clean(organization)


def test_an_object_store_that_refuses(client, organization, line, stub, now, settings):
    deliver(client, line, stub.on("/a.wav", Answer(200, wav(0.5))))
    run_jobs(organization, kinds={"calls.process_event"})
    folder = vault.objects.store().folder / ".incoming"
    folder.rename(folder.with_name("away"))
    run_jobs(organization, rounds=1)
    assert the_job(organization).state == "ready"
    folder.with_name("away").rename(folder)
    hurry(organization, now)
    run_jobs(organization)
    assert the_call(organization).has_recording
    clean(organization)


def test_fetching_twice_stores_once(client, organization, line, stub):
    url = stub.on("/a.wav", Answer(200, wav(0.5)))
    deliver(client, line, url)
    line.deliver(client, generic_event(recordings=[{"url": url}]), event_id="msg_2")
    run_jobs(organization)
    assert everything_of(organization, Recording)["Recording"] == 1
    clean(organization)


def test_the_whole_call_is_preferred_to_its_sides(client, organization, line, stub):
    recordings = [
        {"kind": kind, "url": stub.on(f"/{kind}", Answer(200, wav(0.2)))}
        for kind in ("customer", "stereo", "mono", "agent")
    ]
    line.deliver(client, generic_event(recordings=recordings))
    run_jobs(organization)
    with acting_for(organization.id):
        assert [row.kind for row in Recording.objects.all()] == ["mono"]
    assert [asked.path for asked in stub.asked] == ["/mono"]


def test_both_sides_when_there_is_nothing_else(client, organization, line, stub):
    recordings = [{"kind": kind, "url": stub.on(f"/{kind}", Answer(200, wav(0.2)))} for kind in ("customer", "agent")]
    line.deliver(client, generic_event(recordings=recordings))
    run_jobs(organization)
    with acting_for(organization.id):
        assert {row.kind for row in Recording.objects.all()} == {"customer", "agent"}


def test_settings_changed_before_the_download(client, organization, line, stub, now):
    deliver(client, line, stub.on("/a.wav", Answer(200, wav(0.5))))
    run_jobs(organization, kinds={"calls.process_event"})
    with acting_for(organization.id):
        Call.objects.update(recording_allowed=False)
    run_jobs(organization)
    assert not stub.asked
    assert everything_of(organization, Recording)["Recording"] == 0


def test_consent_declined_after_all_destroys_what_was_stored(client, organization, vapi, stub, now):
    url = stub.on("/a.wav", Answer(200, wav(0.5)))
    vapi.deliver(client, vapi_report(now, artifact={"presignedMonoUrl": url}))
    run_jobs(organization)
    assert the_call(organization).has_recording
    declined = vapi_report(now, compliance={"recordingConsent": {"type": "verbal"}})
    declined["message"]["timestamp"] += 1000
    vapi.deliver(client, declined)
    run_jobs(organization)
    call = the_call(organization)
    assert not call.has_recording
    assert everything_of(organization, Recording)["Recording"] == 0
    clean(organization)


class TestTombstones:
    def destroy(self, organization, model, **where):
        from django.db.models import Q

        with acting_for(organization.id):
            ids = list(model.objects.values_list("id", flat=True))
        return destruction.destroy_now(
            model, organization.id, where=Q(id__in=ids), reason=destruction.Reason.MEMBER, by=BY
        )

    def test_a_destroyed_call_does_not_come_back(self, client, organization, line):
        line.deliver(client, generic_event())
        run_jobs(organization)
        self.destroy(organization, Call)
        again = line.deliver(client, generic_event(), event_id="msg_late")
        assert (again.status_code, again.json()["status"]) == (200, "dropped")
        run_jobs(organization)
        assert everything_of(organization, Call)["Call"] == 0

    def test_nor_when_it_was_on_its_way(self, client, organization, line):
        line.deliver(client, generic_event())
        run_jobs(organization)
        line.deliver(client, generic_event(), event_id="msg_late")
        self.destroy(organization, Call)
        run_jobs(organization)
        assert everything_of(organization, Call)["Call"] == 0

    def test_a_destroyed_recording_is_not_fetched_again(self, client, organization, line, stub):
        url = stub.on("/a.wav", Answer(200, wav(0.5)))
        deliver(client, line, url)
        run_jobs(organization)
        self.destroy(organization, Recording)
        call = the_call(organization)
        assert (call.has_recording, call.recording_state) == (False, RecordingState.DESTROYED)
        stub.asked.clear()
        line.deliver(client, generic_event(recordings=[{"url": url}]), event_id="msg_late")
        run_jobs(organization)
        assert not stub.asked
        assert everything_of(organization, Call, Recording) == {"Call": 1, "Recording": 0}
        clean(organization)

    def test_destroyed_while_it_was_being_fetched(self, client, organization, line, stub, monkeypatch):
        deliver(client, line, stub.on("/a.wav", Answer(200, wav(0.5))))
        run_jobs(organization, kinds={"calls.process_event"})
        real = vault.objects.put_sealed

        def put(*args, **kwargs):
            stored = real(*args, **kwargs)
            monkeypatch.undo()
            self.destroy(organization, Call)
            return stored

        monkeypatch.setattr("ground.vault.objects.put_sealed", put)
        run_jobs(organization)
        assert everything_of(organization, Call, Recording) == {"Call": 0, "Recording": 0}
        clean(organization)

    def test_tombstones_of_one_organization_bind_no_other(self, client, organization, other, line):
        line.deliver(client, generic_event())
        run_jobs(organization)
        self.destroy(organization, Call)
        theirs = Line(other, "generic")
        assert theirs.deliver(client, generic_event()).status_code == 202
        with acting_for(other.id):
            assert not tombstones.present(other.id, [b"0" * 16])


def test_attempts_come_to_an_end(client, organization, line, stub, now):
    deliver(client, line, stub.on("/a.wav", Answer(500)))
    for _ in range(14):
        run_jobs(organization, rounds=1)
        hurry(organization, now)
    assert the_job(organization).state == "failed"
    assert the_call(organization).recording_state == RecordingState.UNAVAILABLE


class TestWhatChangesMeanwhile:
    """Between the delivery and the download."""

    @pytest.fixture
    def delivered(self, client, organization, line, stub):
        deliver(client, line, stub.on("/a.wav", Answer(200, wav(0.5))))
        run_jobs(organization, kinds={"calls.process_event"})
        return line

    def nothing_fetched(self, organization, stub):
        run_jobs(organization)
        assert not stub.asked
        assert everything_of(organization, Recording)["Recording"] == 0
        assert the_job(organization).state == "done"

    def test_retention_no_longer_admits_a_recording(self, organization, delivered, stub, monkeypatch):
        asked = []

        def refuse(organization_id, category, agent_id, clock):
            asked.append(category)
            return category != "recording"

        monkeypatch.setattr(hooks, "may_store", [refuse])
        self.nothing_fetched(organization, stub)
        assert "recording" in asked

    def test_the_connection_is_gone(self, organization, delivered, stub):
        with acting_for(organization.id):
            Call.objects.update(connection_id=uuid4())
        self.nothing_fetched(organization, stub)

    def test_the_agents_settings_at_the_time_of_the_call_decide(self, organization, delivered, stub, now):
        delivered.publish(recording=False, at=now - timedelta(hours=1))
        assert the_call(organization).recording_allowed
        self.nothing_fetched(organization, stub)

    def test_the_event_that_offered_it_is_gone(self, organization, delivered, stub):
        with acting_for(organization.id):
            ProviderEvent.objects.all().delete()
        self.nothing_fetched(organization, stub)

    def test_the_event_that_offered_it_is_not_understood_any_more(self, organization, delivered, stub, monkeypatch):
        monkeypatch.setattr(GenericProvider, "read", unavailable(Unreadable([])))
        self.nothing_fetched(organization, stub)

    def test_a_tombstone_of_the_recording_alone_is_enough(self, organization, delivered, stub, now):
        call = the_call(organization)
        digests = call_digests(organization.id, "generic", str(delivered.connection.id), "call-1")
        own = call_digests(organization.id, "generic", str(delivered.connection.id), "call-1", "recording:mono")
        assert bytes(call.tombstone) in digests
        with acting_for(organization.id):
            tombstones.plant(organization.id, own, at=now)
        self.nothing_fetched(organization, stub)


def test_a_download_that_has_no_time_left_is_tried_again(client, organization, line, stub, settings, now):
    deliver(client, line, stub.on("/a.wav", Answer(200, wav(0.5))))
    settings.MEDIA_FETCH_SECONDS = 0
    run_jobs(organization)
    assert not stub.asked
    assert (the_job(organization).state, the_job(organization).last_error) == ("ready", "RetryLater:too_slow")
    settings.MEDIA_FETCH_SECONDS = 60
    hurry(organization, now)
    run_jobs(organization)
    assert the_call(organization).has_recording
    clean(organization)


def test_a_sound_whose_form_cannot_be_drawn_is_stored_without_its_picture(client, organization, line, stub):
    sound = b"ID3\x04\x00" + b"\x00" * 4000
    deliver(client, line, stub.on("/a.mp3", Answer(200, sound)))
    run_jobs(organization)
    assert heard(organization, the_call(organization)) == sound
    with acting_for(organization.id):
        assert not Recording.objects.get().sealed_peaks


def test_a_commit_that_was_not_heard_of_takes_nothing_back(client, organization, line, stub, now, monkeypatch):
    deliver(client, line, stub.on("/a.wav", Answer(200, wav(0.5))))
    insert = fetching._insert

    def unheard(*arguments):
        insert(*arguments)
        raise OperationalError("the connection broke after the commit")

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_insert", unheard)
        run_jobs(organization, rounds=2)
    hurry(organization, now)
    run_jobs(organization)
    assert heard(organization, the_call(organization)) == wav(0.5)


def test_what_a_failed_attempt_could_not_take_back_hides_no_error(client, organization, line, stub, monkeypatch, now):
    deliver(client, line, stub.on("/a.wav", Answer(200, wav(0.5)), Answer(200, wav(0.5))))
    run_jobs(organization, kinds={"calls.process_event"})
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_insert", unavailable(ZeroDivisionError()))
        patch.setattr(vault.keys, "destroy", unavailable(KeyringDown("x")))
        run_jobs(organization, rounds=1)
    assert "ZeroDivisionError" in the_job(organization).last_error
    hurry(organization, now)
    run_jobs(organization)
    assert heard(organization, the_call(organization)) == wav(0.5)


@pytest.mark.parametrize("pieces", [[], [b"ab"], [b"ab", b"cd"], [b"R" * 5000, b"more"]])
def test_the_beginning_is_read_once_and_nothing_of_it_is_lost(pieces):
    start, everything = fetching._beginning(iter(pieces))
    assert b"".join(everything) == b"".join(pieces)
    assert b"".join(pieces).startswith(start)
