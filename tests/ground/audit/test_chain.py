"""How events and blocks become bytes: by known answers, for what was sealed must verify for ever."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

import pytest

from ground.audit import chain
from ground.audit.chain import Position

ANNA = UUID("0192aaaa-0000-7000-8000-000000000001")
EVENT = UUID("0192aaaa-0000-7000-8000-00000000000e")
ROW = (
    str(EVENT),
    str(ANNA),
    "evidence",
    "tests.happened",
    "system",
    "tests",
    "",
    "",
    '{"note":"ü"}',
    "1795515300000250",
    "1",
    "747",
)
AT = datetime(2026, 11, 22, 10, 15, 0, 250, tzinfo=UTC)


def test_a_leaf_is_the_hash_of_every_column_as_a_json_array():
    written = (
        '["0192aaaa-0000-7000-8000-00000000000e","0192aaaa-0000-7000-8000-000000000001","evidence","tests.happened",'
        '"system","tests","","","{\\"note\\":\\"ü\\"}","1795515300000250","1","747"]'
    )
    assert chain.leaf(ROW) == chain.leaf(list(ROW)) == sha256(b"\x00" + written.encode()).digest()


@pytest.mark.parametrize("column", range(12))
def test_a_leaf_covers_each_column(column):
    changed = [*ROW[:column], ROW[column] + "0", *ROW[column + 1 :]]
    assert chain.leaf(changed) != chain.leaf(ROW)


def test_when_it_happened_is_known_to_the_microsecond():
    assert chain.occurred_at(ROW) == datetime.fromtimestamp(1795515300, UTC) + timedelta(microseconds=250)
    assert chain.occurred_at([*ROW[:9], "999999", *ROW[10:]]) == datetime(1970, 1, 1, 0, 0, 0, 999_999, UTC)


def test_positions_order_by_epoch_then_transaction_as_numbers_then_event():
    assert Position.of(ROW) == Position(1, 747, EVENT)
    order = [
        chain.START,
        Position(1, 999, chain.LAST_EVENT),
        Position(1, 1000, UUID(int=1)),
        Position(1, 1000, UUID(int=2)),
        Position(2, 3, UUID(int=1)),
    ]
    assert sorted([order[3], order[0], order[4], order[2], order[1]]) == order
    assert Position(1, 1000, EVENT).parameters() == [1, "1000", EVENT]


BLOCK = {
    "organization_id": ANNA,
    "stream": "evidence",
    "number": 3,
    "epoch": 1,
    "through_transaction": 747,
    "through_event": EVENT,
    "first_event": UUID(int=1),
    "last_event": EVENT,
    "event_count": 7,
    "latest_at": AT,
    "merkle_root": memoryview(bytes([1]) * 32),
    "previous_hash": bytes([2]) * 32,
    "sealed_at": AT.astimezone(timezone(timedelta(hours=2))),
}
BLOCK_JSON = (
    '{"epoch":1,"event_count":7,"first_event":"00000000-0000-0000-0000-000000000001",'
    '"last_event":"0192aaaa-0000-7000-8000-00000000000e","latest_at":"2026-11-22T10:15:00.000250Z",'
    f'"merkle_root":"{"01" * 32}","number":3,"organization":"0192aaaa-0000-7000-8000-000000000001",'
    f'"previous_hash":"{"02" * 32}","sealed_at":"2026-11-22T10:15:00.000250Z","stream":"evidence",'
    '"through_event":"0192aaaa-0000-7000-8000-00000000000e","through_transaction":"747",'
    '"type":"sottovoce.audit.block","version":1}'
)


def test_a_block_s_hash_covers_its_canonical_header():
    assert set(BLOCK) == set(chain.BLOCK_COLUMNS)
    assert chain.body_hash(chain.block_body(BLOCK)) == sha256(BLOCK_JSON.encode()).digest()


def test_what_the_signature_under_an_expiry_covers():
    row = {
        "organization_id": ANNA,
        "stream": "access",
        "number": 2,
        "block_hash": bytes([3]) * 32,
        "older_than": AT,
        "expired_at": AT + timedelta(days=1),
    }
    assert chain.expiry_body(row) == {
        "type": "sottovoce.audit.expiry",
        "version": 1,
        "organization": str(ANNA),
        "stream": "access",
        "number": 2,
        "block_hash": "03" * 32,
        "older_than": "2026-11-22T10:15:00.000250Z",
        "expired_at": "2026-11-23T10:15:00.000250Z",
    }


def test_what_the_signature_under_an_epoch_covers():
    assert chain.epoch_body({"number": 2, "reason": "restored", "started_at": AT}) == {
        "type": "sottovoce.audit.epoch",
        "version": 1,
        "number": 2,
        "reason": "restored",
        "started_at": "2026-11-22T10:15:00.000250Z",
    }
