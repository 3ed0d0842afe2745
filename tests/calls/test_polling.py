"""A delivery that never arrived is made up for by asking; what was destroyed or is too old never comes back."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections as databases
from django.db.models import Q

from agents import connections
from calls import hooks, tasks
from calls.models import Call, EventSource, Poll, PollState, ProviderEvent, Recording, Transcript
from calls.providers.client import NoAnswer
from calls.services import polling
from ground import jobs, vault
from ground.audit.models import Alert, Event
from ground.inventory import destruction
from ground.jobs.models import Job, Slot
from ground.tenancy import acting_for
from tests import processes
from tests.calls.account import ID, Account
from tests.calls.conftest import BY, Line, everything_of, run_jobs
from tests.calls.samples import encoded, vapi_report, wav
from tests.calls.stub import Answer

pytestmark = pytest.mark.django_db(transaction=True)
POLLING = {"calls.poll", "calls.poll_connection", "calls.process_event"}


@pytest.fixture
def account(stub):
    return Account(stub)


def poll(organization, line, now=None):
    return polling.poll(organization.id, line.connection.id, now=now or datetime.now(UTC))


def state_of(organization):
    with acting_for(organization.id):
        return Poll.objects.get()


def count(organization, model=Call):
    with acting_for(organization.id):
        return model.objects.count()


def test_a_missed_delivery_is_made_up_for(organization, vapi, stub, account, no_canaries):
    url = stub.on("/a.wav", Answer(200, wav(0.2)))
    account.add(1, artifact={"presignedMonoUrl": url})
    assert tasks.poll() == 1
    run_jobs(organization)
    assert everything_of(organization, Call, Recording, Transcript, ProviderEvent) == {
        "Call": 1,
        "Recording": 1,
        "Transcript": 1,
        "ProviderEvent": 1,
    }
    with acting_for(organization.id):
        assert ProviderEvent.objects.get().source == EventSource.PULLED
    asked = next(each for each in stub.asked if each.path.startswith("/call?"))
    assert asked.headers["Authorization"] == "Bearer vapi-private-key"


def test_two_beats_ask_once(organization, vapi, account):
    assert (tasks.poll(), tasks.poll()) == (1, 0)
    with acting_for(organization.id):
        assert Slot.objects.filter(kind="calls.poll").count() == 1


def test_an_unfinished_poll_is_not_doubled(organization, vapi, account):
    polling.plan(organization.id)
    polling.plan(organization.id)
    with acting_for(organization.id):
        assert Job.objects.filter(kind="calls.poll_connection").count() == 1


def test_without_a_key_nobody_is_asked(organization, stub, line, account):
    keyless = Line(organization, "vapi", mode="hmac", agent="a3f", base_url=stub.url)
    assert tasks.poll() == 0
    assert poll(organization, keyless).asked == 0
    assert not stub.asked


def test_a_connection_that_is_switched_off_is_not_asked(organization, vapi, stub, account, now):
    connections.set_state(
        organization_id=organization.id, connection_id=vapi.connection.id, state="disabled", by=BY, at=now
    )
    assert tasks.poll() == 0
    assert poll(organization, vapi).asked == 0
    assert not stub.asked


def test_what_arrived_is_not_read_again(client, organization, vapi, account):
    account.add(1)
    vapi.deliver(client, vapi_report(call_id=ID.format(1)))
    run_jobs(organization)
    assert poll(organization, vapi).taken == 0
    assert count(organization, ProviderEvent) == 1


def test_what_was_only_announced_is_completed(client, organization, vapi, account):
    account.add(1)
    announced = vapi_report(call_id=ID.format(1))["message"]
    announced.update(type="status-update", status="ended")
    for name in ("analysis", "artifact"):
        del announced[name]
    vapi.deliver(client, {"message": announced})
    run_jobs(organization, kinds=POLLING)
    assert (count(organization), count(organization, Transcript)) == (1, 0)
    assert poll(organization, vapi).taken == 1
    run_jobs(organization, kinds=POLLING)
    assert (count(organization), count(organization, Transcript)) == (1, 1)


def test_windows_overlap_and_the_watermark_moves_on(organization, vapi, account, now):
    poll(organization, vapi, now)
    assert state_of(organization).read_until == now
    account.add(1, updated_at=now - timedelta(minutes=10))  # listed late
    later = now + timedelta(minutes=10)
    assert poll(organization, vapi, later).taken == 1
    assert account.windows[-1][0] <= now - timedelta(minutes=14)
    assert poll(organization, vapi, later).taken == 0
    state = state_of(organization)
    assert (state.read_until, state.round_at, state.round_until) == (later, None, None)


def test_the_first_round_looks_back_no_further_than_the_connection(organization, vapi, account, now):
    poll(organization, vapi, now)
    first = min(after for after, _until in account.windows)
    assert now - first < polling.FIRST_LOOK_BACK + timedelta(hours=1)
    fresh, _secret = connections.create(
        organization_id=organization.id,
        provider="vapi",
        name="New",
        auth_mode="hmac",
        base_url=vapi.connection.base_url,
        api_key="k",
        by=BY,
        at=now,
    )
    account.windows.clear()
    polling.poll(organization.id, fresh.id, now=now)
    assert now - min(after for after, _until in account.windows) <= polling.OVERLAP + timedelta(seconds=1)


def test_a_running_call_waits_until_it_ended(organization, vapi, account, now):
    account.add(1, status="in-progress")
    assert poll(organization, vapi).taken == 0
    account.add(1)
    assert poll(organization, vapi).taken == 1


def test_full_pages_leave_nothing_out(organization, vapi, account, now, monkeypatch):
    monkeypatch.setattr(polling, "PAGE_CALLS", 3)
    monkeypatch.setattr(polling, "PAGES", 5)
    for number in range(12):
        account.add(number, updated_at=now - timedelta(minutes=number * 3 + 1))
    rounds, taken = 0, 0
    while True:
        done = poll(organization, vapi, now)
        rounds, taken = rounds + 1, taken + done.taken
        assert done.asked <= 5
        if not done.more:
            break
    assert rounds > 1
    assert taken == 12
    with acting_for(organization.id):
        assert not Alert.objects.filter(kind="calls.poll_incomplete").exists()


def test_more_calls_at_one_moment_than_a_page_holds_are_told(organization, vapi, account, now, monkeypatch):
    monkeypatch.setattr(polling, "PAGE_CALLS", 2)
    for number in range(3):
        account.add(number, updated_at=now - timedelta(minutes=5))
    while poll(organization, vapi, now).more:
        pass
    with acting_for(organization.id):
        assert Alert.objects.filter(kind="calls.poll_incomplete", resolved_at=None).exists()
    assert state_of(organization).read_until == now


def test_an_answer_that_is_too_long_is_asked_in_parts(organization, vapi, account, now, monkeypatch):
    for number in range(4):
        account.add(number, updated_at=now - timedelta(minutes=number * 10 + 1))
    one = len(encoded([account.calls[ID.format(0)]]))
    monkeypatch.setattr("calls.providers.client.LARGEST_ANSWER_BYTES", one * 2)
    taken = 0
    while True:
        done = poll(organization, vapi, now)
        taken += done.taken
        if not done.more:
            break
    assert taken == 4


def test_what_was_destroyed_stays_away(client, organization, vapi, account):
    account.add(1)
    poll(organization, vapi)
    run_jobs(organization, kinds=POLLING)
    destruction.destroy_now(Call, organization.id, where=Q(), reason=destruction.Reason.MEMBER, by=BY)
    destruction.destroy_now(ProviderEvent, organization.id, where=Q(), reason=destruction.Reason.EXPIRED, by=BY)
    account.add(1, updated_at=datetime.now(UTC))
    assert poll(organization, vapi).taken == 0
    run_jobs(organization, kinds=POLLING)
    assert count(organization) == 0
    assert count(organization, ProviderEvent) == 0


def test_what_is_past_its_period_is_not_imported(organization, vapi, account, now, monkeypatch):
    border = now - timedelta(days=3)
    monkeypatch.setattr(hooks, "may_store", [lambda organization, category, agent, clock: clock > border])
    account.add(1, updated_at=now - timedelta(days=5))
    account.add(2, updated_at=now - timedelta(days=1))
    assert poll(organization, vapi, now).taken == 1
    run_jobs(organization, kinds=POLLING)
    with acting_for(organization.id):
        assert Call.objects.get().ended_at > border
        assert ProviderEvent.objects.count() == 1


def test_what_the_agent_may_not_keep_is_not_pulled_in(organization, stub, account, now):
    strict = Line(
        organization, "vapi", mode="hmac", agent="a3f", base_url=stub.url, key="k", recording=False, transcript=False
    )
    account.add(1, artifact={"presignedMonoUrl": f"{stub.url}/a.wav"})
    poll(organization, strict)
    run_jobs(organization)
    assert (count(organization), count(organization, Recording), count(organization, Transcript)) == (1, 0, 0)
    assert not [each for each in stub.asked if each.path == "/a.wav"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_the_asking_and_is_told(organization, vapi, account, now, status):
    account.refusals = [Answer(status)]
    polling.plan(organization.id)
    run_jobs(organization, kinds=POLLING)
    assert state_of(organization).state == PollState.CREDENTIALS
    with acting_for(organization.id):
        assert Alert.objects.filter(kind="calls.poll_refused", resolved_at=None).count() == 1
    assert poll(organization, vapi).asked == 0
    account.add(1)
    assert poll(organization, vapi, now + timedelta(hours=7)).taken == 1
    assert state_of(organization).state == PollState.WORKING
    with acting_for(organization.id):
        assert not Alert.objects.filter(kind="calls.poll_refused", resolved_at=None).exists()


def test_another_key_asks_again_at_once(organization, vapi, account, now):
    account.refusals = [Answer(401)]
    poll(organization, vapi)
    account.add(1)
    connections.set_api_key(
        organization_id=organization.id, connection_id=vapi.connection.id, api_key="another", by=BY, at=now
    )
    run_jobs(organization, kinds=POLLING)
    assert count(organization) == 1
    assert state_of(organization).state == PollState.WORKING


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_provider_is_asked_after_the_time_it_named(organization, vapi, account, now, status):
    account.add(1)
    account.refusals = [Answer(status, headers={"Retry-After": "300"})]
    polling.plan(organization.id)
    run_jobs(organization, kinds=POLLING)
    with acting_for(organization.id):
        job = Job.objects.get(kind="calls.poll_connection")
        assert (job.state, job.last_error) == ("ready", f"RetryLater:answer_{status}")
        assert timedelta(seconds=250) < job.run_at - now < timedelta(seconds=360)
        Job.objects.filter(id=job.id).update(run_at=now - timedelta(hours=1))
    run_jobs(organization, kinds=POLLING)
    assert count(organization) == 1


@pytest.mark.parametrize("answer", [Answer(200, b"not json"), Answer(200, b"{}"), Answer(404), Answer(302)])
def test_an_answer_that_is_none_moves_nothing(organization, vapi, account, answer):
    account.refusals = [answer]
    polling.plan(organization.id)
    run_jobs(organization, kinds=POLLING, rounds=2)
    with acting_for(organization.id):
        assert Job.objects.get(kind="calls.poll_connection").last_error == "RetryLater:provider_silent"
    assert state_of(organization).round_at is not None


def test_nonsense_in_the_list_harms_nothing(organization, vapi, stub, account, now):
    account.add(1)
    whole = list(account.calls.values())
    nonsense = [None, 7, {"status": "ended"}, {"id": 5, "status": "ended"}, {"id": "x" * 999, "status": "ended"}]
    broken = {**whole[0], "id": ID.format(2), "startedAt": "2026-01-01T00:00:00"}
    stub.on_query("/call", lambda asked: Answer(200, encoded([*nonsense, broken, *whole])))
    poll(organization, vapi)
    run_jobs(organization, kinds=POLLING)
    assert count(organization) == 1
    with acting_for(organization.id):
        assert sorted(ProviderEvent.objects.values_list("state", flat=True)) == ["processed", "quarantined"]
    poll(organization, vapi, now + timedelta(minutes=10))
    assert count(organization, ProviderEvent) == 2


def test_the_key_never_leaves_for_another_host(organization, vapi, stub, account):
    account.refusals = [Answer(302, headers={"Location": "https://evil.example/call?x"})]
    with pytest.raises(NoAnswer):
        poll(organization, vapi)
    assert len(stub.asked) == 1


def test_poll_and_delivery_at_once_give_one_call(client, organization, vapi, account):
    account.add(1)
    gate = threading.Barrier(2)

    def race():
        gate.wait()
        poll(organization, vapi)
        databases.close_all()

    racer = threading.Thread(target=race)
    racer.start()
    gate.wait()
    assert vapi.deliver(client, vapi_report(call_id=ID.format(1))).status_code == 202
    racer.join()
    with acting_for(organization.id):
        waiting = list(Job.objects.filter(kind="calls.process_event").values_list("id", flat=True))

    def work(job_id):
        jobs.run(job_id, organization.id)
        databases.close_all()

    workers = [threading.Thread(target=work, args=(job_id,)) for job_id in waiting]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    run_jobs(organization, kinds=POLLING)
    assert (count(organization), count(organization, Transcript)) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["calls.poll.taken", "calls.poll.before_position", "calls.receive.before_commit"])
def test_a_killed_poll_loses_nothing(organization, vapi, account, settings, place):
    for number in (1, 2):
        account.add(number)
    code, output = processes.run(
        settings,
        """
        import sys
        from datetime import UTC, datetime
        from uuid import UUID
        from calls.services import polling
        polling.poll(UUID(sys.argv[1]), UUID(sys.argv[2]), now=datetime.now(UTC))
        """,
        organization.id,
        vapi.connection.id,
        fault=place,
    )
    assert code == -9, output
    state = state_of(organization)
    assert state.round_at is not None
    poll(organization, vapi)
    run_jobs(organization, kinds=POLLING)
    assert (count(organization), count(organization, ProviderEvent)) == (2, 2)
    assert state_of(organization).round_at is None


def test_while_the_vault_is_shut_the_poll_waits(organization, vapi, stub, account, monkeypatch):
    def refuse():
        raise vault.Unavailable("shut")

    monkeypatch.setattr(vault.gate, "require_open", refuse)
    polling.plan(organization.id)
    run_jobs(organization, kinds={"calls.poll_connection"}, rounds=1)
    assert not stub.asked
    with acting_for(organization.id):
        assert Job.objects.get(kind="calls.poll_connection").state == "ready"


def test_the_position_of_a_connection_that_is_gone_goes_too(organization, vapi, account):
    poll(organization, vapi)
    with acting_for(organization.id):
        Poll.objects.update(connection_id=organization.id)
    polling.poll(organization.id, organization.id, now=datetime.now(UTC))
    assert count(organization, Poll) == 0


def test_polling_says_so_in_the_evidence(organization, vapi, account):
    account.add(1)
    poll(organization, vapi)
    with acting_for(organization.id):
        event = Event.objects.get(kind="calls.polled")
    assert json.loads(event.payload)["calls"] == 1
