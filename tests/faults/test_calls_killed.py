"""Ingest and fetching killed (SIGKILL) at every step: nothing is lost, nothing is there twice."""

from datetime import UTC, datetime, timedelta

import pytest

from calls.models import Call, CallReport, ProviderEvent, Recording, Transcript
from ground import vault
from ground.inventory import tally
from ground.jobs.models import Job
from ground.tenancy import acting_for
from tests import processes
from tests.calls.conftest import BY, Line, organization, run_jobs, stub  # noqa: F401  (fixtures)
from tests.calls.samples import encoded, generic_event, wav
from tests.calls.stub import Answer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DELIVER = """
import json, sys
from datetime import UTC, datetime
from calls.services import receiving
headers, body = json.loads(sys.argv[2]), sys.argv[3].encode()
receipt = receiving.receive("generic", sys.argv[1], headers, body, now=datetime.now(UTC))
print(receipt.status)
"""
WORK = """
import sys
from datetime import UTC, datetime
from uuid import UUID
from ground import jobs
from ground.jobs.models import Job
from ground.tenancy import acting_for
organization = UUID(sys.argv[1])
for _ in range(4):
    with acting_for(organization):
        due = list(Job.objects.filter(state="ready", kind__startswith="calls.", run_at__lte=datetime.now(UTC)))
    for job in due:
        jobs.run(job.id, organization)
"""


@pytest.fixture
def line(organization):
    return Line(organization, "generic")


def recover(organization):
    """What the sweep does: leases of the dead run out, the work is taken up again."""
    past = datetime.now(UTC) - timedelta(hours=1)
    for _ in range(3):
        with acting_for(organization.id):
            Job.objects.filter(state="running").update(leased_until=past)
            Job.objects.filter(state="ready").update(run_at=past)
            waiting = list(Job.objects.filter(state__in=["ready", "running"]).values_list("id", flat=True))
        from ground import jobs

        for job_id in waiting:
            jobs.run(job_id, organization.id)
        run_jobs(organization)


def settled(organization, sound):
    """One whole call, its recording plays, counts agree, and every object has its row."""
    from calls.playback import open as play

    with acting_for(organization.id):
        call = Call.objects.get()
        recording = Recording.objects.get()
        assert (Transcript.objects.count(), CallReport.objects.count(), ProviderEvent.objects.count()) == (1, 1, 1)
        totals = tally.totals(organization.id)
        assert {name: totals[name].rows for name in ("call_metadata", "recording", "transcript", "call_report")} == {
            "call_metadata": 1,
            "recording": 1,
            "transcript": 1,
            "call_report": 1,
        }
        assert totals["recording"].bytes == recording.stored_bytes
        assert not Job.objects.filter(state__in=["ready", "running", "failed", "quarantined"]).exists()
    assert b"".join(play(organization_id=organization.id, call_id=call.id, range_header=None, by=BY).pieces) == sound


def orphans(organization):
    with acting_for(organization.id):
        names = set(Recording.objects.values_list("object_name", flat=True))
    return {found.name for found in vault.objects.store().list(f"{organization.id}/")} - names


@pytest.mark.parametrize(
    "place, stored",
    [("calls.receive.after_key", False), ("calls.receive.before_commit", False), ("calls.receive.after_commit", True)],
)
def test_killed_at_the_door(organization, line, stub, settings, place, stored):
    sound = wav(0.3)
    body = encoded(generic_event(recordings=[{"url": stub.on("/a.wav", Answer(200, sound))}]))
    import json

    arguments = (line.connection.public_id, json.dumps(line.headers(body, "msg_1")), body.decode())
    code, output = processes.run(settings, DELIVER, *arguments, fault=place)
    assert code == -9, output
    with acting_for(organization.id):
        assert ProviderEvent.objects.exists() == stored
    code, output = processes.run(settings, DELIVER, *arguments)
    assert output.strip().splitlines()[-1] == ("200" if stored else "202")
    recover(organization)
    settled(organization, sound)
    assert not orphans(organization)


@pytest.mark.parametrize(
    "place",
    [
        "calls.process.opened",
        "calls.store.after_keys",
        "calls.store.before_rows",
        "calls.store.before_commit",
        "calls.store.after_commit",
        "calls.process.before_finish",
        "calls.fetch.after_key",
        "calls.fetch.after_object",
        "calls.fetch.before_commit",
        "calls.fetch.after_commit",
    ],
)
def test_killed_at_work(client, organization, line, stub, settings, place):
    sound = wav(0.3)
    line.deliver(client, generic_event(recordings=[{"url": stub.on("/a.wav", Answer(200, sound))}]))
    code, output = processes.run(settings, WORK, organization.id, fault=place)
    assert code == -9, output
    recover(organization)
    settled(organization, sound)
    left = orphans(organization)
    assert len(left) == (1 if place in ("calls.fetch.after_object", "calls.fetch.before_commit") else 0)


@pytest.mark.parametrize("place", ["calls.delete_copy.before_request", "calls.delete_copy.after_request"])
def test_killed_while_asking_the_provider(client, organization, stub, settings, place):
    from django.db.models import Q

    from calls.models import CopyState, ProviderCopy
    from ground.inventory import destruction
    from tests.calls.samples import vapi_report

    vapi = Line(organization, "vapi", mode="hmac", agent="a3f", base_url=stub.url, key="vapi-private-key")
    vapi.deliver(client, vapi_report())
    run_jobs(organization)
    stub.on("/call/7e2f6f7c-0000-4000-8000-000000000001", Answer(200, b"{}"), Answer(404))
    destruction.destroy_now(Call, organization.id, where=Q(), reason=destruction.Reason.MEMBER, by=BY)
    code, output = processes.run(settings, WORK, organization.id, fault=place)
    assert code == -9, output
    with acting_for(organization.id):
        assert ProviderCopy.objects.get().state == CopyState.ASKED
    recover(organization)
    with acting_for(organization.id):
        assert ProviderCopy.objects.get().state == CopyState.GONE


def test_the_switch_is_inert_without_its_variable(client, organization, line):
    assert line.deliver(client, generic_event()).status_code == 202
