"""Holds racing with the purge in real threads: what a hold covered when `place` returned is never destroyed after.

INTERLEAVINGS sets how many seeded rounds are played (a dozen by default), FIRST_SEED where they begin.
"""

import contextlib
import os
import random
import threading
import time
from datetime import date
from functools import partial

import pytest
from django.db import connections
from django.db.models import Q

from calls.models import Transcript
from ground.inventory import destruction, holds, tally
from ground.inventory.declarations import HoldScope, ScopeKind
from ground.inventory.destruction import Reason
from ground.jobs.models import Job
from ground.profiles import Period, Unit
from ground.tenancy import Actor, acting_for
from retention.exceptions import PurgeUnderway, Unchanged, WrongConfirmation
from retention.services import settings, sweep
from tests import factories
from tests.holdings import days_ago, exists, keep_call

BY = Actor.system("test")
ROUNDS, FIRST = int(os.environ.get("INTERLEAVINGS", "12")), int(os.environ.get("FIRST_SEED", "0"))
pytestmark = pytest.mark.django_db(transaction=True)


def hold_call(organization_id, call_id):
    return holds.place(
        organization_id=organization_id,
        scope=HoldScope(kind=ScopeKind.CALL, call_id=call_id),
        reason="a claim",
        review_on=date(2040, 1, 1),
        by=BY,
        at=days_ago(0),
    )


def race(*works):
    """All at once, each on connections of its own; raises what any of them raised."""
    raised, start = [], threading.Barrier(len(works))

    def run(work):
        try:
            start.wait(10)
            work()
        except BaseException as error:  # noqa: BLE001  (the test looks at it)
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if raised:
        raise raised[0]


def test_a_hold_that_was_acknowledged_wins_against_every_purge(vault_home):
    organization_id = factories.organization().id
    for seed in range(FIRST, FIRST + ROUNDS):
        play(organization_id, seed)


def play(organization_id, seed):
    """One round: a purge, an erasure, three holds and changes of the period at once; then everything free goes."""
    chance = random.Random(seed)
    calls = [keep_call(organization_id, days_ago(95 + n), parts=("transcript",)) for n in range(6)]
    chosen = chance.sample(calls, 3)
    survived, placed = [], []

    def purge():
        time.sleep(chance.random() * 0.02)
        with contextlib.suppress(PurgeUnderway):
            sweep.purge_expired(organization_id=organization_id, by=BY, categories=["transcript"])

    def erase():
        time.sleep(chance.random() * 0.03)
        destruction.destroy_now(
            Transcript,
            organization_id,
            where=Q(id__in=[call.transcript.id for call in calls]),
            reason=Reason.ERASURE,
            by=BY,
            batch_rows=chance.choice([1, 2, 5]),
        )

    def hold():
        for call in chosen:
            time.sleep(chance.random() * 0.02)
            placed.append(hold_call(organization_id, call.call.id))
            if exists(organization_id, call.transcript):
                survived.append(call)

    def change():
        for days in chance.sample([30, 120, 365], 2):
            time.sleep(chance.random() * 0.02)
            with contextlib.suppress(Unchanged, WrongConfirmation):  # counted while others destroy
                period, now = Period(days, Unit.DAY), days_ago(0)
                seen = settings.preview(organization_id, "transcript", period, at=now)
                asked = {"organization_id": organization_id, "category": "transcript", "period": period}
                settings.change(**asked, by=BY, at=now, confirmed_rows=seen.rows, counted_at=now)

    race(purge, erase, hold, change)
    destruction.destroy_now(Transcript, organization_id, where=Q(), reason=Reason.MEMBER, by=BY)
    for call in calls:
        assert exists(organization_id, call.transcript) == (call in survived), f"seed {seed}"
    assert {call.open_transcript() for call in survived} <= {b"what was said"}
    with acting_for(organization_id):
        assert set(Transcript.objects.values_list("held", flat=True)) <= {True}
        assert tally.totals(organization_id)["transcript"].rows == Transcript.objects.count()
    for one in chance.sample(placed, len(placed)):
        holds.release(organization_id=organization_id, hold_id=one.id, by=BY, at=days_ago(0))
    with acting_for(organization_id):
        planned = Job.objects.filter(kind="retention.sweep", state="ready").exists()
        assert planned or not placed, f"seed {seed}: what was released is not swept at once"
    destruction.destroy_now(Transcript, organization_id, where=Q(), reason=Reason.MEMBER, by=BY)
    with acting_for(organization_id):
        assert Transcript.objects.count() == 0, f"seed {seed}: a flag outlived its hold"


def test_holds_placed_and_released_at_once_leave_no_flag_behind(vault_home):
    organization_id = factories.organization().id
    for seed in range(FIRST, FIRST + ROUNDS):
        release_while_marking(organization_id, seed)
        with acting_for(organization_id):
            assert not Transcript.objects.filter(held=True).exists(), f"seed {seed}"


def release_while_marking(organization_id, seed):
    chance = random.Random(seed)
    call = keep_call(organization_id, days_ago(5), parts=("transcript",))
    placed = [hold_call(organization_id, call.call.id) for _ in range(2)]

    def end(hold, pause):
        time.sleep(pause)
        holds.release(organization_id=organization_id, hold_id=hold.id, by=BY, at=days_ago(0))

    releases = [partial(end, hold, chance.random() * 0.01) for hold in placed]
    marks = [partial(holds.mark_covered, organization_id, hold.id) for hold in placed]
    race(*releases, *marks)
