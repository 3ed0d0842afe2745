"""A batch by program: what happens at the same time, what is lost without harm, what each call tells."""

import pytest
from django.db import IntegrityError

from calls.models import Call
from calls.record.problems import Unreadable
from calls.record.types import ConsentResult
from calls.services import bulk, destroying
from ground import vault
from ground.tenancy import acting_for
from ground.vault.exceptions import KeyDeadlinePassed, KeyringDown
from ground.vault.models import DataKey
from tests.calls.conftest import BY, everything_of, unavailable
from tests.calls.samples import generic_call, iso

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_ahead(monkeypatch):
    """Keys are minted as they are needed, so that they can be counted."""
    monkeypatch.setattr(vault.stock, "LARGEST", 0)


def items(now, *call_ids, **changes):
    return [generic_call(now, call_id=call_id, agent=..., **changes) for call_id in call_ids]


def create(organization, now, *call_ids, **changes):
    return bulk.create(organization_id=organization.id, items=items(now, *call_ids, **changes), by=BY, now=now)


def keys_of(organization):
    with acting_for(organization.id, using="keyring"):
        return DataKey.objects.count()


def looks_that_miss(monkeypatch, count):
    """The first `count` looks for known calls come too early to see what another request stores."""
    real, missed = bulk._refuse_known, []

    def miss(*arguments):
        missed.append(1)
        if len(missed) > count:
            real(*arguments)

    monkeypatch.setattr(bulk, "_refuse_known", miss)
    return missed


def test_a_call_stored_meanwhile_is_named_at_the_second_look(organization, now, monkeypatch):
    create(organization, now, "c1")
    keys = keys_of(organization)
    looks = looks_that_miss(monkeypatch, 1)
    with pytest.raises(Unreadable) as refusal:
        create(organization, now, "c0", "c1")
    assert [(problem.pointer, problem.code) for problem in refusal.value.problems] == [("/calls/1/call_id", "exists")]
    assert len(looks) == 2
    assert everything_of(organization, Call)["Call"] == 1
    assert keys_of(organization) == keys, "what was minted for the first try is gone"


def test_a_race_that_does_not_end_is_raised_with_nothing_left_behind(organization, now, monkeypatch):
    create(organization, now, "c1")
    keys = keys_of(organization)
    looks_that_miss(monkeypatch, 99)
    with pytest.raises(IntegrityError):
        create(organization, now, "c0", "c1")
    assert everything_of(organization, Call)["Call"] == 1
    assert keys_of(organization) == keys


def test_when_every_call_was_destroyed_before_nothing_is_stored_and_no_key_is_left(organization, now):
    [first] = create(organization, now, "c1")
    with acting_for(organization.id):
        call = Call.objects.get(id=first.id)

    with acting_for(organization.id):
        records = destroying.preview(organization.id, call.id).records
    destroying.destroy(organization_id=organization.id, call_id=call.id, confirmed=records, by=BY)
    keys = keys_of(organization)
    [again] = create(organization, now, "c1")
    assert (again.state, again.id) == (bulk.DROPPED, None)
    assert everything_of(organization, Call)["Call"] == 0
    assert keys_of(organization) == keys


def test_keys_that_cannot_be_confirmed_now_are_confirmed_later(organization, now, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(vault.keys, "confirm", unavailable(KeyringDown("x")))
        [stored] = create(organization, now, "c1")
    assert stored.state == bulk.CREATED
    with acting_for(organization.id):
        key_id = Call.objects.get(id=stored.id).key_id
    assert vault.keys.open_one(organization.id, key_id).id == key_id


def test_what_a_call_tells_of_consent_is_kept_and_obeyed(organization, now):
    said = {"result": "declined", "method": "verbal", "at": iso(now), "turn": 1}
    [stored] = create(organization, now, "c1", consent=said)
    with acting_for(organization.id):
        call = Call.objects.get(id=stored.id)
    assert (call.consent, call.consent_method, call.consent_turn) == (ConsentResult.DECLINED, "verbal", 1)
    assert call.consent_at == now
    assert not call.recording_allowed


@pytest.mark.parametrize("late", [1, 99])
def test_keys_that_are_too_late_for_a_row_are_minted_anew_and_not_for_ever(organization, now, monkeypatch, late):
    ask, asked = vault.keys.still_pending_ok, []

    def too_late(*arguments):
        asked.append(1)
        if len(asked) <= late:
            raise KeyDeadlinePassed("x")
        return ask(*arguments)

    monkeypatch.setattr(vault.keys, "still_pending_ok", too_late)
    if late == 1:
        [stored] = create(organization, now, "c1")
        assert stored.state == bulk.CREATED
        assert keys_of(organization) == 3
    else:
        with pytest.raises(KeyDeadlinePassed):
            create(organization, now, "c1")
        assert everything_of(organization, Call)["Call"] == 0
        assert keys_of(organization) == 0
