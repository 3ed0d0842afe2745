"""How the trail may be falsified: what was honestly written, and one function per kind of attack on it.

The forger is PostgreSQL's superuser with triggers switched off. Each attack happens in a transaction that is rolled
back after verification.
"""

import contextlib
from uuid import UUID

import psycopg.rows
from psycopg import sql

from ground import audit
from ground.audit import anchors
from ground.audit.chain import Position
from ground.audit.signatures import KeyHistory
from ground.audit.verification import check_chain
from tests import embedded
from tests.ground.audit.conftest import ANNA, BORIS, append, blocks_of_seven, seal


class Trail:
    """What was honestly written, and a connection with which everything may be falsified."""

    def __init__(self, connection):
        self.connection = connection
        self.keys = KeyHistory()
        self.anchors = anchors.read()
        self.blocks, self.events = {}, {}
        for chain in [(ANNA, "evidence"), (ANNA, "access"), (BORIS, "evidence"), (BORIS, "access")]:
            rows = connection.execute(
                "SELECT number, epoch, through_transaction::text, through_event FROM audit_block"
                " WHERE organization_id = %s AND stream = %s ORDER BY number",
                chain,
            ).fetchall()
            self.blocks[chain] = [(row[0], Position(row[1], int(row[2]), row[3])) for row in rows]
            rows = connection.execute(
                "SELECT epoch, transaction_id::text, id FROM audit_event WHERE organization_id = %s AND stream = %s"
                " ORDER BY epoch, transaction_id, id",
                chain,
            ).fetchall()
            self.events[chain] = [Position(row[0], int(row[1]), row[2]) for row in rows]

    def block_of(self, chain, position):
        return next((number for number, through in self.blocks[chain] if position <= through), None)

    def check(self, chain):
        return check_chain(self.connection, *chain, keys=self.keys, anchors=self.anchors.of_chain(chain)).problem

    def run(self, statement, *parameters):
        return self.connection.execute(statement, parameters)


@contextlib.contextmanager
def trail():
    """Two organizations with two streams each, in at least six blocks, and the forger's connection."""
    with blocks_of_seven():
        for round_ in range(6):
            for organization_id in (ANNA, BORIS):
                append(organization_id, 9 + round_)
                append(organization_id, 4 + round_, stream="access", kind="tests.looked")
            seal()
    report = audit.verify()
    assert report.ok
    assert min(each.blocks for each in report.chains) >= 6
    with embedded.superuser("default") as raw:
        raw.execute("SET session_replication_role = replica")
        raw.autocommit = False
        yield Trail(raw)
        raw.rollback()


# ------------------------------------------------------------------ one function per kind of attack: expected block
EVENT_EDITS = {
    "kind": "'tests.other'",
    "actor_kind": "'staff'",
    "actor_id": "actor_id || 'x'",
    "object_type": "'calls.call'",
    "object_id": "'1'",
    "payload": "replace(payload, '{', '{ ')",
    "occurred_at": "occurred_at + interval '1 microsecond'",
}
BLOCK_EDITS = {
    "epoch": "epoch + 1",
    "through_transaction": "(through_transaction::text::bigint + 1)::text::xid8",
    "through_event": "gen_random_uuid()",
    "first_event": "gen_random_uuid()",
    "last_event": "gen_random_uuid()",
    "event_count": "event_count + 1",
    "latest_at": "latest_at - interval '1 day'",
    "merkle_root": "sha256(merkle_root)",
    "previous_hash": "sha256(previous_hash)",
    "block_hash": "sha256(block_hash)",
    "signature": "sha512(signature)",
    "signing_key": "signing_key || '0'",
    "sealed_at": "sealed_at + interval '1 second'",
    "number": "number + 1000",
    "organization_id": "gen_random_uuid()",
    "stream": "'third'",
}


def edit_event(trail, chain, dice):
    position = dice.choice(trail.events[chain])
    column = dice.choice(list(EVENT_EDITS))
    trail.run(f"UPDATE audit_event SET {column} = {EVENT_EDITS[column]} WHERE id = %s", position.event)
    return trail.block_of(chain, position)


def delete_event(trail, chain, dice):
    position = dice.choice(trail.events[chain])
    trail.run("DELETE FROM audit_event WHERE id = %s", position.event)
    return trail.block_of(chain, position)


def _insert(trail, model, position):
    trail.run(
        "INSERT INTO audit_event SELECT (jsonb_populate_record(e, jsonb_build_object('id', %s::text,"
        " 'transaction_id', %s::text))).* FROM audit_event e WHERE id = %s",
        str(position.event),
        str(position.transaction),
        model.event,
    )


