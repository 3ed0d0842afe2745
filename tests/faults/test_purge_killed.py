"""The purge killed at every step: nothing readable left behind, nothing lost, and the next run finishes."""

import pytest

from calls.models import Recording, Transcript
from ground import vault
from ground.inventory import destruction, tally
from ground.inventory.models import DestructionBatch, ObjectRemoval
from ground.tenancy import Actor, acting_for
from ground.vault.exceptions import KeyLost
from retention.models import SweepState
from retention.services import moments, sweep
from tests import factories, processes
from tests.holdings import days_ago, exists, keep_call

pytestmark = pytest.mark.django_db(transaction=True)

PURGE = """
import sys
from uuid import UUID
from ground.tenancy import Actor
from retention.services import sweep
sweep.purge_expired(organization_id=UUID(sys.argv[1]), by=Actor.system("test"))
"""
PLACES = [
    "destruction.after_journal",
    "destruction.after_keys",
    "destruction.before_commit",
    "destruction.after_rows",
    "removals.after_store",
]


def finish(organization_id):
    """What the schedule does after a crash: the lease runs out, the next sweep resumes."""
    with acting_for(organization_id):
        SweepState.objects.update(leased_until=days_ago(1))
        DestructionBatch.objects.update(claimed_at=days_ago(1))
        ObjectRemoval.objects.update(next_at=days_ago(1))
    sweep.purge_expired(organization_id=organization_id, by=Actor.system("test"))
    destruction.remove_objects(organization_id)
    moments.settle(organization_id)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_purge_killed_at_any_step_is_finished_by_the_next(vault_home, settings, place, turn):
    organization = factories.organization()
    due = [keep_call(organization.id, days_ago(91 + n)) for n in range(3)]
    fresh = keep_call(organization.id, days_ago(10))

    code, output = processes.run(settings, PURGE, organization.id, fault=f"{place}:kill:{turn}")
    if place == "removals.after_store" and turn == 2:
        assert code == 0, output  # one call removes all three objects; the place is passed once
    else:
        assert code == -9, output

    finish(organization.id)
    store = vault.objects.store()
    for call in due:
        assert not exists(organization.id, call.recording)
        assert not exists(organization.id, call.transcript)
        assert not store.exists(call.recording.object_name)
        with pytest.raises(KeyLost):
            vault.keys.open(organization.id, [call.recording.key_id])
    assert fresh.listen()
    assert fresh.open_transcript() == b"what was said"
    with acting_for(organization.id):
        assert ObjectRemoval.objects.count() == 0
        assert tally.totals(organization.id)["recording"].rows == Recording.objects.count() == 1
        assert tally.totals(organization.id)["transcript"].rows == Transcript.objects.count() == 1
    assert [each.name for each in store.list(f"{organization.id}/")] == [fresh.recording.object_name]


def test_a_hold_placed_after_the_keys_went_does_not_leave_an_unreadable_row(vault_home, settings):
    from datetime import date

    from ground.inventory import holds
    from ground.inventory.declarations import HoldScope, ScopeKind

    organization = factories.organization()
    due = keep_call(organization.id, days_ago(91), parts=("transcript",))
    code, output = processes.run(settings, PURGE, organization.id, fault="destruction.after_keys")
    assert code == -9, output
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=due.call.id),
        reason="too late for this one",
        review_on=date(2030, 1, 1),
        by=Actor.system("test"),
        at=days_ago(0),
    )
    assert exists(organization.id, due.transcript)
    finish(organization.id)
    assert not exists(organization.id, due.transcript)
    assert exists(organization.id, due.call)


def test_what_a_hold_saved_from_a_journalled_attempt_survives_a_replay_too(vault_home, settings):
    from datetime import date

    from ground.inventory import holds, journalled
    from ground.inventory.declarations import HoldScope, ScopeKind

    organization = factories.organization()
    saved, gone = (keep_call(organization.id, days_ago(91), parts=("transcript",)) for _ in range(2))
    code, output = processes.run(settings, PURGE, organization.id, fault="destruction.after_journal")
    assert code == -9, output
    holds.place(
        organization_id=organization.id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=saved.call.id),
        reason="in time",
        review_on=date(2030, 1, 1),
        by=Actor.system("test"),
        at=days_ago(0),
    )
    finish(organization.id)
    assert saved.open_transcript() == b"what was said"
    assert not exists(organization.id, gone.transcript)

    attempts = [entry for entry in vault.journal.entries() if entry.kind == "destroy"]
    assert saved.transcript.id not in {row for entry in attempts for row in journalled.standing(entry).rows}
    assert gone.transcript.id in {row for entry in attempts for row in journalled.standing(entry).rows}
    assert vault.journal.replay() == vault.journal.last_sequence()
    assert saved.open_transcript() == b"what was said"
