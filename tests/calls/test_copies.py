"""The provider's own copy: asked to go as soon as ours went, until it says it is gone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import Q

from agents import connections
from calls import sealing
from calls.models import Call, CopyState, ProviderCopy, Recording
from calls.providers.vapi.adapter import VapiProvider
from calls.services import copies
from ground import vault
from ground.audit.models import Alert, Event
from ground.inventory import destruction
from ground.jobs.models import Job
from ground.tenancy import acting_for
from tests.calls.conftest import BY, Line, run_jobs
from tests.calls.samples import generic_event, vapi_report, wav
from tests.calls.stub import Answer

pytestmark = pytest.mark.django_db(transaction=True)
CALL_ID = "7e2f6f7c-0000-4000-8000-000000000001"
PATH = f"/call/{CALL_ID}"


@pytest.fixture
def stored(client, organization, vapi):
    vapi.deliver(client, vapi_report())
    run_jobs(organization)
    return vapi


def destroy(organization, model=Call):
    with acting_for(organization.id):
        ids = list(model.objects.values_list("id", flat=True))
    destruction.destroy_now(model, organization.id, where=Q(id__in=ids), reason=destruction.Reason.MEMBER, by=BY)


def the_copy(organization):
    with acting_for(organization.id):
        return ProviderCopy.objects.get()


def again(organization, now):
    with acting_for(organization.id):
        Job.objects.filter(state="ready").update(run_at=now - timedelta(hours=1))
    return run_jobs(organization, rounds=1)


def test_a_stored_call_remembers_its_copy(organization, stored):
    copy = the_copy(organization)
    assert copy.state == CopyState.HELD
    with acting_for(organization.id):
        ids = sealing.open_copy(vault.keys.open_one(organization.id, copy.key_id), copy)
    assert ids == {"call_id": CALL_ID, "account": "9b1"}


def test_destroying_the_call_has_the_copy_deleted(organization, stored, stub, no_canaries):
    stub.on(PATH, Answer(200, b'{"id": "x"}'))
    key_id = the_copy(organization).key_id
    destroy(organization)
    run_jobs(organization)
    [asked] = [each for each in stub.asked if each.method == "DELETE"]
    assert (asked.path, asked.body, asked.headers["Authorization"]) == (PATH, b"{}", "Bearer vapi-private-key")
    copy = the_copy(organization)
    assert (copy.state, copy.last_code, copy.key_id, bytes(copy.sealed)) == (CopyState.GONE, 200, None, b"")
    assert vault.keys.existing(organization.id, [key_id]) == set()
    with acting_for(organization.id):
        event = Event.objects.get(kind="calls.provider_copy_answered")
        assert "200" in str(event.payload)
        assert CALL_ID not in str(event.payload)


def test_destroying_only_the_recording_has_the_copy_deleted(client, organization, vapi, stub):
    url = stub.on("/a.wav", Answer(200, wav(0.2)))
    vapi.deliver(client, vapi_report(artifact={"presignedMonoUrl": url}))
    run_jobs(organization)
    stub.on(PATH, Answer(200, b"{}"))
    destroy(organization, Recording)
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.GONE
    with acting_for(organization.id):
        assert Call.objects.get().has_transcript


@pytest.mark.parametrize(
    "answer, state",
    [
        (Answer(200, b"{}"), CopyState.GONE),
        (Answer(404), CopyState.GONE),
        (Answer(503), CopyState.DUE),
        (Answer(500), CopyState.DUE),
        (Answer(429), CopyState.DUE),
        (Answer(409), CopyState.DUE),
        (Answer(200, b'{"status": "deletion-failed"}'), CopyState.DUE),
        (Answer(401), CopyState.CREDENTIALS),
        (Answer(403), CopyState.CREDENTIALS),
        (Answer(400), CopyState.FAILED),
        (Answer(302, headers={"Location": "https://evil.example/"}), CopyState.FAILED),
    ],
)
def test_what_each_answer_means(organization, stored, stub, answer, state):
    stub.on(PATH, answer)
    destroy(organization)
    run_jobs(organization, rounds=3)
    copy = the_copy(organization)
    assert copy.state == state
    assert copy.last_code == answer.status
    with acting_for(organization.id):
        alerted = Alert.objects.filter(kind="calls.provider_copy").exists()
    assert alerted == (state in (CopyState.CREDENTIALS, CopyState.FAILED))


def test_not_deleted_is_asked_again_after_the_time_named(organization, stored, stub, now):
    stub.on(PATH, Answer(503, headers={"Retry-After": "120"}), Answer(200, b"{}"))
    destroy(organization)
    run_jobs(organization)
    with acting_for(organization.id):
        job = Job.objects.get(kind="calls.delete_provider_copy")
    assert timedelta(seconds=100) < job.run_at - now < timedelta(seconds=200)
    again(organization, now)
    assert the_copy(organization).state == CopyState.GONE


def test_an_unreachable_provider_is_asked_again(organization, stored, stub, now):
    stub.close()
    destroy(organization)
    run_jobs(organization)
    copy = the_copy(organization)
    assert (copy.state, copy.last_code, copy.attempts) == (CopyState.DUE, 0, 1)
    with acting_for(organization.id):
        assert Job.objects.get(kind="calls.delete_provider_copy").state == "ready"
        assert not Call.objects.exists()


def test_patience_ends_after_days(organization, stored, stub, now):
    stub.on(PATH, Answer(503))
    destroy(organization)
    with acting_for(organization.id):
        ProviderCopy.objects.update(due_at=now - timedelta(days=16))
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.FAILED
    with acting_for(organization.id):
        assert Job.objects.get(kind="calls.delete_provider_copy").state == "failed"


def test_a_new_key_asks_again(organization, stored, stub):
    stub.on(PATH, Answer(401), Answer(200, b"{}"))
    destroy(organization)
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.CREDENTIALS
    assert copies.retry_connection(organization.id, stored.connection.id, by=BY) == 1
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.GONE
    with acting_for(organization.id):
        assert not Alert.objects.filter(kind="calls.provider_copy", resolved_at=None).exists()


def put_in_another_key(line, now, key="another-private-key"):
    connections.set_api_key(
        organization_id=line.organization.id, connection_id=line.connection.id, api_key=key, by=BY, at=now
    )


def test_putting_in_a_new_key_asks_again_at_once(organization, stored, stub, now):
    stub.on(PATH, Answer(401), Answer(200, b"{}"))
    destroy(organization)
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.CREDENTIALS
    put_in_another_key(stored, now)
    run_jobs(organization)
    copy = the_copy(organization)
    assert (copy.state, copy.last_code) == (CopyState.GONE, 200)
    asked = [each.headers["Authorization"] for each in stub.asked if each.method == "DELETE"]
    assert asked == ["Bearer vapi-private-key", "Bearer another-private-key"]
    with acting_for(organization.id):
        assert not Alert.objects.filter(kind="calls.provider_copy", resolved_at=None).exists()


def test_taking_a_key_out_asks_nobody(organization, stored, stub, now):
    stub.on(PATH, Answer(401))
    destroy(organization)
    run_jobs(organization)
    put_in_another_key(stored, now, "")
    assert the_copy(organization).state == CopyState.CREDENTIALS


def test_a_key_for_one_connection_leaves_the_others(organization, other, stored, stub, now):
    stub.on(PATH, Answer(401))
    destroy(organization)
    run_jobs(organization)
    put_in_another_key(Line(other, "vapi", mode="hmac", agent="a3f", base_url=stub.url), now)
    put_in_another_key(Line(organization, "vapi", mode="hmac", agent="b", base_url=stub.url), now)
    assert the_copy(organization).state == CopyState.CREDENTIALS


def test_a_new_key_is_noticed_by_itself(organization, stored, stub, now):
    stub.on(PATH, Answer(401), Answer(200, b"{}"))
    destroy(organization)
    run_jobs(organization)
    again(organization, now)
    assert the_copy(organization).state == CopyState.GONE
    with acting_for(organization.id):
        assert not Alert.objects.filter(kind="calls.provider_copy", resolved_at=None).exists()


def test_the_providers_own_word_settles_it(client, organization, stored, stub):
    stub.on(PATH, Answer(503))
    destroy(organization)
    run_jobs(organization)
    stored.deliver(client, {"message": {"type": "call.deleted", "call": {"id": CALL_ID}}})
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.GONE


def test_the_providers_failure_asks_again(client, organization, stored, stub, now):
    stub.on(PATH, Answer(400), Answer(200, b"{}"))
    destroy(organization)
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.FAILED
    stored.deliver(client, {"message": {"type": "call.delete.failed", "ids": [CALL_ID]}})
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.GONE


def test_a_connection_without_a_key_is_reported(client, organization, stub):
    keyless = Line(organization, "vapi", mode="hmac", agent="a3f", base_url=stub.url)
    keyless.deliver(client, vapi_report())
    run_jobs(organization)
    destroy(organization)
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.CREDENTIALS
    assert not stub.asked


def test_generic_senders_keep_no_copy_we_know_of(client, organization, line):
    line.deliver(client, generic_event())
    run_jobs(organization)
    with acting_for(organization.id):
        assert not ProviderCopy.objects.exists()


def test_what_was_settled_while_the_provider_was_asked_stays_settled(organization, stored, stub, now, monkeypatch):
    stub.on(PATH, Answer(503))
    real = VapiProvider.ask_deletion

    def heard_meanwhile(self, client, ids):
        answer = real(self, client, ids)
        with acting_for(organization.id):
            identity = bytes(ProviderCopy.objects.get().identity)
        assert copies.heard(organization.id, [identity], gone=True, now=now) == 1
        return answer

    monkeypatch.setattr(VapiProvider, "ask_deletion", heard_meanwhile)
    destroy(organization)
    with acting_for(organization.id):
        ProviderCopy.objects.update(due_at=now - timedelta(days=16))
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.GONE, "and no patience runs out over it"
    with acting_for(organization.id):
        assert not Alert.objects.filter(kind="calls.provider_copy").exists()


def test_nothing_is_asked_about_a_copy_whose_ids_are_forgotten(organization, stored, stub, now):
    with acting_for(organization.id):
        ProviderCopy.objects.update(state=CopyState.DUE, key_id=None, sealed=b"")
        copy = ProviderCopy.objects.get()
    assert copies.ask(organization.id, copy.id, now=now) is None
    assert not stub.asked
    assert copies.heard(organization.id, [bytes(copy.identity)], gone=True, now=now) == 1
    assert the_copy(organization).state == CopyState.GONE


def test_a_provider_that_deletes_nothing_by_program_is_not_asked(organization, stored, stub, now):
    key_id = the_copy(organization).key_id
    with acting_for(organization.id):
        ProviderCopy.objects.update(state=CopyState.DUE, provider="generic")
    assert copies.ask(organization.id, the_copy(organization).id, now=now) is None
    run_jobs(organization)
    assert the_copy(organization).state == CopyState.UNSUPPORTED
    assert vault.keys.existing(organization.id, [key_id]) == set()
    assert not stub.asked


def test_without_its_connection_nobody_can_ask_and_a_person_is_told(organization, stored, stub, now):
    with acting_for(organization.id):
        ProviderCopy.objects.update(state=CopyState.DUE, connection_id=uuid4())
    answer = copies.ask(organization.id, the_copy(organization).id, now=now)
    assert answer.state == "credentials"
    assert the_copy(organization).state == CopyState.CREDENTIALS
    assert not stub.asked
    with acting_for(organization.id):
        assert Alert.objects.open().filter(kind="calls.provider_copy").count() == 1


def test_a_copy_that_is_wanted_still_is_not_asked_away_by_a_failure_told(organization, stored, stub, now):
    identity = bytes(the_copy(organization).identity)
    assert copies.heard(organization.id, [identity], gone=False, now=now) == 1
    assert the_copy(organization).state == CopyState.HELD
    run_jobs(organization)
    assert not stub.asked


def test_the_alert_of_a_connection_stays_until_its_last_copy_is_settled(organization, stored, stub, client):
    stub.on(PATH, Answer(401))
    other = CALL_ID[:-1] + "2"
    stub.on(f"/call/{other}", Answer(401))
    stored.deliver(client, vapi_report(call_id=other), event_id="msg_2")
    run_jobs(organization)
    destroy(organization)
    run_jobs(organization, rounds=1)
    for call_id, alerts in ((CALL_ID, 1), (other, 0)):
        stored.deliver(client, {"message": {"type": "call.deleted", "call": {"id": call_id}}}, event_id=call_id)
        run_jobs(organization, kinds={"calls.process_event"})
        with acting_for(organization.id):
            assert Alert.objects.open().filter(kind="calls.provider_copy").count() == alerts


def test_waits_grow_and_are_bounded():
    from calls.providers.base import CopyState as Said
    from calls.providers.base import DeletionAnswer

    waits = [copies.wait_seconds(DeletionAnswer(Said.RETRY), attempt) for attempt in range(1, 30)]
    assert waits[:3] == [30, 60, 120]
    assert max(waits) == 6 * 60 * 60
