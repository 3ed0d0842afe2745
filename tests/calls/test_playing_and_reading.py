"""Playing, reading and revealing: who may, what is sent, what is noted."""

import pytest

from accounts.models import Role
from calls import reading
from calls.exceptions import RangeNotSatisfiable
from calls.models import Call
from calls.playback import asked_range
from ground.audit.models import Event
from ground.tenancy import acting_for
from tests import factories
from tests.calls.conftest import BY, run_jobs
from tests.calls.samples import EMAIL, NAME, NUMBER, SAID, generic_event, wav
from tests.calls.stub import Answer

SOUND = wav(3.0)


@pytest.fixture
def call(client, organization, line, stub):
    url = stub.on("/a.wav", Answer(200, SOUND))
    line.deliver(client, generic_event(recordings=[{"url": url}]))
    run_jobs(organization)
    with acting_for(organization.id):
        return Call.objects.get()


@pytest.fixture
def address(organization, call):
    return f"/o/{organization.slug}/calls/{call.id}/audio"


@pytest.fixture
def member(client, organization, call):
    client.force_login(factories.member(organization, Role.MEMBER))
    return client


def body(answer):
    return b"".join(answer.streaming_content)


def looks(organization, kind):
    with acting_for(organization.id):
        return Event.objects.filter(kind=kind, stream="access").count()


@pytest.mark.django_db(transaction=True)
class TestAudio:
    def test_whole(self, member, address):
        answer = member.get(address)
        assert (answer.status_code, answer["Content-Type"], answer["Content-Length"]) == (
            200,
            "audio/wav",
            str(len(SOUND)),
        )
        assert answer["Cache-Control"] == "no-store, private"
        assert answer["Accept-Ranges"] == "bytes"
        assert body(answer) == SOUND

    @pytest.mark.parametrize(
        "header, start, end",
        [
            ("bytes=0-0", 0, 1),
            ("bytes=0-", 0, None),
            ("bytes=10-19", 10, 20),
            ("bytes=-5", -5, None),
            ("bytes=40000-999999", 40000, None),
        ],
    )
    def test_ranges(self, member, address, header, start, end):
        answer = member.get(address, headers={"range": header})
        wanted = SOUND[start:end]
        assert answer.status_code == 206
        assert body(answer) == wanted
        first = start if start >= 0 else len(SOUND) + start
        assert answer["Content-Range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(SOUND)}"

    @pytest.mark.parametrize("header", ["bytes=999999-", "bytes=-0"])
    def test_ranges_outside(self, member, address, header):
        answer = member.get(address, headers={"range": header})
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(SOUND)}")

    @pytest.mark.parametrize("header", ["bytes=5-1", "items=0-1", "bytes=0-1,3-4", "bytes=x-", "bytes=-"])
    def test_ranges_that_are_none(self, member, address, header):
        assert member.get(address, headers={"range": header}).status_code == 200

    def test_head(self, organization, member, address):
        answer = member.head(address)
        assert (answer.status_code, answer["Content-Length"]) == (200, str(len(SOUND)))
        assert looks(organization, "calls.listened") == 0

    def test_one_listen_is_one_event(self, organization, member, address):
        for header in ("bytes=0-99", "bytes=100-199", "bytes=40000-"):
            assert body(member.get(address, headers={"range": header}))
        assert looks(organization, "calls.listened") == 1

    def test_another_person_is_another_event(self, client, organization, member, address):
        body(member.get(address))
        client.force_login(factories.member(organization, Role.OWNER))
        body(client.get(address))
        assert looks(organization, "calls.listened") == 2

    def test_an_auditor_may_not_listen(self, client, organization, address):
        client.force_login(factories.member(organization, Role.AUDITOR))
        assert client.get(address).status_code == 403
        assert looks(organization, "calls.listened") == 0

    def test_strangers_and_outsiders(self, client, other, organization, address, call):
        client.logout()
        assert client.get(address).status_code == 302
        client.force_login(factories.member(other, Role.OWNER))
        assert client.get(address).status_code == 404
        assert client.get(f"/o/{other.slug}/calls/{call.id}/audio").status_code == 404
        assert looks(organization, "calls.listened") == 0

    def test_a_changed_object_is_never_played(self, member, organization, call, address):
        from calls.models import Recording
        from ground import vault
        from ground.vault.exceptions import Tampered

        with acting_for(organization.id):
            recording = Recording.objects.get()
        path = vault.objects.store()._path(recording.object_name)
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
        with pytest.raises(Tampered):
            member.get(address)


@pytest.mark.django_db(transaction=True)
class TestReading:
    def test_transcript(self, organization, call):
        turns = reading.transcript(organization_id=organization.id, call_id=call.id, by=BY)
        assert [(turn.speaker, turn.start_ms) for turn in turns] == [("agent", 700), ("user", 2100)]
        assert turns[1].text == SAID
        assert looks(organization, "calls.transcript_read") == 1

    def test_report(self, organization, call):
        report = reading.report(organization_id=organization.id, call_id=call.id, by=BY)
        assert (report.summary, report.analysis) == ("Asked about an order.", {"resolved": True})

    def test_masked_and_revealed(self, organization, call):
        with acting_for(organization.id):
            masked = reading.masked(organization.id, [call])[call.id]
        assert (masked.number, masked.name, masked.email) == ("+1 4 •• •• •• • 23", "Z. G. 李.", "c•••@e•••.org")
        assert looks(organization, "calls.revealed") == 0
        person = reading.revealed(organization_id=organization.id, call_id=call.id, by=BY)
        assert (person.number, person.name, person.email) == (NUMBER, NAME, EMAIL)
        assert looks(organization, "calls.revealed") == 1


def test_ranges_of_nothing():
    with pytest.raises(RangeNotSatisfiable):
        asked_range("bytes=0-", 0)
