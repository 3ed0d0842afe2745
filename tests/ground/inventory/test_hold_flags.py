"""The flag `held` follows the holds: nothing covered stays unflagged, nothing free stays flagged."""

from uuid import uuid4

import pytest

from calls.models import Transcript
from contacts.details import Details
from contacts.models import Contact, ContactIdentifier
from contacts.services import people
from ground import jobs, vault
from ground.inventory import holds, tombstones
from ground.inventory import jobs as handlers
from ground.inventory.declarations import HoldScope, ScopeKind, declaration_of
from ground.inventory.exceptions import EmptyScope
from ground.inventory.models import Hold
from ground.jobs.lease import Lease
from ground.tenancy import Actor, acting_for
from tests.holdings import days_ago, keep_call
from tests.retention import planting

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


def lease(organization, hold):
    return Lease(uuid4(), organization.id, "tests", {"hold": str(hold.id)}, 1, 1, 300)


def held_transcripts(organization):
    with acting_for(organization.id):
        return Transcript.objects.filter(held=True).count()


def test_a_large_scope_is_flagged_and_freed_by_jobs_that_come_again(organization, monkeypatch, superuser_connection):
    monkeypatch.setattr(holds, "STEP_ROWS", 1)
    planting.transcripts(superuser_connection("default"), organization.id, rows=60, days_old=5)
    hold = place(organization, kind=ScopeKind.PERIOD, start=days_ago(100), end=days_ago(1))
    assert 0 < held_transcripts(organization) < 60
    with pytest.raises(jobs.RetryLater, match="more"):
        handlers.mark(lease(organization, hold))
    handlers.mark(lease(organization, hold))
    assert held_transcripts(organization) == 60
    holds.release(organization_id=organization.id, hold_id=hold.id, by=BY, at=days_ago(0))
    told = []
    monkeypatch.setattr(holds, "on_released", [told.append])
    with pytest.raises(jobs.RetryLater, match="more"):
        handlers.clear(lease(organization, hold))
    assert told == []
    handlers.clear(lease(organization, hold))
    assert held_transcripts(organization) == 0
    assert told == [organization.id], "what is due now is planned at once"
    handlers.clear(lease(organization, hold))
    assert held_transcripts(organization) == 0


def test_a_hold_must_say_what_it_covers(organization):
    for empty in (
        {"kind": ScopeKind.CALL},
        {"kind": ScopeKind.AGENT},
        {"kind": ScopeKind.CONTACT, "digests": {"phone": []}},
        {"kind": ScopeKind.PERIOD, "start": days_ago(1), "end": days_ago(2)},
    ):
        with pytest.raises(EmptyScope, match=f"by {empty['kind']} must say which"):
            place(organization, **empty)
    with acting_for(organization.id):
        assert not Hold.objects.exists()
    assert [entry for entry in vault.journal.entries() if entry.kind == "hold"] == []


def test_a_restored_hold_stands_without_its_reason_and_its_release_is_repeated_too(organization):
    kept = keep_call(organization.id, days_ago(5), parts=("transcript",))
    hold = place(organization, kind=ScopeKind.CALL, call_id=kept.call.id)
    with acting_for(organization.id):
        assert holds.reason_of(Hold.objects.get()) == "a claim"
        assert declaration_of(Hold).export(organization.id, [hold])[0]["reason"] == "a claim"
        Hold.objects.all().delete()
        Transcript.objects.update(held=False)
    vault.journal.replay(0)
    assert flagged(organization, kept.transcript)
    with acting_for(organization.id):
        assert holds.reason_of(Hold.objects.get()) == ""
    restored_at = vault.journal.last_sequence()
    holds.release(organization_id=organization.id, hold_id=hold.id, by=BY, at=days_ago(0))
    with acting_for(organization.id):  # the main database of between the two, restored
        Hold.objects.update(released_at=None, released_by="", cleared_at=None)
        Transcript.objects.update(held=True)
    for _ in range(2):
        vault.journal.replay(restored_at)
        assert not flagged(organization, kept.transcript)
        with acting_for(organization.id):
            released = Hold.objects.get()
        assert (released.released_by, bool(released.cleared_at)) == ("system:replay", True)


def test_the_journal_may_speak_of_a_table_that_left_the_product(organization):
    fresh = vault.sealer(organization.id, "transcript", days_ago(1))
    fresh.confirm()
    form = {"batch": uuid4(), "table": "calls_gone", "category": "transcript", "rows": "", "objects": ""}
    form |= {"keys": fresh.key_id.hex, "tombstones": (b"0" * 16).hex()}
    vault.journal.append(organization.id, "destroy", form)
    vault.journal.replay(0)
    assert vault.keys.existing(organization.id, [fresh.key_id]) == set()
    with acting_for(organization.id):
        assert tombstones.present(organization.id, [b"0" * 16]) == {b"0" * 16}


def test_a_hold_that_says_nothing_about_a_kind_of_record_flags_none_of_it(organization):
    place(organization, kind=ScopeKind.AGENT, agent_id=uuid4())
    with acting_for(organization.id):
        assert holds.mark(Contact, organization.id, [uuid4()]) == 0