def insert_event(trail, chain, dice):
    model = dice.choice(trail.events[chain])
    fresh = Position(model.epoch, model.transaction, UUID(int=dice.getrandbits(128)))
    _insert(trail, model, fresh)
    return trail.block_of(chain, fresh)  # None behind the last block: the next seal takes it for new


def insert_event_between_blocks(trail, chain, dice):
    """Behind the last event of a block, but below the line it was sealed under."""
    number, through = dice.choice(trail.blocks[chain])
    before = [position for position in trail.events[chain] if position <= through][-1]
    fresh = Position(before.epoch, through.transaction, UUID(int=through.event.int - dice.randint(1, 999)))
    if trail.block_of(chain, fresh) != number or fresh in trail.events[chain]:
        return None
    _insert(trail, before, fresh)
    return number


def move_event(trail, chain, dice):
    """Reorder: an event gets the place of another transaction."""
    one, other = dice.sample(trail.events[chain], 2)
    trail.run("UPDATE audit_event SET transaction_id = %s::xid8 WHERE id = %s", str(other.transaction), one.event)
    if one.transaction == other.transaction:
        return None
    moved = Position(one.epoch, other.transaction, one.event)
    return min(trail.block_of(chain, one), trail.block_of(chain, moved))


def swap_events(trail, chain, dice):
    """Reorder: two events change places."""
    one, other = dice.sample(trail.events[chain], 2)
    if one.transaction == other.transaction:
        return None
    for position, place in ((one, other), (other, one)):
        trail.run(
            "UPDATE audit_event SET transaction_id = %s::xid8 WHERE id = %s", str(place.transaction), position.event
        )
    return min(trail.block_of(chain, one), trail.block_of(chain, other))


def swap_payloads(trail, chain, dice):
    one, other = dice.sample(trail.events[chain], 2)
    payloads = [
        trail.run("SELECT payload FROM audit_event WHERE id = %s", position.event).fetchone()[0]
        for position in (one, other)
    ]
    if payloads[0] == payloads[1]:
        return None
    for position, payload in zip((one, other), reversed(payloads), strict=True):
        trail.run("UPDATE audit_event SET payload = %s WHERE id = %s", payload, position.event)
    return min(trail.block_of(chain, one), trail.block_of(chain, other))


def move_event_to_another_chain(trail, chain, dice):
    position = dice.choice(trail.events[chain])
    target = BORIS if chain[0] == ANNA else ANNA
    trail.run("UPDATE audit_event SET organization_id = %s WHERE id = %s", target, position.event)
    return trail.block_of(chain, position)


def edit_block(trail, chain, dice):
    number, _ = dice.choice(trail.blocks[chain])
    column = dice.choice(list(BLOCK_EDITS))
    trail.run(
        f"UPDATE audit_block SET {column} = {BLOCK_EDITS[column]}"
        " WHERE organization_id = %s AND stream = %s AND number = %s",
        *chain,
        number,
    )
    return number


def edit_block_and_recompute_its_hash(trail, chain, dice):
    """The forger knows the format, but not the signing key."""
    from ground.audit.chain import BLOCK_COLUMNS, block_body, body_hash

    number, _ = dice.choice(trail.blocks[chain])
    where = sql.SQL(" WHERE organization_id = {} AND stream = {} AND number = {}").format(*chain, number)
    trail.connection.execute(sql.SQL("UPDATE audit_block SET sealed_at = sealed_at - interval '1 hour'") + where)
    with trail.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        columns = sql.SQL(", ").join(map(sql.Identifier, BLOCK_COLUMNS))
        header = cursor.execute(sql.SQL("SELECT {} FROM audit_block").format(columns) + where).fetchone()
    forged = body_hash(block_body(header))
    trail.connection.execute(sql.SQL("UPDATE audit_block SET block_hash = {}").format(forged) + where)
    trail.run(
        "UPDATE audit_block SET previous_hash = %s WHERE organization_id = %s AND stream = %s AND number = %s",
        forged,
        *chain,
        number + 1,
    )
    return number


def delete_block(trail, chain, dice):
    number, _ = dice.choice(trail.blocks[chain])
    trail.run("DELETE FROM audit_block WHERE organization_id = %s AND stream = %s AND number = %s", *chain, number)
    return number


def _delete_events_of(trail, chain, numbers):
    for position in trail.events[chain]:
        if trail.block_of(chain, position) in numbers:
            trail.run("DELETE FROM audit_event WHERE id = %s", position.event)


