"""The real programs on the test databases: worker and beat as processes, killed; the broker stopped; two beats at once.

One story, so that the programs start once. Its parts stand in the order in which a bad day would bring them.
"""

import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from calls.models import Call, Recording
from calls.playback import open as play
from ground import vault
from ground.jobs.models import Job, Slot
from ground.tenancy import acting_for
from tests.calls.conftest import BY, Line, organization, stub  # noqa: F401  (fixtures)
from tests.calls.samples import encoded, generic_event, wav
from tests.calls.stub import Answer
from tests.programs import programs, queue  # noqa: F401  (fixtures)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Story:
    """What the sender does and what the organization sees."""

    def __init__(self, organization, line, server, stub, programs):
        self.organization, self.line, self.server = organization, line, server
        self.stub, self.programs = stub, programs

    def send(self, name, sound):
        url = self.stub.on(f"/{name}.wav", Answer(200, sound))
        body = encoded(generic_event(call_id=name, recordings=[{"url": url}]))
        headers = {**self.line.headers(body, name), "Content-Type": "application/json"}
        request = urllib.request.Request(self.server.url + self.line.path, body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 202

    def sounds(self):
        with acting_for(self.organization.id):
            return Counter(Recording.objects.values_list("call_id", flat=True))

    def eventually(self, what, *, seconds, said):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"{said}\n{self.programs.told()}"
            time.sleep(0.1)

    def waits_for(self, number, *, seconds):
        """So many calls with exactly one recording each, within seconds."""
        self.eventually(
            lambda: len(self.sounds()) >= number, seconds=seconds, said=f"{number} recordings did not come in time"
        )
        with acting_for(self.organization.id):
            assert Call.objects.count() == number
        assert set(self.sounds().values()) == {1}

    def objects(self):
        return len(list(vault.objects.store().list(f"{self.organization.id}/recording/")))

    def leases_run_out(self):
        """Time passes: what a dead worker held is free again (ten minutes, for a download)."""
        past = datetime.now(UTC) - timedelta(minutes=1)
        with acting_for(self.organization.id):
            Job.objects.filter(kind="calls.fetch_recording", state="running").update(leased_until=past, woken_at=past)


@pytest.fixture
def story(organization, live_server, stub, programs):
    return Story(organization, Line(organization, "generic"), live_server, stub, programs)


@pytest.mark.timeout(300)
def test_a_bad_day(story, programs, queue, organization):
    sound = wav(0.3)
    # Two beats from the start; the only child of the first worker dies in the middle of its second fetch.
    programs.beat("beat-1"), programs.beat("beat-2")
    first = programs.worker("worker-1", SOTTOVOCE_FAULT="calls.fetch.after_object:kill:2")
    story.send("one", sound)
    story.waits_for(1, seconds=60)

    # The worker is killed with the recording sealed and stored, but not yet known.
    story.send("two", sound)
    story.eventually(lambda: story.objects() == 2, seconds=30, said="the second fetch did not begin")
    programs.kill(first)
    assert len(story.sounds()) == 1
    programs.worker("worker-2")
    story.leases_run_out()
    story.waits_for(2, seconds=60)

    # The queue is gone: the sender is answered as before, and nothing is lost.
    queue.kill()
    story.send("three", sound)
    time.sleep(1)
    assert len(story.sounds()) == 2
    queue.start()
    story.waits_for(3, seconds=90)

    # Every call plays; every piece of work ended once; every slot ran once, whoever ticked.
    with acting_for(organization.id):
        for call_id in story.sounds():
            played = play(organization_id=organization.id, call_id=call_id, range_header=None, by=BY)
            assert b"".join(played.pieces) == sound
        fetches = Job.objects.filter(kind="calls.fetch_recording")
        assert sorted(fetches.values_list("state", "deaths")) == [("done", 0), ("done", 0), ("done", 1)]
        assert not Job.objects.filter(state__in=["failed", "quarantined"]).exists()
        slots = Counter(Slot.objects.values_list("kind", "slot"))
        assert ("retention.sweep" in {kind for kind, _slot in slots}) and set(slots.values()) == {1}
        for kind in {kind for kind, _slot in slots}:
            planned = Slot.objects.filter(kind=kind).count()
            assert Job.objects.filter(kind=kind, unique_key="").count() == planned, kind
