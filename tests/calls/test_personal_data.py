"""A person on calls is found, handed over, held and erased, part by part."""

from datetime import date, timedelta

import pytest
from django.db.models import Q

from calls.models import Call, CallReport, ProviderEvent, Recording, Transcript
from ground import vault
from ground.inventory import HoldScope, Subject, declarations, destruction, holds, walk
from ground.inventory.declarations import ScopeKind
from ground.tenancy import acting_for
from tests.calls.conftest import BY, everything_of, run_jobs
from tests.calls.samples import EMAIL, NAME, NUMBER, SAID, generic_event, wav
from tests.calls.stub import Answer

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = (Call, Recording, Transcript, CallReport, ProviderEvent)


@pytest.fixture
def calls(client, organization, line, stub):
    url = stub.on("/a.wav", Answer(200, wav(0.2)))
    line.deliver(client, generic_event(recordings=[{"url": url}]))
    line.deliver(client, generic_event(call_id="call-2", customer=..., **{"from": "+33142685300"}), event_id="msg_2")
    run_jobs(organization)


def subject(organization, **identifiers):
    digests = {kind: [vault.blind.digest(organization.id, "find", kind, value)] for kind, value in identifiers.items()}
    return Subject(organization.id, digests)


@pytest.mark.parametrize(
    "identifiers", [{"phone": NUMBER}, {"phone": "0014155550123"}, {"email": EMAIL.upper()}, {"external_id": "crm-9"}]
)
def test_a_person_is_found_everywhere(organization, calls, identifiers):
    found = {each.declaration.model: each.rows for each in walk.find(subject(organization, **identifiers))}
    assert {model: found.get(model) for model in PARTS} == dict.fromkeys(PARTS, 1)


def test_a_name_alone_finds_nobody(organization, calls):
    assert walk.find(subject(organization, name=NAME)) == []


def test_everything_is_handed_over(organization, calls):
    handed = list(walk.export(subject(organization, phone=NUMBER)))
    assert {category for category, _ in handed} >= {"call_metadata", "recording", "transcript", "call_report"}
    text = str(handed)
    assert NUMBER in text
    assert SAID in text
    assert NAME in text
    assert "+33142685300" not in text


def test_erasure_takes_one_person_and_leaves_the_other(organization, calls):
    walk.erase(subject(organization, phone=NUMBER), by=BY)
    assert everything_of(organization, *PARTS) == {
        "Call": 1,
        "Recording": 0,
        "Transcript": 1,
        "CallReport": 1,
        "ProviderEvent": 1,
    }
    assert walk.find(subject(organization, phone=NUMBER)) == []
    assert list(vault.objects.store().list(f"{organization.id}/")) == []


def test_parts_are_found_after_the_call_itself_expired(organization, calls):
    with acting_for(organization.id):
        ids = list(Call.objects.values_list("id", flat=True))
    destruction.destroy_now(Call, organization.id, where=Q(id__in=ids), reason=destruction.Reason.EXPIRED, by=BY)
    found = {each.declaration.model for each in walk.find(subject(organization, phone=NUMBER))}
    assert {Recording, Transcript, CallReport} <= found


@pytest.mark.parametrize("kind", ["call", "agent", "period", "contact"])
def test_holds_keep_every_part(organization, line, calls, now, kind):
    with acting_for(organization.id):
        call = Call.objects.get(external_index__isnull=False)
    scopes = {
        "call": HoldScope(ScopeKind.CALL, call_id=call.id),
        "agent": HoldScope(ScopeKind.AGENT, agent_id=line.agent_id),
        "period": HoldScope(ScopeKind.PERIOD, start=call.ended_at, end=call.ended_at + timedelta(seconds=1)),
        "contact": HoldScope(
            ScopeKind.CONTACT, digests={"phone": [vault.blind.digest(organization.id, "find", "phone", NUMBER)]}
        ),
    }
    holds.place(
        organization_id=organization.id, scope=scopes[kind], reason="x", review_on=date(2030, 1, 1), by=BY, at=now
    )
    for model in (Call, Recording, Transcript, CallReport):
        destruction.destroy_now(model, organization.id, where=Q(), reason=destruction.Reason.EXPIRED, by=BY)
    kept = everything_of(organization, Call, Recording, Transcript, CallReport)
    assert all(count >= 1 for count in kept.values())
    assert kept["Recording"] == 1


def hold_number(organization, now):
    digest = vault.blind.digest(organization.id, "find", "phone", NUMBER)
    scope = HoldScope(ScopeKind.CONTACT, digests={"phone": [digest]})
    holds.place(organization_id=organization.id, scope=scope, reason="x", review_on=date(2030, 1, 1), by=BY, at=now)


def test_a_call_that_turns_out_to_be_of_a_held_person_is_held_with_its_parts(client, organization, line, now):
    hold_number(organization, now)
    line.deliver(client, generic_event(**{"from": ...}))
    run_jobs(organization)
    line.deliver(client, generic_event(turns=..., summary=..., analysis=...), event_id="msg_2")
    run_jobs(organization)
    with acting_for(organization.id):
        for model in (Call, Transcript, CallReport):
            assert model.objects.get().held, model


def test_a_message_about_a_held_call_is_held_once_it_is_read(client, organization, line, now):
    line.deliver(client, generic_event())
    run_jobs(organization)
    hold_number(organization, now)
    line.deliver(client, generic_event(), event_id="msg_2")
    run_jobs(organization)
    with acting_for(organization.id):
        assert set(ProviderEvent.objects.values_list("held", flat=True)) == {True}


def test_every_model_of_calls_is_declared():
    declared = {each.model.__name__ for each in declarations() if each.model._meta.app_label == "calls"}
    assert declared == {"Call", "CallReport", "ProviderCopy", "ProviderEvent", "Recording", "Transcript"}
