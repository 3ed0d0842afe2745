"""The flag `held` follows the holds: nothing covered stays unflagged, nothing free stays flagged."""

import pytest

from calls.models import Transcript
from contacts.details import Details
from contacts.models import Contact, ContactIdentifier
from contacts.services import people
from ground import vault
from ground.inventory import holds
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.models import Hold
from ground.tenancy import Actor, acting_for
from tests.holdings import days_ago, keep_call

BY = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "+33612345678"


def place(organization, **scope):
    return holds.place(
        organization_id=organization.id,
        scope=HoldScope(**scope),
        reason="a claim",
        review_on=days_ago(-9).date(),
        by=BY,
        at=days_ago(0),
    )


def flagged(organization, row):
    with acting_for(organization.id):
        return type(row).objects.get(id=row.id).held


def test_marking_that_comes_late_does_not_flag_what_was_released_meanwhile(organization, monkeypatch):
    kept = keep_call(organization.id, days_ago(5), parts=("transcript",))
    mark_covered, flag = holds.mark_covered, holds._flag
    monkeypatch.setattr(holds, "mark_covered", lambda *arguments, **options: False)
    hold = place(organization, kind=ScopeKind.CALL, call_id=kept.call.id)
    released = []

    def release_first(*arguments, **options):
        if not released:
            released.append(1)
            holds.release(organization_id=organization.id, hold_id=hold.id, by=BY, at=days_ago(0))
        return flag(*arguments, **options)

    monkeypatch.setattr(holds, "_flag", release_first)
    mark_covered(organization.id, hold.id)
    assert not flagged(organization, kept.transcript)
    assert not flagged(organization, kept.call)
    with acting_for(organization.id):
        assert Hold.objects.get(id=hold.id).marked_at is None


def test_a_contact_changed_into_a_holds_scope_is_held_at_once(organization):
    digest = vault.blind.digest(organization.id, "find", "phone", PHONE)
    place(organization, kind=ScopeKind.CONTACT, digests={"phone": [digest]})
    contact = people.add(organization_id=organization.id, details=Details(name="Ana"), by=BY, at=days_ago(0))
    assert not flagged(organization, contact)
    people.update(
        organization_id=organization.id,
        contact_id=contact.id,
        details=Details(name="Ana", phones=(PHONE,)),
        by=BY,
        at=days_ago(0),
    )
    assert flagged(organization, contact)


def test_a_record_that_left_every_scope_is_free_again_after_the_daily_look(organization):
    digest = vault.blind.digest(organization.id, "find", "phone", PHONE)
    hold = place(organization, kind=ScopeKind.CONTACT, digests={"phone": [digest]})
    contact = people.add(
        organization_id=organization.id, details=Details(name="Ana", phones=(PHONE,)), by=BY, at=days_ago(0)
    )
    assert flagged(organization, contact)
    with acting_for(organization.id):  # as a correction outside the contacts' own services would leave it
        ContactIdentifier.objects.filter(kind="phone").delete()
    holds.release(organization_id=organization.id, hold_id=hold.id, by=BY, at=days_ago(0))
    holds.settle_flags(organization.id)
    assert not flagged(organization, contact)


def test_the_daily_look_flags_what_a_hold_covers_and_nobody_flagged(organization):
    kept = keep_call(organization.id, days_ago(5), parts=("transcript",))
    place(organization, kind=ScopeKind.CALL, call_id=kept.call.id)
    with acting_for(organization.id):
        Transcript.objects.update(held=False)
    holds.settle_flags(organization.id)
    assert flagged(organization, kept.transcript)


def test_marking_goes_through_a_large_scope_in_steps_and_to_its_end(organization, monkeypatch):
    monkeypatch.setattr(holds, "STEP_ROWS", 2)
    for n in range(7):
        keep_call(organization.id, days_ago(5 + n), parts=("transcript",))
    hold = place(organization, kind=ScopeKind.PERIOD, start=days_ago(100), end=days_ago(1))
    while not holds.mark_covered(organization.id, hold.id, steps=3):
        pass
    with acting_for(organization.id):
        assert Transcript.objects.filter(held=True).count() == 7
        assert Hold.objects.get(id=hold.id).marked_at
    holds.release(organization_id=organization.id, hold_id=hold.id, by=BY, at=days_ago(0))
    while not holds.clear_released(organization.id, hold.id, steps=3):
        pass
    with acting_for(organization.id):
        assert Transcript.objects.filter(held=True).count() == 0
        assert Contact.objects.count() == 0
