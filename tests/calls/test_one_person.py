"""One person, from a proven number to erased: all of theirs, nothing of anybody else's, and nothing comes back."""

from datetime import date, timedelta

import pytest

from calls import playback
from calls.models import Call, CallReport, CopyState, ProviderCopy, ProviderEvent, Recording, Transcript
from calls.services import polling
from contacts.details import Details
from contacts.models import Contact
from contacts.services import add
from ground import vault
from ground.inventory import HoldScope, destruction, holds, people, walk
from ground.inventory.declarations import ScopeKind
from ground.tenancy import acting_for
from ground.vault.blind import NotAnIdentifier
from tests.calls.conftest import BY, Line, everything_of, run_jobs
from tests.calls.samples import EMAIL, NAME, NUMBER, SAID, encoded, generic_event, vapi_report, wav
from tests.calls.stub import Answer

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_NUMBER = "+33142685300"
VAPI_ID = "7e2f6f7c-0000-4000-8000-000000000001"
PARTS = (Call, Recording, Transcript, CallReport)
PROOF = {"phone": ["00 1 415 555 0123"], "email": [EMAIL.upper()]}


def event(stub, call_id, **changes):
    url = stub.on(f"/{call_id}.wav", Answer(200, wav(0.2)))
    return generic_event(call_id=call_id, recordings=[{"url": url}], **changes)


@pytest.fixture
def scene(client, organization, line, vapi, stub, now):
    """The person: called in, was called, called another provider, is a contact. A namesake with another number: twice
    on calls of their own, and a contact as well."""
    stranger = {"customer": {"name": NAME, "email": "namesake@example.org"}}
    line.deliver(client, event(stub, "in"), event_id="1")
    out = event(stub, "out", direction="outbound", customer=..., **{"from": "+14155550100", "to": NUMBER})
    line.deliver(client, out, event_id="2")
    line.deliver(client, event(stub, "other", **stranger, **{"from": OTHER_NUMBER}), event_id="3")
    url = stub.on("/vapi.wav", Answer(200, wav(0.2)))
    vapi.deliver(client, vapi_report(artifact={"presignedMonoUrl": url}))
    run_jobs(organization)
    for details in (Details(NAME, (NUMBER,), (EMAIL,)), Details(NAME, (OTHER_NUMBER,))):
        add(organization_id=organization.id, details=details, by=BY, at=now)
    assert everything_of(organization, *PARTS, Contact) == dict.fromkeys(("Recording", "Transcript"), 4) | {
        "Call": 4,
        "CallReport": 4,
        "Contact": 2,
    }


def rows(organization):
    found = walk.find(people.subject_of(organization.id, PROOF))
    return {each.declaration.model.__name__: each.rows for each in found}


def test_found_by_any_proof_however_written(organization, scene):
    wanted = {
        "Call": 3,
        "Recording": 3,
        "Transcript": 3,
        "CallReport": 3,
        "ProviderEvent": 3,
        "Contact": 1,
    }
    assert rows(organization) == wanted
    subject = people.subject_of(organization.id, {"phone": ["(415) 555-0123"]}, region="US")
    assert len(subject.call_ids) == 3
    with acting_for(organization.id):
        ours = set(Call.objects.exclude(email_index=None).values_list("id", flat=True))
    by_mail = people.subject_of(organization.id, {"email": [EMAIL]})
    assert set(by_mail.call_ids) < ours | set(subject.call_ids)


def test_a_name_proves_nobody(organization, scene):
    with pytest.raises(ValueError):
        people.subject_of(organization.id, {"name": [NAME]})


def test_what_is_no_number_is_refused(organization, scene):
    with pytest.raises(NotAnIdentifier):
        people.subject_of(organization.id, {"phone": ["hello"]})


def test_another_organization_knows_nobody(organization, other, scene):
    subject = people.subject_of(other.id, PROOF)
    assert subject.call_ids == []
    assert walk.find(subject) == []


def test_calls_are_known_by_what_is_left_of_them(organization, scene):
    before = people.subject_of(organization.id, PROOF).call_ids
    destruction.destroy_now(
        Call, organization.id, where=destruction.any_of(before), reason=destruction.Reason.EXPIRED, by=BY
    )
    assert people.subject_of(organization.id, PROOF).call_ids == before


