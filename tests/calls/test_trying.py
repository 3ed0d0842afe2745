"""A test call takes the way every call takes, and obeys what every call obeys."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from agents import connections
from agents.services import Settings, publish
from calls import samples
from calls.media.sniffing import media_type
from calls.media.waveform import WaveformReader
from calls.models import Call, ProviderEvent, Recording, RecordingState
from calls.services import trying
from ground.audit.models import Event
from ground.tenancy import acting_for
from tests import factories
from tests.calls.conftest import BY, Line, run_jobs

pytestmark = pytest.mark.django_db(transaction=True)


def send(line, organization, now, **more):
    values = {"organization_id": organization.id, "connection_id": line.connection.id, "language": "en", "by": BY}
    return trying.send(**{**values, "at": now, **more})


def the_call(organization):
    with acting_for(organization.id):
        return Call.objects.get()


def client_of(organization, role):
    client = Client()
    client.force_login(factories.member(organization, role))
    return client


@pytest.mark.parametrize("sample", samples.SAMPLES.values(), ids=lambda sample: sample.language)
def test_each_sample_is_sound_that_lasts_as_long_as_it_says(sample):
    with samples.OpenedSample(sample) as opened:
        content = b"".join(opened.pieces())
    assert media_type(content) == "audio/wav"
    reader = WaveformReader()
    reader.feed(content)
    measured = reader.result()
    assert abs(measured.duration_ms - sample.duration_ms) <= 20
    assert max(measured.peaks) > 0
    assert len(content) < 100_000
    assert sample.turns[-1][2] <= sample.duration_ms
    assert samples.at_address(sample.address) is sample


def test_other_addresses_are_no_samples():
    assert samples.at_address("https://test-call.invalid/../en.wav") is None
    assert samples.at_address("https://example.org/en.wav") is None
    assert samples.sample_for("de-AT").language == "de"
    assert samples.sample_for("pt").language == "en"


def test_a_test_call_stands_with_transcript_and_recording(organization, line, now):
    receipt = send(line, organization, now, language="fr")
    assert receipt.status == 202
    run_jobs(organization)
    call = the_call(organization)
    assert (call.end_reason, call.language, call.recording_state) == ("test-call", "fr", RecordingState.STORED)
    assert call.agent_id == line.agent_id
    assert call.has_transcript
    assert call.is_trial  # lists and its page say so
    with acting_for(organization.id):
        recording = Recording.objects.get()
        kinds = list(Event.objects.values_list("kind", flat=True))
    assert recording.plain_bytes == (samples.HERE / "fr.wav").stat().st_size
    assert "calls.test_call_sent" in kinds


def test_it_obeys_an_agent_that_may_not_record(organization, now):
    line = Line(organization, "generic", recording=False)
    send(line, organization, now)
    run_jobs(organization)
    call = the_call(organization)
    assert call.recording_state == RecordingState.FORBIDDEN
    with acting_for(organization.id):
        assert not Recording.objects.exists()


def test_it_tries_out_a_revision_that_was_just_published(organization, now):
    line = Line(organization, "generic", recording=False)
    publish(
        organization_id=organization.id,
        agent_id=line.agent_id,
        settings=Settings(recording_enabled=True, disclosures={"en": "This call is recorded."}),
        reason="try it",
        by=BY,
        at=now - timedelta(seconds=1),
    )
    send(line, organization, now)
    run_jobs(organization)
    assert the_call(organization).recording_state == RecordingState.STORED


def test_without_an_agent_no_sound_is_kept(organization, now):
    made, _secret = connections.create(organization_id=organization.id, provider="generic", name="x", by=BY, at=now)
    trying.send(organization_id=organization.id, connection_id=made.id, language="de", by=BY, at=now)
    run_jobs(organization)
    call = the_call(organization)
    assert (call.agent_id, call.recording_state) == (None, RecordingState.FORBIDDEN)


def test_each_press_is_another_call(organization, line, now):
    for _press in range(2):
        send(line, organization, now)
    run_jobs(organization)
    with acting_for(organization.id):
        assert Call.objects.count() == 2


def test_the_page_follows_it_until_it_stands(organization, line):
    owner = client_of(organization, "owner")
    sent = owner.post(reverse("calls:test_call_send", args=[organization.slug, line.connection.id]))
    assert sent.status_code == 302
    first = owner.get(sent["Location"])
    assert 'hx-trigger="every 1s"' in first.content.decode()
    assert first.context["waiting"]
    run_jobs(organization)
    part = owner.get(sent["Location"], headers={"HX-Request": "true"})
    text = part.content.decode()
    assert "<html" not in text
    assert "hx-trigger" not in text
    assert "Recording stored" in text
    assert reverse("calls:call", args=[organization.slug, the_call(organization).id]) in text


def test_a_connection_that_is_switched_off_says_so(organization, line, now):
    connections.set_state(
        organization_id=organization.id, connection_id=line.connection.id, state="disabled", by=BY, at=now
    )
    owner = client_of(organization, "owner")
    answer = owner.post(reverse("calls:test_call_send", args=[organization.slug, line.connection.id]), follow=True)
    assert "refuses calls for now" in answer.content.decode()
    with acting_for(organization.id):
        assert not ProviderEvent.objects.exists()


def test_a_connection_of_a_provider_takes_none_from_here(organization, vapi):
    owner = client_of(organization, "owner")
    assert owner.post(reverse("calls:test_call_send", args=[organization.slug, vapi.connection.id])).status_code == 404


def test_only_who_manages_agents_sends_one(organization, other, line):
    address = reverse("calls:test_call_send", args=[organization.slug, line.connection.id])
    assert Client().post(address).status_code == 302
    assert client_of(organization, "member").post(address).status_code == 403
    assert client_of(other, "owner").post(address).status_code == 404
    assert (
        client_of(other, "owner")
        .post(reverse("calls:test_call_send", args=[other.slug, line.connection.id]))
        .status_code
        == 404
    )
    with acting_for(organization.id):
        assert not ProviderEvent.objects.exists()


def test_its_way_is_seen_by_members_and_nobody_else(organization, other, line, now):
    receipt = send(line, organization, now)
    address = reverse("calls:test_call", args=[organization.slug, receipt.event_id])
    assert client_of(organization, "member").get(address).status_code == 200
    assert client_of(other, "owner").get(address).status_code == 404
    assert (
        client_of(other, "owner").get(reverse("calls:test_call", args=[other.slug, receipt.event_id])).status_code
        == 404
    )
