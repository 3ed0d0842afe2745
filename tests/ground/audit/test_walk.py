"""The walk along one chain, without a database: an honest chain holds, and each lie is named with its block."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from ground.audit import chain, merkle
from ground.audit.anchors import Anchor
from ground.audit.walk import Fault, Problem, Walk

ANNA = UUID(int=10)
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
FAR = datetime(2027, 1, 1, tzinfo=UTC)


class Keys:
    """A signature holds when it is the body's hash under the key's name."""

    def sign(self, body, key_id="k1"):
        return chain.body_hash(body) + key_id.encode()

    def holds(self, body, signature, key_id):
        return key_id == "k1" and signature == self.sign(body, key_id)


KEYS = Keys()


def event(number, *, epoch=1, note=""):
    identity = UUID(int=1_000 + number)
    micros = 1_793_491_200_000_000 + number
    row = (identity, ANNA, "evidence", "tests.happened", "system", "tests", "", "", note, micros, epoch, 100 + number)
    return [str(part) for part in row]


def sealed(number, rows, previous, **changes):
    last = rows[-1]
    header = {
        "organization_id": ANNA,
        "stream": "evidence",
        "number": number,
        "epoch": int(last[chain.EPOCH]),
        "through_transaction": last[chain.TRANSACTION],
        "through_event": UUID(last[chain.ID]),
        "first_event": UUID(rows[0][chain.ID]),
        "last_event": UUID(last[chain.ID]),
        "event_count": len(rows),
        "latest_at": BEGAN,
        "merkle_root": merkle.root([chain.leaf(row) for row in rows]),
        "previous_hash": previous,
        "sealed_at": BEGAN,
    } | changes
    body = chain.block_body(header)
    return header | {"block_hash": chain.body_hash(body), "signature": KEYS.sign(body), "signing_key": "k1"}


def honest(sizes=(3, 1, 2), *, more=0, epochs=(1, 1, 1)):
    """Headers and events of a chain with blocks of these sizes and `more` events after the last."""
    headers, events, previous, number = [], [], chain.FIRST_HASH, 0
    for place, (size, epoch) in enumerate(zip(sizes, epochs, strict=True), start=1):
        rows = [event(number + step, epoch=epoch) for step in range(size)]
        number += size
        headers.append(sealed(place, rows, previous))
        previous = headers[-1]["block_hash"]
        events += rows
    return headers, events + [event(number + step, epoch=epochs[-1]) for step in range(more)]


def walked(headers, events, *, expiries=None, anchors=(), highest_epoch=1):
    return Walk(ANNA, "evidence", KEYS, anchors, highest_epoch).run(headers, iter(events), expiries or {})


def problem(headers, events, **more):
    found = walked(headers, events, **more).problem
    return None if found is None else (found.number, found.fault)


def resigned(header, **changes):
    body = chain.block_body(header | changes)
    return header | changes | {"block_hash": chain.body_hash(body), "signature": KEYS.sign(body)}


def anchor(header, *, epoch=1, block_hash=None, number=None):
    return Anchor(
        ANNA,
        "evidence",
        epoch,
        header["number"] if number is None else number,
        header["block_hash"] if block_hash is None else block_hash,
    )


def expiry(header, **changes):
    row = {
        "organization_id": ANNA,
        "stream": "evidence",
        "number": header["number"],
        "block_hash": header["block_hash"],
        "older_than": BEGAN + timedelta(days=1),
        "expired_at": FAR,
    } | changes
    return row | {"signature": KEYS.sign(chain.expiry_body(row)), "signing_key": "k1"}


# ------------------------------------------------------------------ what holds
@pytest.mark.parametrize("more", [0, 1, 4])
def test_an_honest_chain_holds_and_is_counted(more):
    report = walked(*honest(more=more))
    assert report.problem is None
    assert (report.blocks, report.events, report.unsealed, report.expired_blocks) == (3, 6, more, 0)


def test_an_empty_chain_holds():
    assert walked([], []).problem is None
    assert walked([], [event(1), event(2)]).unsealed == 2


def test_anchors_that_were_reached_hold():
    headers, events = honest()
    assert problem(headers, events, anchors=[anchor(each) for each in headers]) is None


def test_blocks_of_a_later_epoch_may_begin_with_earlier_transactions():
    headers, events = honest(sizes=(2, 2), epochs=(1, 2))
    for row in events[2:]:
        row[chain.TRANSACTION] = "5"
    headers[1] = sealed(2, events[2:], headers[0]["block_hash"])
    assert problem(headers, events, highest_epoch=2) is None


# ------------------------------------------------------------------ headers
def test_a_missing_block_is_named_by_the_number_it_had():
    headers, events = honest()
    assert problem(headers[1:], events) == (1, Fault.BLOCK_MISSING)
    assert problem([headers[0], headers[2]], events) == (2, Fault.BLOCK_MISSING)


def test_a_block_that_stands_twice_breaks_the_chain():
    headers, events = honest()
    assert problem([headers[0], headers[0], *headers[1:]], events) == (1, Fault.CHAIN_BROKEN)


@pytest.mark.parametrize("column", [name for name in chain.BLOCK_COLUMNS if name.endswith(("_at", "count", "root"))])
def test_a_header_that_was_changed_does_not_have_its_hash(column):
    headers, events = honest()
    other = {"latest_at": FAR, "sealed_at": FAR, "event_count": 2, "merkle_root": bytes(32)}[column]
    headers[1] = headers[1] | {column: other}
    assert problem(headers, events) == (2, Fault.BLOCK_CHANGED)


@pytest.mark.parametrize("change", [{"signature": b"another"}, {"signing_key": "k2"}])
def test_a_signature_of_nobody(change):
    headers, events = honest()
    headers[1] = headers[1] | change
    assert problem(headers, events) == (2, Fault.BAD_SIGNATURE)


def test_a_block_that_follows_another_one_breaks_the_chain():
    headers, events = honest()
    headers[1] = resigned(headers[1], previous_hash=sha256(b"another").digest())
    assert problem(headers, events) == (2, Fault.CHAIN_BROKEN)
    headers, events = honest()
    headers[0] = resigned(headers[0], previous_hash=sha256(b"another").digest())
    assert problem(headers, events) == (1, Fault.CHAIN_BROKEN)


# ------------------------------------------------------------------ events
@pytest.mark.parametrize("place, number", [(0, 1), (1, 1), (2, 1), (3, 2), (4, 3), (5, 3)])
def test_an_event_that_was_changed_or_removed(place, number):
    headers, events = honest(more=2)
    changed = [*events[:place], event(place, note="changed"), *events[place + 1 :]]
    assert problem(headers, changed) == (number, Fault.EVENTS_CHANGED)
    removed = events[:place] + events[place + 1 :]
    assert problem(headers, removed) == (number, Fault.EVENTS_CHANGED)


def test_events_that_end_before_the_chain_does():
    headers, events = honest()
    assert problem(headers, events[:-1]) == (3, Fault.EVENTS_CHANGED)
    assert problem(headers, []) == (1, Fault.EVENTS_CHANGED)


@pytest.mark.parametrize("column", ["first_event", "last_event"])
def test_a_block_that_names_other_events_at_its_ends(column):
    headers, events = honest()
    headers[0] = resigned(headers[0], **{column: UUID(int=5)})
    assert problem([headers[0]], events[:3]) == (1, Fault.EVENTS_CHANGED)


def test_an_event_put_between_two_blocks():
    headers, events = honest(more=1)
    late = event(2)
    late[chain.ID] = str(UUID(int=1))  # before the last of block 1, in its very transaction
    assert problem(headers[:1], [*events[:3], late]) == (1, Fault.EVENT_INSERTED)
    twice = [*events[:3], events[2]]
    assert problem(headers[:1], twice) == (1, Fault.EVENT_INSERTED)


def test_an_event_before_the_end_of_the_last_block():
    headers, events = honest()
    assert problem(headers, [*events, events[-1]]) == (3, Fault.EVENT_INSERTED)


# ------------------------------------------------------------------ expired blocks
def test_a_block_that_expired_is_empty_and_stated():
    headers, events = honest(more=1)
    report = walked(headers, events[3:], expiries={1: expiry(headers[0])})
    assert report.problem is None
    assert (report.blocks, report.events, report.expired_blocks, report.unsealed) == (3, 3, 1, 1)
    report = walked(headers, [], expiries={each["number"]: expiry(each) for each in headers})
    assert report.problem is None
    assert report.expired_blocks == 3


@pytest.mark.parametrize(
    "change",
    [
        {"block_hash": bytes(32)},
        {"older_than": BEGAN},  # an event as young as that was in it
        {"older_than": BEGAN - timedelta(days=1)},
    ],
)
def test_an_expiry_that_does_not_state_this_block(change):
    headers, events = honest()
    assert problem(headers, events[3:], expiries={1: expiry(headers[0], **change)}) == (1, Fault.EXPIRY_NOT_STATED)


def test_an_expiry_that_nobody_signed():
    headers, events = honest()
    forged = expiry(headers[0]) | {"signature": b"forged"}
    assert problem(headers, events[3:], expiries={1: forged}) == (1, Fault.EXPIRY_NOT_STATED)


def test_events_left_in_a_block_that_expired():
    headers, events = honest()
    assert problem(headers, events[2:], expiries={1: expiry(headers[0])}) == (1, Fault.EVENT_INSERTED)
    assert problem(headers[:1], events[2:3], expiries={1: expiry(headers[0])}) == (1, Fault.EVENT_INSERTED)


def test_an_expiry_of_a_block_that_is_gone():
    headers, events = honest()
    assert problem(headers[:2], events[:4], expiries={3: expiry(headers[2])}) == (3, Fault.BLOCK_MISSING)


# ------------------------------------------------------------------ anchors
def test_a_chain_that_differs_from_what_was_anchored_was_rolled_back():
    headers, events = honest()
    other = anchor(headers[1], block_hash=bytes(32))
    assert problem(headers, events, anchors=[anchor(headers[0]), other]) == (2, Fault.ROLLED_BACK)


def test_a_lost_tail_is_noticed_by_its_anchor():
    headers, events = honest()
    assert problem(headers[:2], events[:4], anchors=[anchor(headers[2])]) == (3, Fault.ROLLED_BACK)
    assert problem(headers[:2], events[:4], anchors=[anchor(headers[1])]) is None
    assert problem([], [], anchors=[anchor(headers[0])]) == (1, Fault.ROLLED_BACK)


def test_a_declared_restore_explains_a_loss_once():
    headers, events = honest(sizes=(2, 2), epochs=(1, 2))
    lost = [anchor(headers[1], epoch=1, block_hash=bytes(32)), anchor(headers[1], epoch=1, number=7)]
    report = walked(headers, events, anchors=lost, highest_epoch=2)
    assert report.problem is None
    assert report.declared_losses == 2
    now = [anchor(headers[1], epoch=2, number=7)]
    assert problem(headers, events, anchors=now, highest_epoch=2) == (3, Fault.ROLLED_BACK)
    same = [anchor(headers[1], epoch=2, block_hash=bytes(32))]
    assert problem(headers, events, anchors=same, highest_epoch=2) == (2, Fault.ROLLED_BACK)


def test_the_first_bad_block_is_named_and_nothing_after_it_counts():
    headers, events = honest()
    headers[1] = headers[1] | {"signature": b"x"}
    headers[2] = headers[2] | {"signature": b"x"}
    report = walked(headers, events)
    assert (report.problem.number, report.blocks, report.events) == (2, 1, 3)


def test_a_problem_says_where_it_is():
    found = Problem(ANNA, "access", 4, Fault.BLOCK_MISSING)
    assert str(found) == f"organization {ANNA}, access, block 4: block_missing"
    assert str(replace(found, fault=Fault.EPOCH_CHANGED)) == "epoch 4: epoch_changed"