def test_handed_over_whole_and_without_the_others(organization, scene):
    handed = list(walk.export(people.subject_of(organization.id, PROOF)))
    assert {category for category, _ in handed} >= {
        "call_metadata",
        "recording",
        "transcript",
        "call_report",
        "provider_event",
        "contact",
    }
    text = str(handed)
    assert SAID in text
    assert OTHER_NUMBER not in text
    assert "namesake@example.org" not in text
    sounds = [record for category, record in handed if category == "recording"]
    assert len(sounds) == 3
    for record in sounds:
        played = playback.open(organization_id=organization.id, call_id=record["call"], range_header=None, by=BY)
        assert b"".join(played.pieces).startswith(b"RIFF")


def test_erased_everywhere_and_nothing_comes_back(client, organization, line, vapi, stub, scene, now):
    subject = people.subject_of(organization.id, PROOF)
    with acting_for(organization.id):
        keys = [
            key
            for model in PARTS
            for key in model.objects.filter(destruction.any_of(subject.call_ids)).values_list("key_id", flat=True)
        ]
    stub.on(f"/call/{VAPI_ID}", Answer(200, b"{}"))
    outcomes = walk.erase(subject, by=BY)
    assert {label: (each.rows, each.kept) for label, each in outcomes.items()} == {
        "calls.Call": (3, 0),
        "calls.CallReport": (3, 0),
        "calls.ProviderEvent": (3, 0),
        "calls.Recording": (3, 0),
        "calls.Transcript": (3, 0),
        "contacts.Contact": (1, 0),
    }
    assert vault.keys.existing(organization.id, keys) == set()
    assert rows(organization) == {}
    assert len(list(vault.objects.store().list(f"{organization.id}/"))) == 1

    run_jobs(organization)
    assert [each.path for each in stub.asked if each.method == "DELETE"] == [f"/call/{VAPI_ID}"]
    with acting_for(organization.id):
        copy = ProviderCopy.objects.get()
        assert (copy.state, copy.key_id, bytes(copy.sealed)) == (CopyState.GONE, None, b"")
        other = Call.objects.get()
        assert (other.has_recording, other.has_transcript, other.has_report) == (True, True, True)

    line.deliver(client, event(stub, "in"), event_id="late")
    vapi.deliver(client, vapi_report(), at=now)
    listed = {"id": VAPI_ID, "orgId": "9b1", "type": "inboundPhoneCall", "assistantId": "a3f", "status": "ended"}
    listed["updatedAt"] = listed["endedAt"] = now.isoformat()
    stub.on_query("/call", lambda asked: Answer(200, encoded([listed])))
    assert polling.poll(organization.id, vapi.connection.id, now=now + timedelta(minutes=1)).taken == 0
    run_jobs(organization)
    assert rows(organization) == {}
    assert everything_of(organization, Call, Recording, ProviderEvent, Contact) == {
        "Call": 1,
        "Recording": 1,
        "ProviderEvent": 1,
        "Contact": 1,
    }


def test_a_hold_keeps_what_it_covers_and_the_outcome_says_so(organization, line, scene, now):
    subject = people.subject_of(organization.id, PROOF)
    held = subject.call_ids[0]
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(ScopeKind.CALL, call_id=held),
        reason="a dispute",
        review_on=date(2030, 1, 1),
        by=BY,
        at=now,
    )
    outcomes = walk.erase(subject, by=BY)
    for name in ("Call", "Recording", "Transcript", "CallReport", "ProviderEvent"):
        assert (outcomes[f"calls.{name}"].rows, outcomes[f"calls.{name}"].kept) == (2, 1), name
    assert outcomes["contacts.Contact"].rows == 1
    with acting_for(organization.id):
        assert Call.objects.filter(id=held).exists()
        assert Recording.objects.get(call_id=held).held
    assert people.subject_of(organization.id, PROOF).call_ids == [held]


def test_erasing_twice_is_erasing_once(organization, scene):
    subject = people.subject_of(organization.id, PROOF)
    walk.erase(subject, by=BY)
    assert walk.erase(subject, by=BY) == {}


def test_a_call_from_a_shared_number_names_both(organization, client, stub, now):
    """Where it is not known which of two numbers is the person's, either finds the call."""
    line = Line(organization, "vapi", mode="hmac", agent="a3f", base_url=stub.url, key="k")
    payload = vapi_report()
    del payload["message"]["call"]["type"]
    payload["message"]["phoneNumber"]["number"] = OTHER_NUMBER
    line.deliver(client, payload)
    run_jobs(organization)
    one = people.subject_of(organization.id, {"phone": [NUMBER]})
    two = people.subject_of(organization.id, {"phone": [OTHER_NUMBER]})
    assert one.call_ids == two.call_ids
    assert len(one.call_ids) == 1