def delete_block_with_its_events(trail, chain, dice):
    number, _ = dice.choice(trail.blocks[chain])
    _delete_events_of(trail, chain, {number})
    trail.run("DELETE FROM audit_block WHERE organization_id = %s AND stream = %s AND number = %s", *chain, number)
    return number


def cut_block_out_and_close_the_gap(trail, chain, dice):
    number, _ = dice.choice(trail.blocks[chain][:-1])
    _delete_events_of(trail, chain, {number})
    trail.run("DELETE FROM audit_block WHERE organization_id = %s AND stream = %s AND number = %s", *chain, number)
    for later, _ in trail.blocks[chain][number:]:
        trail.run(
            "UPDATE audit_block SET number = number - 1 WHERE organization_id = %s AND stream = %s AND number = %s",
            *chain,
            later,
        )
    return number


def empty_a_block_as_if_expired(trail, chain, dice):
    number, _ = dice.choice(trail.blocks[chain])
    _delete_events_of(trail, chain, {number})
    trail.run(
        "INSERT INTO audit_expiry SELECT gen_random_uuid(), organization_id, stream, number, block_hash, now(), now(),"
        " signature, signing_key FROM audit_block WHERE organization_id = %s AND stream = %s AND number = %s",
        *chain,
        number,
    )
    return number


def swap_blocks(trail, chain, dice):
    one, other = sorted(number for number, _ in dice.sample(trail.blocks[chain], 2))
    for source, target in ((one, -1), (other, one), (-1, other)):
        trail.run("ALTER TABLE audit_block DROP CONSTRAINT IF EXISTS audit_block_number_check")
        trail.run("ALTER TABLE audit_block DROP CONSTRAINT IF EXISTS audit_block_not_empty")
        trail.run(
            "UPDATE audit_block SET number = %s WHERE organization_id = %s AND stream = %s AND number = %s",
            target,
            *chain,
            source,
        )
    return one


def swap_chains(trail, chain, dice):
    """Everything of one organization's stream becomes the other's, blocks and events alike."""
    nobody = UUID(int=dice.getrandbits(128))
    for table in ("audit_event", "audit_block"):
        for source, target in ((ANNA, nobody), (BORIS, ANNA), (nobody, BORIS)):
            trail.run(
                f"UPDATE {table} SET organization_id = %s WHERE organization_id = %s AND stream = %s",
                target,
                source,
                chain[1],
            )
    return 1


def truncate_tail(trail, chain, dice):
    number, _ = dice.choice(trail.blocks[chain][:-1])
    trail.run("DELETE FROM audit_block WHERE organization_id = %s AND stream = %s AND number > %s", *chain, number)
    _delete_events_of(trail, chain, {later for later, _ in trail.blocks[chain] if later > number})
    return number + 1


def unseal_tail(trail, chain, dice):
    """Only the headers go; the events look as if they waited for the sealer."""
    number, _ = dice.choice(trail.blocks[chain][:-1])
    trail.run("DELETE FROM audit_block WHERE organization_id = %s AND stream = %s AND number > %s", *chain, number)
    return number + 1


def roll_everything_back(trail, chain, dice):
    """All chains as they were at an earlier moment, perfect in themselves."""
    keep = {}
    for each in trail.blocks:
        keep[each] = dice.randint(0, len(trail.blocks[each]) - 1)
        trail.run(
            "DELETE FROM audit_block WHERE organization_id = %s AND stream = %s AND number > %s", *each, keep[each]
        )
        _delete_events_of(trail, each, {number for number, _ in trail.blocks[each] if number > keep[each]})
    return keep[chain] + 1


ATTACKS = [
    edit_event,
    delete_event,
    insert_event,
    insert_event_between_blocks,
    move_event,
    swap_events,
    swap_payloads,
    move_event_to_another_chain,
    edit_block,
    edit_block_and_recompute_its_hash,
    delete_block,
    delete_block_with_its_events,
    cut_block_out_and_close_the_gap,
    empty_a_block_as_if_expired,
    swap_blocks,
    swap_chains,
    truncate_tail,
    unseal_tail,
    roll_everything_back,
]


def attempt(trail, number, dice):
    """The next attack in turn on some chain: its name, the block expected, the problem found; None when impossible."""
    attack = ATTACKS[number % len(ATTACKS)]
    target = dice.choice(list(trail.blocks))
    expected = attack(trail, target, dice)
    problem = None if expected is None else trail.check(target)
    trail.connection.rollback()
    return None if expected is None else (attack.__name__, expected, problem)
